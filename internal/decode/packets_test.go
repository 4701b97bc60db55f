package decode

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// Packets are put together from their headers, outermost first, with lengths filled in and checksums left 0 unless a
// test is about them:
//
//	eth(0x0800, ip4(17, udp(4789, vxlanHeader, frame)))

// cat joins headers and payloads.
func cat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// x returns bytes written in hexadecimal, with spaces where they help.
func x(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

func be16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }

// eth is an Ethernet frame.
func eth(etherType int, payload ...[]byte) []byte {
	return cat(x("020000000001 020000000002"), be16(etherType), cat(payload...))
}

// ip4 is 10.0.0.1 > 10.0.0.2, ttl 64, id 0x1234, without DF.
func ip4(proto int, payload ...[]byte) []byte { return ip4Fragment(0, proto, payload...) }

// ip4Fragment is the same with a fragment word: DF, MF and offset.
func ip4Fragment(word, proto int, payload ...[]byte) []byte {
	p := cat(payload...)
	return cat(x("4500"), be16(20+len(p)), x("1234"), be16(word), []byte{64, byte(proto)}, x("0000 0a000001 0a000002"), p)
}

// ip4Outer is 192.0.2.1 > 192.0.2.2.
func ip4Outer(proto int, payload ...[]byte) []byte {
	b := ip4(proto, payload...)
	copy(b[12:], x("c0000201 c0000202"))
	return b
}

// ip6 is 2001:db8::1 > 2001:db8::2, hlim 64, flow label 0x12345.
func ip6(next int, payload ...[]byte) []byte {
	p := cat(payload...)
	return cat(x("60012345"), be16(len(p)), []byte{byte(next), 64},
		x("20010db8000000000000000000000001 20010db8000000000000000000000002"), p)
}

// ip6Outer is 2001:db8:ff::1 > 2001:db8:ff::2.
func ip6Outer(next int, payload ...[]byte) []byte {
	b := ip6(next, payload...)
	copy(b[8:], x("20010db800ff00000000000000000001 20010db800ff00000000000000000002"))
	return b
}

// udp is a datagram from port 50000.
func udp(port int, payload ...[]byte) []byte {
	p := cat(payload...)
	return cat(be16(50000), be16(port), be16(8+len(p)), x("0000"), p)
}

// tcp is 4000 > 80: F. 1000:1007(7) ack 2000 win 512 <nop,nop,TS val 100 ecr 200>, checksum 0.
func tcp() []byte {
	return cat(x("0fa0 0050 000003e8 000007d0 8011 0200 0000 0000 0101080a 00000064 000000c8"), []byte("payload"))
}

// tcpOptions is 4000 > 80 with the given flags, sequence number 1000, ack 2000, no payload and these options, which
// must be a multiple of four bytes.
func tcpOptions(flags int, options string) []byte {
	o := x(options)
	h := x("0fa0 0050 000003e8 000007d0 5000 0200 0000 0000")
	h[12] += byte(len(o) / 4 << 4)
	h[12] |= byte(flags >> 8)
	h[13] = byte(flags)
	return cat(h, o)
}

// want4 is what ip4(6, tcp()) means.
func want4() Segment {
	return Segment{
		Src: AddrFrom4([]byte{10, 0, 0, 1}), Dst: AddrFrom4([]byte{10, 0, 0, 2}), SrcPort: 4000, DstPort: 80,
		Flags: FIN | ACK, Marks: HasTimestamp, Seq: 1000, Ack: 2000, Len: 7, Window: 512, TTL: 64, IPID: 0x1234,
		TSVal: 100, TSEcr: 200,
	}
}

// want6 is what ip6(6, tcp()) means.
func want6() Segment {
	s := want4()
	s.Src = AddrFrom16(x("20010db8000000000000000000000001"))
	s.Dst = AddrFrom16(x("20010db8000000000000000000000002"))
	s.IPID = 0x12345
	return s
}

// decodeOne decodes a packet with a new decoder, into a segment that is full of something else.
func decodeOne(link LinkType, data []byte) (Segment, Outcome) {
	seg := Segment{Marks: 0xffff, Len: 99, WScale: 9, TSVal: 9, SACKMax: 9}
	outcome := NewDecoder().Decode(link, data, len(data), 0, &seg)
	return seg, outcome
}

// wantSegment fails the test unless a packet is TCP and means want.
func wantSegment(t *testing.T, link LinkType, data []byte, want Segment) {
	t.Helper()
	got, outcome := decodeOne(link, data)
	if outcome != TCP {
		t.Fatalf("outcome %v, want tcp\n%x", outcome, data)
	}
	if got != want {
		t.Errorf("\n got %+v\nwant %+v\n%x", got, want, data)
	}
}

// packetTest is a packet that must be want4 or want6, or nothing of the kind.
type packetTest struct {
	name   string
	packet string // in tcpdump's words
	link   LinkType
	data   []byte
	want   Outcome
}

func runPackets(t *testing.T, tests []packetTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, outcome := decodeOne(tt.link, tt.data)
			if outcome != tt.want {
				t.Fatalf("%s: outcome %v, want %v\n%x", tt.packet, outcome, tt.want, tt.data)
			}
			if outcome != TCP {
				return
			}
			want := want4()
			if !got.Src.Is4() {
				want = want6()
			}
			if got != want {
				t.Errorf("%s:\n got %+v\nwant %+v\n%x", tt.packet, got, want, tt.data)
			}
			// The same packet cut short anywhere must not be taken for another one.
			for n := range tt.data {
				seg := Segment{}
				o := NewDecoder().Decode(tt.link, tt.data[:n], len(tt.data), 0, &seg)
				if o == TCP && (seg.Src != want.Src || seg.Dst != want.Dst || seg.SrcPort != 4000 || seg.Seq != 1000 || seg.Len != 7) {
					t.Errorf("%s: cut to %d bytes it reads %+v", tt.packet, n, seg)
				}
			}
		})
	}
}
