package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// fuzzed reads data as plain records in two ways, several at a time from a large buffer and one by one from a buffer that starts at a
// single octet and gets single octets, and checks what must hold for any bytes: both ways end and agree, no packet is longer than the input, all of them together
// are not, an error stays, and the buffer grows with what has arrived and not with what a length field says.
func fuzzed(t *testing.T, data []byte, open func(*stream) (format, error)) {
	slow := newStream(iotest.OneByteReader(bytes.NewReader(data)), 1)
	fast := newStream(bytes.NewReader(data), len(data)+1)
	a, aerr := open(slow)
	b, berr := open(fast)
	if (aerr == nil) != (berr == nil) || aerr != nil && aerr.Error() != berr.Error() {
		t.Fatalf("open: %v in one way, %v in the other", aerr, berr)
	}
	if aerr != nil {
		return
	}
	total := 0
	var one [1]Packet
	var several [5]Packet
	var left []Packet // of several
	for {
		if len(left) == 0 {
			var n int
			n, berr = b.next(several[:])
			left = several[:n]
			if (n == 0) == (berr == nil) {
				t.Fatalf("%d packets and %v", n, berr)
			}
		}
		_, aerr = a.next(one[:])
		if aerr != nil || berr != nil {
			break
		}
		p, q := one[0], left[0]
		left = left[1:]
		if p.Time != q.Time || p.WireLen != q.WireLen || p.Link != q.Link || !bytes.Equal(p.Data, q.Data) {
			t.Fatalf("packet %+v in one way, %+v in the other", p, q)
		}
		if p.WireLen < 0 || len(p.Data) > MaxPacket {
			t.Fatalf("%d octets of %d", len(p.Data), p.WireLen)
		}
		total += len(p.Data) + pcapRecord
		if total > len(data) {
			t.Fatalf("packets of %d octets out of %d", total, len(data))
		}
	}
	if aerr == nil || berr == nil || aerr.Error() != berr.Error() || a.offset() != b.offset() {
		t.Fatalf("%v at %d in one way, %v at %d in the other", aerr, a.offset(), berr, b.offset())
	}
	if aerr != io.EOF && (a.offset() < 0 || a.offset() > int64(len(data))) {
		t.Fatalf("%v at %d of %d", aerr, a.offset(), len(data))
	}
	if limit := max(4*len(data), 16<<10); cap(slow.buf) > limit || cap(slow.buf) > 4*maxBlock {
		t.Fatalf("a buffer of %d for %d", cap(slow.buf), len(data))
	}
}

func FuzzPcap(f *testing.F) {
	for _, data := range realFiles(f) {
		f.Add(data[:min(len(data), 3000)])
	}
	f.Add(asPcap(binary.BigEndian, magicPatched, some(3)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, ok := pcapMagic(data); !ok {
			return
		}
		fuzzed(t, data, func(s *stream) (format, error) { return openPcap(s) })
	})
}

func FuzzPcapng(f *testing.F) {
	for name, data := range realFiles(f) {
		packets, err := collect(openBytes(name, data[:min(len(data), 3000)]))
		if err != nil && len(packets) == 0 {
			f.Fatal(err)
		}
		f.Add(asPcapng(binary.LittleEndian, packets))
		f.Add(asPcapng(binary.BigEndian, packets))
	}
	for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
		n := &ng{order: o}
		n.section()
		n.iface(1, 96, n.option(optTsresol, []byte{0x8a}), n.option(optTsoffset, n.u64(1)))
		n.block(blockSimple, n.u32(3), []byte("abc"))
		n.block(blockPacket, n.u16(0), n.u16(1), n.u64(0), n.u32(3), n.u32(3), []byte("abc"))
		n.block(blockStatistics, n.u32(0), n.u64(0), n.option(optIfdrop, n.u64(3)), n.option(optOsdrop, n.u64(4)))
		n.block(99, make([]byte, 20))
		f.Add(n.b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzed(t, data, func(s *stream) (format, error) { return openPcapng(s, func(uint64) {}) })
	})
}

// FuzzOpen goes the way of a user's file, compressed ones included.
func FuzzOpen(f *testing.F) {
	pcap := asPcap(binary.LittleEndian, magicNano, some(20))
	ng := asPcapng(binary.BigEndian, some(20))
	f.Add(pcap)
	f.Add(ng)
	for _, kind := range []string{"gzip", "zstd", "lz4"} {
		f.Add(packed(f, kind, pcap))
		f.Add(append(packed(f, kind, ng[:100]), packed(f, kind, ng[100:])...))
	}
	f.Add([]byte("some text\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := openBytes("x", data)
		defer r.Close()
		var p Packet
		var err error
		for n := 0; err == nil; n++ {
			if err = r.Next(&p); err == nil && len(p.Data) > MaxPacket {
				t.Fatalf("a packet of %d octets", len(p.Data))
			}
			if n == 100_000 {
				return // a small file can unpack to a long one; it ends all the same
			}
		}
		if again := r.Next(&p); again != err {
			t.Fatalf("%v, then %v", err, again)
		}
		if err == io.EOF {
			return
		}
		d, ok := errors.AsType[*Damage](err)
		if !ok || d.File != "x" || d.Offset < 0 || d.Err == nil || d.Error() == "" || bytes.ContainsAny([]byte(d.Error()), "\n\r") {
			t.Fatalf("%#v", err)
		}
	})
}
