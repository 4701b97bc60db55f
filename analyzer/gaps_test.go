package analyzer

import (
	"testing"

	"finscope/internal/decode"
)

// Gaps are kept while a stream has some, and given back when they are filled, or with their connection.
func TestGapsComeAndGo(t *testing.T) {
	s := newShard(newMachine(), 1)
	w := lineUp(s, 1, 1e9)
	f := s.flows.At(1)
	w.next += 10
	w.say(t, s)
	if n := s.gaps.InUse(); n != 1 || f.e[0].out.GapsAt == 0 || f.e[0].out.Contiguous(s.gapsOf(&f.e[0])) != 101 {
		t.Fatalf("%d gaps, next to come is %d; want one gap from 101 on", n, f.e[0].out.Contiguous(s.gapsOf(&f.e[0])))
	}
	for w.next = 101; w.next < 111; {
		w.say(t, s)
	}
	if n := s.gaps.InUse(); n != 0 || f.e[0].out.GapsAt != 0 || f.e[0].out.HasGaps() {
		t.Fatalf("%d gaps are kept, want none: all is filled", n)
	}
	w.p.seg.Flags, w.next = decode.ACK, 200
	w.say(t, s)
	s.release(f)
	if n := s.gaps.InUse(); n != 0 {
		t.Errorf("%d gaps of a connection that was given back", n)
	}
}
