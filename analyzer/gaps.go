package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// Few streams have gaps, so these are kept apart: shard.gaps has them while there are any.

// gapsOf returns the gaps of what e sends, to be looked at.
func (s *shard) gapsOf(e *endpoint) *reassembly.Gaps { return s.gaps.At(e.out.GapsAt) }

// accept enters the numbers of a segment that e sent to peer.
func (s *shard) accept(e, peer *endpoint, seg *decode.Segment) reassembly.Kind {
	n := seg.Occupies()
	if !e.out.Expects(seg.Seq, n) {
		return s.acceptOther(e, seg.Seq, seg.Seq+reassembly.Seq(n), peer.room(e))
	}
	e.out.Continue(n) // nearly always
	if n == 0 {
		return reassembly.Empty
	}
	return reassembly.New
}

// acceptOther enters numbers that need not be the next ones, with so much room for them.
func (s *shard) acceptOther(e *endpoint, seq, end reassembly.Seq, room uint32) reassembly.Kind {
	if !e.out.Started() { // before the first nothing is missing
		return e.out.Accept(&s.newGaps, seq, end, room)
	}
	g := s.gapsFor(e)
	kind := e.out.Accept(g, seq, end, room)
	s.keepGaps(e, g)
	return kind
}

// acked enters an acknowledgment of what e sent, of numbers that need not have been seen, and reports whether it was plausible.
func (s *shard) acked(e *endpoint, ack reassembly.Seq, room uint32) bool {
	g := s.gapsFor(e)
	ok := e.out.Ack(g, ack, room)
	s.keepGaps(e, g)
	return ok
}

// gapsFor returns the gaps of what e sends, or room for some.
func (s *shard) gapsFor(e *endpoint) *reassembly.Gaps {
	if e.out.GapsAt != 0 {
		return s.gaps.At(e.out.GapsAt)
	}
	return &s.newGaps
}

// keepGaps takes up the gaps g that have come up in what e sends, and forgets those that are filled.
func (s *shard) keepGaps(e *endpoint, g *reassembly.Gaps) {
	switch has := e.out.HasGaps(); {
	case has == (e.out.GapsAt != 0): // nearly always
	case has:
		e.out.GapsAt = s.gaps.Add()
		*s.gaps.At(e.out.GapsAt) = *g
	default:
		s.dropGaps(e)
	}
}

func (s *shard) dropGaps(e *endpoint) {
	if e.out.GapsAt != 0 {
		s.gaps.Release(e.out.GapsAt)
		e.out.GapsAt = 0
	}
}

// startAnew forgets the numbers that e has sent so far.
func (s *shard) startAnew(e *endpoint) {
	s.dropGaps(e)
	e.out = reassembly.Stream{}
}

// missingBelow returns how many of the numbers below seq that e sent were never seen.
func (s *shard) missingBelow(e *endpoint, seq reassembly.Seq) uint64 {
	if !e.out.Missing() {
		return 0
	}
	return e.out.MissingBelow(s.gapsOf(e), seq)
}

// unseenAcked reports whether either side acknowledged what was never seen.
func (s *shard) unseenAcked(f *flow) bool {
	a, b := &f.e[0], &f.e[1]
	return a.out.UnseenAcked(s.gapsOf(a)) || b.out.UnseenAcked(s.gapsOf(b))
}
