package analyzer

import (
	"slices"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// A packet that shows up twice was captured twice, duplicated by the network, or sent twice. How often a FIN was sent hangs
// on it.
func TestCapturedTwice(t *testing.T) {
	const ms = 1e6
	v4 := func(s *decode.Segment) {}
	v6 := func(s *decode.Segment) { // the flow label stays the same for all packets
		s.Src, s.Dst = decode.Addr{Hi: 1, Lo: 1}, decode.Addr{Hi: 1, Lo: 2}
		s.IPID = 0x12345
	}
	noID := func(s *decode.Segment) { s.IPID = 0 }
	stamped := func(tsVal uint32) func(s *decode.Segment) {
		return func(s *decode.Segment) { s.Marks |= decode.HasTimestamp; s.TSVal = tsVal; s.IPID = 0 }
	}
	stamp7 := func(s *decode.Segment) { s.Marks |= decode.HasTimestamp; s.TSVal = 7 }
	both := func(a, b func(s *decode.Segment)) func(s *decode.Segment) {
		return func(s *decode.Segment) { a(s); b(s) }
	}
	for _, tt := range []struct {
		name       string
		first      func(s *decode.Segment)
		again      func(s *decode.Segment)
		after      int64
		duplicates uint64 // captured twice
		sent       int32  // transmissions of the FIN
		reason     string
	}{
		{"IPv4, same packet at once", v4, v4, 0, 1, 1, ""},
		{"IPv4, within what a mirror port delays", v4, v4, 5 * ms, 1, 1, ""},
		{"IPv4, captured in the other order", v4, v4, -5 * ms, 1, 1, ""},
		{"IPv4, later, same identification", v4, v4, 5*ms + 1, 0, 1, "duplicated on its way: counted as a packet, not as a transmission"},
		{"IPv4, the latest duplicate", v4, v4, 100 * ms, 0, 1, ""},
		{"IPv4, same identification after a timer could fire", v4, v4, 100*ms + 1, 0, 2, "65536 packets later, or a sender that copies the identification"},
		{"IPv4, same identification and timestamp", stamp7, stamp7, 500 * ms, 0, 1, "held up on its way: what is sent again is stamped anew"},
		{"IPv4, same identification and timestamp, later", stamp7, stamp7, 1000*ms + 1, 0, 2, "the clock of timestamps may tick once a second"},
		{"IPv4, another identification", v4, func(s *decode.Segment) { s.IPID++ }, 1 * ms, 0, 2, "its sender stamped it anew: sent twice, however soon"},
		{"IPv4, no identification", noID, noID, 5 * ms, 1, 1, "nothing tells them apart, but no stack sends again so soon"},
		{"IPv4, no identification, later", noID, noID, 5*ms + 1, 0, 2, "identification 0 says nothing"},
		{"another TTL", v4, func(s *decode.Segment) { s.TTL -= 3 }, 1 * ms, 1, 1, "captured before and behind a router"},
		{"another TTL, later", v4, func(s *decode.Segment) { s.TTL -= 3 }, 80 * ms, 1, 1, "captured at two hosts, and merged"},
		{"another TTL, as late as merged captures are apart", v4, func(s *decode.Segment) { s.TTL -= 3 }, 1000 * ms, 1, 1, "no sender gives the same identification twice within a second"},
		{"another TTL, later than that", v4, func(s *decode.Segment) { s.TTL -= 3 }, 1000*ms + 1, 0, 2, "65536 packets later, on another route"},
		{"another TTL, later, timestamps alone", stamped(7), both(stamped(7), func(s *decode.Segment) { s.TTL -= 3 }), 500 * ms, 1, 1, "what is sent again is stamped anew"},
		{"another TTL, later, nothing stamped", noID, both(noID, func(s *decode.Segment) { s.TTL -= 3 }), 5*ms + 1, 0, 2, "sent again on another route, for all that is known"},
		{"another TTL, later, with timestamps", stamp7, both(stamp7, func(s *decode.Segment) { s.TTL -= 3 }), 500 * ms, 1, 1, ""},
		{"another window", v4, func(s *decode.Segment) { s.Window-- }, 1 * ms, 0, 2, ""},
		{"another acknowledgment", v4, func(s *decode.Segment) { s.Ack++ }, 1 * ms, 0, 1, "the number is other, the identification is not: a rewriting middlebox, not a transmission"},
		{"IPv6", v6, v6, 5 * ms, 1, 1, ""},
		{"IPv6, later", v6, v6, 5*ms + 1, 0, 2, "the flow label is no identification"},
		{"timestamps, same", stamped(7), stamped(7), 5 * ms, 1, 1, ""},
		{"timestamps, next", stamped(7), stamped(8), 1 * ms, 0, 2, "sent twice, however soon"},
		{"timestamps, same value but later", stamped(7), stamped(7), 5*ms + 1, 0, 2, "the timestamp clock of some stacks ticks every 10 ms or slower"},
		{"IPv6, timestamps", both(v6, stamped(7)), both(v6, stamped(8)), 1 * ms, 0, 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShard(newMachine(), 1)
			enter := func(at int64, x int, seg decode.Segment, change func(s *decode.Segment)) {
				src, dst := decode.Addr{Lo: 0xffff_0a00_0001}, decode.Addr{Lo: 0xffff_0a00_0002}
				seg.Src, seg.Dst, seg.SrcPort, seg.DstPort, seg.Window, seg.TTL = src, dst, 40000, 80, 500, 64
				change(&seg)
				if x == 1 {
					seg.Src, seg.Dst, seg.SrcPort, seg.DstPort = seg.Dst, seg.Src, 80, 40000
				}
				p := packet{frame: uint64(at), time: at, seg: seg}
				enter(s, &p)
			}
			start := int64(1e9)
			enter(start, 0, decode.Segment{Flags: decode.ACK, Seq: 100, Ack: 300, Len: 10, IPID: 1}, both(tt.first, func(s *decode.Segment) { s.TSVal -= 5 }))
			start += 1e9
			fin := decode.Segment{Flags: decode.FIN | decode.ACK, Seq: 110, Ack: 300, IPID: 2}
			enter(start, 0, fin, tt.first)
			enter(start+tt.after, 0, fin, tt.again)
			f := s.flows.At(1)
			if s.flows.Len() != 1 || f.closing == 0 {
				t.Fatalf("%d connections, closing %d", s.flows.Len(), f.closing)
			}
			if got := s.copies(&s.closings.At(f.closing).fin[0]); s.duplicates != tt.duplicates || got != tt.sent {
				t.Errorf("captured twice: %d, sent: %d; want %d, %d; %s", s.duplicates, got, tt.duplicates, tt.sent, tt.reason)
			}
			if f.e[0].packets != 3 {
				t.Errorf("%d packets counted, want 3", f.e[0].packets)
			}
		})
	}
}

// Between a packet and its copy others may pass; and a retransmission soon after another packet is no copy.
func TestCapturedTwiceAmongOthers(t *testing.T) {
	const ms = 1e6
	data := func(seq, id uint32) decode.Segment {
		return decode.Segment{Flags: decode.ACK, Seq: 100, Ack: 300, Len: 10, IPID: id, TSVal: seq}
	}
	empty := func(id uint32) decode.Segment { return decode.Segment{Flags: decode.ACK, Seq: 110, Ack: 300, IPID: id} }
	type entry struct {
		at  int64
		seg decode.Segment
	}
	for _, tt := range []struct {
		name    string
		entries []entry
		want    uint64
		reason  string
	}{
		{"three others between", []entry{{0, data(0, 1)}, {1, data(0, 2)}, {2, data(0, 3)}, {3, data(0, 4)}, {4, data(0, 1)}}, 1, ""},
		{"four others between", []entry{{0, data(0, 1)}, {1, data(0, 2)}, {2, data(0, 3)}, {3, data(0, 4)}, {3, data(0, 5)}, {4, data(0, 1)}}, 0, "only four are remembered"},
		{"every packet twice", []entry{{0, data(0, 1)}, {0, data(0, 1)}, {1, data(0, 2)}, {1, data(0, 2)}, {9, empty(3)}, {9, empty(3)}}, 3, ""},
		{"three times", []entry{{0, data(0, 1)}, {1, data(0, 1)}, {2, data(0, 1)}}, 2, "two VLANs and a tunnel"},
		{"empty segments with an identification", []entry{{0, empty(1)}, {1, empty(1)}}, 1, ""},
		{"empty segments without", []entry{{0, empty(0)}, {1, empty(0)}}, 0, "duplicate acknowledgments look the same"},
		{"a retransmission just after another packet", []entry{{0, data(0, 0)}, {199, empty(0)}, {200, data(0, 0)}}, 0, "its first transmission is 200 ms old"},
		{"a retransmission just after its copy's time", []entry{{0, data(0, 0)}, {6, data(0, 0)}}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShard(newMachine(), 1)
			for i, e := range tt.entries {
				e.seg.Src, e.seg.Dst, e.seg.SrcPort, e.seg.DstPort = decode.Addr{Lo: 0xffff_0a00_0001}, decode.Addr{Lo: 0xffff_0a00_0002}, 40000, 80
				p := packet{frame: uint64(i + 1), time: 1e9 + e.at*ms, seg: e.seg}
				enter(s, &p)
			}
			if s.duplicates != tt.want {
				t.Errorf("captured twice: %d, want %d; %s", s.duplicates, tt.want, tt.reason)
			}
			if n := s.flows.At(1).e[0].packets; n != uint64(len(tt.entries)) {
				t.Errorf("%d packets counted, want %d", n, len(tt.entries))
			}
		})
	}
}

// Of a sender that is known by the TTLs of two capture points everything comes twice: also many packets later, also what nothing
// is stamped on, and also behind copies of what is no longer remembered.
func TestCapturedAtTwoHosts(t *testing.T) {
	const ms = 1e6
	near, far := func(s decode.Segment) decode.Segment { s.TTL = 64; return s }, func(s decode.Segment) decode.Segment { s.TTL = 60; return s }
	data := func(i uint32) decode.Segment {
		return decode.Segment{Flags: decode.ACK, Seq: reassembly.Seq(100 + 10*i), Ack: 300, Len: 10, IPID: i}
	}
	fin := func(id uint32) decode.Segment {
		return decode.Segment{Flags: decode.FIN | decode.ACK, Seq: 200, Ack: 300, IPID: id}
	}
	type entry struct {
		at  int64
		seg decode.Segment
	}
	const skew = 90
	before := []entry{{0, near(data(0))}, {skew, far(data(0))}}
	bulk := slices.Clip(before) // nine segments 1 ms apart and a FIN, and all of them again
	for _, tap := range []struct {
		at   int64
		seen func(decode.Segment) decode.Segment
	}{{200, near}, {600, far}} {
		for i := range int64(9) {
			bulk = append(bulk, entry{tap.at + i, tap.seen(data(1 + uint32(i)))})
		}
		bulk = append(bulk, entry{tap.at + 10, tap.seen(fin(10))})
	}
	before = append(before, entry{100, near(data(8))}, entry{101, near(data(9))}, entry{101 + skew, far(data(9))})
	for _, tt := range []struct {
		name    string
		entries []entry
		sent    int32
		reason  string
	}{
		{"bulk", bulk, 1, "data come again before their FIN does"},
		{"an identification", append(slices.Clip(before), entry{300, far(fin(10))}, entry{300 + skew, far(fin(10))}), 1, "the TTL alone need not have changed just then"},
		{"no identification", append(slices.Clip(before), entry{300, near(fin(0))}, entry{300 + skew, far(fin(0))}), 1, ""},
		{"no identification, after a timer could fire", append(slices.Clip(before), entry{300, near(fin(0))}, entry{500, far(fin(0))}), 2, ""},
		{"no identification, a third TTL", append(slices.Clip(before), entry{300, near(fin(0))}, entry{300 + skew, func() decode.Segment { s := fin(0); s.TTL = 50; return s }()}), 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShard(newMachine(), 1)
			for i, e := range tt.entries {
				e.seg.Src, e.seg.Dst, e.seg.SrcPort, e.seg.DstPort, e.seg.Window = decode.Addr{Lo: 0xffff_0a00_0001}, decode.Addr{Lo: 0xffff_0a00_0002}, 40000, 80, 500
				p := packet{frame: uint64(i + 1), time: 1e9 + e.at*ms, seg: e.seg}
				enter(s, &p)
			}
			f := s.flows.At(1)
			if f.closing == 0 {
				t.Fatal("no FIN was taken")
			}
			if got := s.copies(&s.closings.At(f.closing).fin[0]); got != tt.sent {
				t.Errorf("the FIN was sent %d times, want %d; %s", got, tt.sent, tt.reason)
			}
		})
	}
}

// Whatever tells two packets apart tells their signatures apart, and nothing else does.
func TestSignature(t *testing.T) {
	base := decode.Segment{
		Src: decode.Addr{Lo: 1}, Dst: decode.Addr{Lo: 2}, SrcPort: 3, DstPort: 4, Flags: decode.ACK, Seq: 5, Ack: 6, Len: 7, Window: 8,
		TTL: 9, IPID: 10, TSVal: 11, SACKLeft: 12,
	}
	seen := map[uint32]string{signature(&base): "as it is"}
	for name, change := range map[string]func(s *decode.Segment){
		"seq": func(s *decode.Segment) { s.Seq++ }, "ack": func(s *decode.Segment) { s.Ack++ }, "length": func(s *decode.Segment) { s.Len++ },
		"flags": func(s *decode.Segment) { s.Flags |= decode.FIN }, "window": func(s *decode.Segment) { s.Window++ },
		"identification": func(s *decode.Segment) { s.IPID++ }, "timestamp": func(s *decode.Segment) { s.TSVal++ },
		"SACK":                  func(s *decode.Segment) { s.SACKLeft++ },
		"seq and ack exchanged": func(s *decode.Segment) { s.Seq, s.Ack = s.Ack, s.Seq },
	} {
		s := base
		change(&s)
		if other, ok := seen[signature(&s)]; ok {
			t.Errorf("%s: same signature as %s", name, other)
		}
		seen[signature(&s)] = name
	}
	s := base
	s.TTL, s.Marks = 1, decode.DontFragment
	if signature(&s) != signature(&base) {
		t.Errorf("TTL or DF change the signature: copies behind a router have others")
	}
}
