package capture

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

func TestPcapVariants(t *testing.T) {
	packets := some(5)
	nano := slices.Clone(packets)
	for i := range nano {
		nano[i].Time += int64(i) * 7
	}
	for _, tc := range []struct {
		name  string
		magic uint32
		want  []Packet
		patch func(o order, b []byte)
	}{
		{"microseconds", magicMicro, packets, nil},
		{"nanoseconds", magicNano, nano, nil},
		{"longer records", magicPatched, packets, nil},
		{"snaplen 0", magicMicro, packets, func(o order, b []byte) { o.PutUint32(b[16:], 0) }},
		{"snaplen 2^32-1", magicMicro, packets, func(o order, b []byte) { o.PutUint32(b[16:], 1<<32-1) }},
		{"snaplen less than the packets", magicMicro, packets, func(o order, b []byte) { o.PutUint32(b[16:], 1) }},
		{"frame checksum length in the link type", magicMicro, packets, func(o order, b []byte) { o.PutUint32(b[20:], 0x24000001) }},
		{"no packets", magicNano, nil, nil},
		{"version 2.2 with its lengths in the other order", magicMicro, packets, func(o order, b []byte) {
			o.PutUint16(b[6:], 2)
			for i := pcapHeader; i < len(b); {
				n, wire := o.Uint32(b[i+8:]), o.Uint32(b[i+12:])
				o.PutUint32(b[i+8:], wire)
				o.PutUint32(b[i+12:], n)
				i += pcapRecord + int(n)
			}
		}},
	} {
		for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
			t.Run(tc.name+"/"+o.String(), func(t *testing.T) {
				data := asPcap(o, tc.magic, tc.want)
				if tc.patch != nil {
					tc.patch(o, data)
				}
				if diff := packetDiff(tc.want, mustCollect(t, openBytes("x", data))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestPcapGarbled(t *testing.T) {
	packets := some(4)
	start := int64(pcapHeader) // of the last record
	for _, p := range packets[:3] {
		start += pcapRecord + int64(len(p.Data))
	}
	for _, tc := range []struct {
		name   string
		record []byte // instead of the last one
		want   string // in the message; "" is no damage
		reason string
	}{
		{"absurd length", []byte("\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\x10\x00\x00\x00"), "claims a packet of 4294967295 bytes", ""},
		{"one more than MaxPacket", []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x10\x00\x01\x00\x10\x00"), "claims a packet of 1048577 bytes", ""},
		{"zeros", make([]byte, 64), "all zero", "a file system that lost the end of a file fills it with zeros"},
		{"garbage times", []byte("\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00\x01\x00\x00\x00x"), "", "times may be anything"},
		{"more captured than was on the wire", []byte("\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00x"), "", "some writers do that"},
		{"empty packet", []byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00"), "", "a snapshot length of 0 is silly, not garbled"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data := append(asPcap(binary.LittleEndian, magicMicro, packets)[:start], tc.record...)
			got, err := collect(openBytes("x.pcap", data))
			if tc.want == "" {
				if len(got) != 4 || err != nil {
					t.Errorf("%d packets, %v; want 4: %s", len(got), err, tc.reason)
				}
				return
			}
			if diff := packetDiff(packets[:3], got); diff != "" {
				t.Error(diff)
			}
			d := damage(t, err)
			if d.File != "x.pcap" || d.Frame != 4 || d.Offset != start || !strings.Contains(d.Error(), tc.want) {
				t.Errorf("%+v: %v; want frame 4 at %d, %q", *d, d, start, tc.want)
			}
		})
	}
}

// TestLargestPacket: the bound itself is allowed, and is read through a buffer that is much smaller at first.
func TestLargestPacket(t *testing.T) {
	want := []Packet{{Time: 1e9, Data: make([]byte, MaxPacket), WireLen: MaxPacket, Link: 1}, some(2)[1]}
	for name, data := range map[string][]byte{
		"pcap":   asPcap(binary.LittleEndian, magicNano, want),
		"pcapng": asPcapng(binary.LittleEndian, want),
	} {
		got := mustCollect(t, openBytes(name, packed(t, "lz4", data)))
		if len(got) != 2 || !bytes.Equal(got[0].Data, want[0].Data) || !bytes.Equal(got[1].Data, want[1].Data) {
			t.Errorf("%s: came back different", name)
		}
	}
}
