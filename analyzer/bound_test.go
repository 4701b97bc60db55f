package analyzer

import (
	"math/rand/v2"
	"slices"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// TestBoundFinishesTheLongestIdle opens three connections where two may be open. The first is kept busy, so the second is
// the longest idle one when the third comes; what it sends afterwards is a connection of its own.
func TestBoundFinishesTheLongestIdle(t *testing.T) {
	r, err := newRun(Options{MaxFlows: 2})
	if err != nil {
		t.Fatal(err)
	}
	s := r.shards[0]
	frame := uint64(0)
	send := func(ms int64, port uint16, flags decode.Flags, seq uint32) {
		frame++
		p := packet{frame: frame, time: ms * 1e6}
		p.seg = decode.Segment{
			Src: decode.Addr{Lo: 0xffff_0a00_0001}, Dst: decode.Addr{Lo: 0xffff_0a00_0002}, SrcPort: port, DstPort: 80,
			Flags: flags, Seq: reassembly.Seq(seq),
		}
		enter(s, &p)
		r.frames, r.end = frame, p.time
	}
	send(0, 1001, decode.SYN, 100)
	send(1, 1002, decode.SYN, 100)
	send(2, 1001, decode.SYN, 100)
	send(3, 1003, decode.SYN, 100)
	send(4, 1002, decode.ACK, 101)
	send(5, 1001, decode.SYN, 100)

	rep := r.report([]string{"test"}, 0, nil)
	type got struct {
		port    uint16
		packets uint64
		early   bool
	}
	var all []got
	for f := range rep.Flows() {
		early := false
		for _, d := range f.Doubts {
			early = early || d == DoubtFinishedEarly
		}
		all = append(all, got{f.Client.Port, f.Packets, early})
	}
	// 1002 gives way to 1003; when it comes back, the longest idle one is 1001, which comes back in turn in place of 1003.
	want := []got{{1001, 2, true}, {1002, 1, true}, {1003, 1, true}, {1002, 1, false}, {1001, 1, false}}
	if len(all) != len(want) {
		t.Fatalf("got %v, want %v", all, want)
	}
	for i := range want {
		if all[i] != want[i] {
			t.Errorf("connection %d: got %v, want %v", i, all[i], want[i])
		}
	}
	if n := rep.Summary.FinishedEarly; n != 3 {
		t.Errorf("%d finished early, want 3", n)
	}
}

// openState is what the rule goes by.
type openState struct {
	last                 int64
	open, young, closing bool
}

// before reports whether a is to be finished before b.
func (a openState) before(b openState, now int64) bool {
	lost := func(x openState) bool { return x.young && now-x.last > setUpWithin }
	switch {
	case lost(a) != lost(b):
		return lost(a)
	case a.closing != b.closing:
		return b.closing
	}
	return a.last < b.last
}

// TestBoundByTheRule lets 60 clients open, use, close and abort connections at random and holds each that is finished early
// against the rule, applied to a list of all.
func TestBoundByTheRule(t *testing.T) {
	r, err := newRun(Options{MaxFlows: 12})
	if err != nil {
		t.Fatal(err)
	}
	s := r.shards[0]
	rnd := rand.New(rand.NewPCG(3, 4))
	now := int64(0)
	send := func(port uint16, fromServer bool, flags decode.Flags, seq, ack uint32) {
		r.frames++
		p := packet{frame: r.frames, time: now}
		client, server := decode.Addr{Lo: 0xffff_0a00_0001}, decode.Addr{Lo: 0xffff_0a00_0002}
		p.seg = decode.Segment{Src: client, Dst: server, SrcPort: port, DstPort: 80, Flags: flags, Seq: reassembly.Seq(seq), Ack: reassembly.Seq(ack), Window: 1000}
		if fromServer {
			p.seg.Src, p.seg.Dst, p.seg.SrcPort, p.seg.DstPort = server, client, 80, port
		}
		enter(s, &p)
		r.end = now
	}
	var early [3]int // young ones, others, closing ones
	known := map[int32]bool{}
	for range 20_000 {
		now += rnd.Int64N(1e9)
		port := uint16(1000 + rnd.IntN(60))
		before := map[int32]openState{}
		for id := int32(1); id <= s.flows.Len(); id++ {
			f := s.flows.At(id)
			before[id] = openState{f.last, f.isOpen(), f.isYoung(), f.closing != 0}
		}
		base := uint32(port) << 16
		switch rnd.IntN(8) {
		case 0, 1, 2:
			send(port, false, decode.SYN, base, 0)
		case 3, 4:
			send(port, false, decode.SYN, base, 0)
			send(port, true, decode.SYN|decode.ACK, base, base+1)
			send(port, false, decode.ACK, base+1, base+1)
		case 5:
			send(port, false, decode.ACK, base+1, base+1)
		case 6:
			send(port, false, decode.ACK|decode.FIN, base+1, base+1)
		case 7:
			send(port, true, decode.ACK|decode.RST, base+1, base+1)
		}
		open := 0
		var victims []int32
		for id := int32(1); id <= s.flows.Len(); id++ {
			f := s.flows.At(id)
			if f.isOpen() {
				open++
			}
			if f.flags&finishedEarly != 0 && !known[id] {
				known[id] = true
				victims = append(victims, id)
			}
		}
		// One that goes on although its end was seen may be one too many, until the next one begins.
		if open != s.bound.open || open > 12 && int(s.flows.Len()) > len(before) {
			t.Fatalf("%d are open, %d counted", open, s.bound.open)
		}
		for _, victim := range victims {
			v := before[victim]
			switch {
			case v.young:
				early[0]++
			case v.closing:
				early[2]++
			default:
				early[1]++
			}
			for id, o := range before {
				if o.open && !slices.Contains(victims, id) && s.flows.At(id).last < now && o.before(v, now) {
					t.Fatalf("at %d %+v was finished early, not %+v", now, v, o)
				}
			}
		}
	}
	if early[0] == 0 || early[1] == 0 || early[2] == 0 {
		t.Errorf("finished early: %v", early)
	}
	if n := len(s.bound.young) + len(s.bound.rest); n > 2*12+1024+1 {
		t.Errorf("%d entries for %d open connections", n, s.bound.open)
	}
}
