package analyzer

import (
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
		k, second := keyOf(&p.seg)
		s.add(&p, &k, k.hash(s.seed), second)
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
