package capture

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestPcapngBlocks(t *testing.T) {
	abc := []byte("abcde")
	for _, tc := range []struct {
		name  string
		build func(n *ng)
		want  []Packet
	}{
		{"microseconds by default", func(n *ng) {
			n.iface(1, 0)
			n.enhanced(0, 1_000_001, 60, abc)
		}, []Packet{{Time: 1_000_001_000, Data: abc, WireLen: 60, Link: 1}}},
		{"interfaces of their own", func(n *ng) {
			n.iface(1, 0, n.option(optTsresol, []byte{9}))
			n.enhanced(0, 5, 60, abc)
			n.iface(276, 96, n.option(optTsresol, []byte{3}), n.option(optTsoffset, n.u64(100)))
			n.enhanced(1, 7, 61, abc[:4])
			n.enhanced(0, 9, 62, abc[:0])
		}, []Packet{
			{Time: 5, Data: abc, WireLen: 60, Link: 1},
			{Time: 100_007_000_000, Data: abc[:4], WireLen: 61, Link: 276},
			{Time: 9, Data: []byte{}, WireLen: 62, Link: 1},
		}},
		{"simple packets", func(n *ng) {
			n.iface(1, 3)
			n.block(blockSimple, n.u32(2), abc[:2])
			n.enhanced(0, 4, 60, abc)
			n.block(blockSimple, n.u32(1500), abc[:3])
		}, []Packet{
			{Time: 0, Data: abc[:2], WireLen: 2, Link: 1},
			{Time: 4000, Data: abc, WireLen: 60, Link: 1},
			{Time: 4000, Data: abc[:3], WireLen: 1500, Link: 1},
		}},
		{"simple packet without snaplen", func(n *ng) {
			n.iface(1, 0)
			n.block(blockSimple, n.u32(5), abc)
		}, []Packet{{Data: abc, WireLen: 5, Link: 1}}},
		{"obsolete packets", func(n *ng) {
			n.iface(1, 0)
			n.iface(101, 0)
			n.block(blockPacket, n.u16(1), n.u16(65535), n.u32(1), n.u32(2), n.u32(5), n.u32(70), abc)
		}, []Packet{{Time: (1<<32 + 2) * 1000, Data: abc, WireLen: 70, Link: 101}}},
		{"sections", func(n *ng) {
			n.iface(1, 0)
			n.iface(101, 0)
			n.enhanced(1, 1, 5, abc)
			n.section()
			n.iface(113, 0)
			n.enhanced(0, 2, 5, abc)
		}, []Packet{{Time: 1000, Data: abc, WireLen: 5, Link: 101}, {Time: 2000, Data: abc, WireLen: 5, Link: 113}}},
		{"the byte order changes", func(n *ng) {
			n.iface(1, 0)
			n.enhanced(0, 1, 5, abc)
			if n.order == order(binary.LittleEndian) {
				n.order = binary.BigEndian
			} else {
				n.order = binary.LittleEndian
			}
			n.section()
			n.iface(1, 0)
			n.enhanced(0, 2, 5, abc)
		}, []Packet{{Time: 1000, Data: abc, WireLen: 5, Link: 1}, {Time: 2000, Data: abc, WireLen: 5, Link: 1}}},
		{"unknown blocks, one larger than any buffer", func(n *ng) {
			n.block(0x80000001, abc)
			n.iface(1, 0)
			n.block(0x0000000a, make([]byte, maxBlock+1000)) // decryption secrets
			n.enhanced(0, 1, 5, abc)
			n.block(77)
		}, []Packet{{Time: 1000, Data: abc, WireLen: 5, Link: 1}}},
		{"options that do not add up", func(n *ng) {
			n.iface(1, 0, n.option(optTsresol, []byte{9}), n.u16(3), n.u16(60000))
			n.enhanced(0, 1, 5, abc, n.u16(1), n.u16(99))
		}, []Packet{{Time: 1, Data: abc, WireLen: 5, Link: 1}}},
		{"no packets", func(n *ng) {}, nil},
	} {
		for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
			t.Run(tc.name+"/"+o.String(), func(t *testing.T) {
				n := &ng{order: o}
				n.section()
				tc.build(n)
				if diff := packetDiff(tc.want, mustCollect(t, openBytes("x", n.b))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestPcapngTimes(t *testing.T) {
	for _, tc := range []struct {
		resol  byte
		offset int64
		units  uint64
		want   int64
	}{
		{0, 0, 17, 17e9},
		{3, 0, 17, 17e6},
		{6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000},
		{9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789},
		{12, 0, 1_999, 1}, // picoseconds are cut off
		{28, 0, math.MaxUint64, 1},
		{29, 0, math.MaxUint64, 0},
		{127, 0, math.MaxUint64, 0},
		{0x80, 0, 3, 3e9},
		{0x80 | 1, 0, 3, 15e8},
		{0x80 | 10, 0, 1024*5 + 1, 5_000_976_562},
		{0x80 | 32, 0, 7<<32 | 1<<31, 75e8},
		{0x80 | 63, 0, 1 << 62, 5e8},
		{0x80 | 64, 0, 1 << 63, 5e8},
		{0x80 | 65, 0, 1 << 63, 25e7},
		{0x80 | 127, 0, math.MaxUint64, 0},
		{6, 1000, 1, 1_000_000_001_000},
		{6, -1000, 2_000_000_000, 1e12},
		{6, -1000, 1, -999_999_999_000},
		{9, 1, math.MaxInt64, math.MaxInt64},
		{9, 0, math.MaxUint64, math.MaxInt64},
		{0, 0, math.MaxUint64, math.MaxInt64},
		{0x80, 0, math.MaxUint64, math.MaxInt64},
		{6, math.MaxInt64, 0, 9_223_372_036_000_000_000},
		{6, math.MinInt64, 0, -9_223_372_036_000_000_000},
	} {
		n := &ng{order: binary.LittleEndian}
		n.section()
		n.iface(1, 0, n.option(optTsresol, []byte{tc.resol}), n.option(optTsoffset, n.u64(uint64(tc.offset))))
		n.enhanced(0, tc.units, 0, nil)
		if got := mustCollect(t, openBytes("x", n.b)); got[0].Time != tc.want {
			t.Errorf("if_tsresol %#x, if_tsoffset %d, %d units: %d ns, want %d", tc.resol, tc.offset, tc.units, got[0].Time, tc.want)
		}
	}
}

func TestPcapngDrops(t *testing.T) {
	n := &ng{order: binary.BigEndian}
	stats := func(id uint32, options ...[]byte) {
		n.block(blockStatistics, n.u32(id), n.u64(0), slices.Concat(options...))
	}
	n.section()
	n.iface(1, 0)
	n.iface(1, 0)
	stats(0, n.option(optIfdrop, n.u64(3)), n.option(optOsdrop, n.u64(4)))
	stats(9, n.option(optIfdrop, n.u64(1000))) // of no interface
	n.enhanced(0, 1, 1, []byte("x"))
	stats(0, n.option(optIfdrop, n.u64(10)), n.option(optOsdrop, n.u64(20)), n.option(optEnd, nil))
	stats(1, n.option(4, n.u64(999)), n.option(optOsdrop, n.u64(5)))
	stats(1, n.option(4, n.u64(999))) // says nothing about drops: the last word stands
	n.section()
	n.iface(1, 0)
	stats(0, n.option(optIfdrop, n.u64(100)))
	n.enhanced(0, 2, 1, []byte("y"))

	r := openBytes("x", n.b)
	var p Packet
	var got []uint64
	for r.Next(&p) == nil {
		got = append(got, r.Drops())
	}
	got = append(got, r.Drops())
	if want := []uint64{7, 135, 135}; !slices.Equal(got, want) {
		t.Errorf("drops after each packet and at the end: %d, want %d", got, want)
	}
}

// TestPcapngDropsOfPackets: packet blocks tell what was lost before them. Where statistics tell too the larger counts.
func TestPcapngDropsOfPackets(t *testing.T) {
	for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
		n := &ng{order: o}
		lost := func(count uint64) []byte { return n.option(optDrops, n.u64(count)) }
		comment := n.option(1, []byte("a comment"))
		n.section()
		n.iface(1, 0)
		n.iface(1, 0)
		n.enhanced(0, 1, 5, []byte("abcde"), comment, lost(3), n.option(optEnd, nil))
		n.enhanced(0, 2, 5, []byte("abcde"), comment)
		n.enhanced(1, 3, 4, []byte("abcd"), lost(4))
		n.enhanced(0, 4, 0, nil, n.option(optEnd, nil), lost(1000))         // behind the end
		n.enhanced(0, 5, 0, nil, n.option(optDrops, n.u32(1000)), n.u64(0)) // too short to be it
		n.block(blockPacket, n.u16(1), n.u16(10), n.u64(6), n.u32(3), n.u32(3), []byte("abc"))
		n.block(blockPacket, n.u16(1), n.u16(65535), n.u64(7), n.u32(3), n.u32(3), []byte("abc")) // not known
		n.block(blockStatistics, n.u32(0), n.u64(0), n.option(optIfdrop, n.u64(2)))               // less than 3
		n.block(blockStatistics, n.u32(1), n.u64(0), n.option(optIfdrop, n.u64(20)))              // more than 14
		n.enhanced(1, 8, 1, []byte("x"), lost(5))
		n.enhanced(1, 9, 1, []byte("x"), lost(5))
		n.section()
		n.iface(1, 0)
		n.enhanced(0, 10, 1, []byte("x"), lost(100))
		for name, r := range map[string]*Reader{
			"at once":      openBytes("x", n.b),
			"byte by byte": Open([]string{"-"}, Options{Stdin: iotest.OneByteReader(bytes.NewReader(n.b))}),
		} {
			var p Packet
			var got []uint64
			for r.Next(&p) == nil {
				got = append(got, r.Drops())
			}
			if want := []uint64{3, 3, 7, 7, 7, 17, 17, 23, 27, 127}; !slices.Equal(got, want) {
				t.Errorf("%v, %s: drops after each packet: %d, want %d", o, name, got, want)
			}
		}
	}
}

func TestPcapngGarbled(t *testing.T) {
	ok := func(n *ng) { n.iface(1, 0); n.enhanced(0, 1, 3, []byte("abc")) }
	raw := func(n *ng, b ...[]byte) { n.b = append(n.b, slices.Concat(b...)...) }
	for _, tc := range []struct {
		name  string
		build func(n *ng)
		want  string
	}{
		{"a block too short", func(n *ng) { ok(n); raw(n, n.u32(99), n.u32(8), n.u32(8)) }, "claims 8 bytes"},
		{"a packet block too long", func(n *ng) { ok(n); raw(n, n.u32(6), n.u32(1<<31), n.u32(0)) }, "claims 2147483648 bytes"},
		{"a packet block too short", func(n *ng) { ok(n); n.block(6, n.u32(0)) }, "packet block claims 16 bytes"},
		{"lengths that differ", func(n *ng) { ok(n); n.block(6, make([]byte, 20)); n.b[len(n.b)-1] ^= 1 }, "at its start and"},
		{"lengths of an unknown block that differ", func(n *ng) { ok(n); n.block(99, make([]byte, 20)); n.b[len(n.b)-1] ^= 1 }, "at its start and"},
		{"an interface that is not there", func(n *ng) { ok(n); n.enhanced(1, 1, 1, nil) }, "interface 1, but the section has described 1"},
		{"more data than block", func(n *ng) {
			ok(n)
			n.block(6, n.u32(0), n.u64(0), n.u32(9), n.u32(9), make([]byte, 8))
		}, "a packet of 9 bytes and has room for 8"},
		{"a simple packet before any interface", func(n *ng) { ok(n); n.section(); n.block(3, n.u32(0)) }, "before any interface"},
		{"a simple packet with more data than block", func(n *ng) { ok(n); n.block(3, n.u32(100), make([]byte, 8)) }, "a packet of 100 bytes and has room for 8"},
		{"no byte order", func(n *ng) { ok(n); n.block(blockSection, make([]byte, 16)) }, "no byte order"},
		{"version 2", func(n *ng) { ok(n); n.block(blockSection, n.u32(byteOrderMagic), n.u16(2), n.u16(0), n.u64(0)) }, "version 2"},
		{"too many interfaces", func(n *ng) {
			ok(n)
			for range maxInterfaces {
				n.iface(1, 0)
			}
		}, "more than 65536 interfaces"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := &ng{order: binary.LittleEndian}
			n.section()
			tc.build(n)
			got, err := collect(openBytes("x", n.b))
			d := damage(t, err)
			if len(got) != 1 || d.Frame != 2 || d.Offset < 28+20+36 || !strings.Contains(d.Error(), tc.want) {
				t.Errorf("%d packets, then %v; want 1, then %q", len(got), d, tc.want)
			}
		})
	}
}

// TestPcapngTruncated cuts a file of every kind of block at every byte.
func TestPcapngTruncated(t *testing.T) {
	n := &ng{order: binary.LittleEndian}
	n.section()
	header := len(n.b)
	ends := []int{header}
	packets := map[int]int{header: 0} // by end of block
	done := func(packet int) {
		packets[len(n.b)] = packets[ends[len(ends)-1]] + packet
		ends = append(ends, len(n.b))
	}
	n.iface(1, 0, n.option(optTsresol, []byte{9}))
	done(0)
	n.enhanced(0, 1, 5, []byte("abcde"), n.option(1, []byte("comment")))
	done(1)
	n.block(blockSimple, n.u32(7), []byte("abcdefg"))
	done(1)
	n.block(99, make([]byte, 100))
	done(0)
	n.block(blockPacket, n.u32(0), n.u64(0), n.u32(3), n.u32(3), []byte("abc"))
	done(1)
	n.block(blockStatistics, n.u32(0), n.u64(0))
	done(0)
	n.section()
	done(0)
	n.iface(1, 0)
	done(0)
	n.enhanced(0, 1, 5, []byte("abcde"))
	done(1)
	for cut := range n.b {
		got, err := collect(openBytes("x", n.b[:cut]))
		at, atEnd := slices.BinarySearch(ends, cut)
		if atEnd {
			if err != nil || len(got) != packets[cut] {
				t.Errorf("cut at %d, between blocks: %d packets, %v; want %d", cut, len(got), err, packets[cut])
			}
			continue
		}
		d := damage(t, err)
		var frame, offset int
		if at > 0 {
			offset = ends[at-1]
			frame = packets[offset] + 1
		}
		if len(got) != max(frame-1, 0) || d.Frame != uint64(frame) || d.Offset != int64(offset) {
			t.Errorf("cut at %d: %d packets, %v; want frame %d at %d", cut, len(got), d, frame, offset)
		}
	}
}
