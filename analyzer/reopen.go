package analyzer

import "finscope/internal/decode"

// reopen takes back the RST that ended an attempt to open f, if the attempt goes on with the SYN p of x: Windows sends the same SYN
// again after a refusal, and it may be accepted then; and who sends it again after a RST in its own name has not sent that RST, but a
// packet filter has. Only then do the numbers of the other end start anew.
func (s *shard) reopen(f *flow, x int, p *packet) {
	q := s.resets.At(s.closings.At(f.closing).resets)
	r, seg, y := &q.rst, &p.seg, f.peer(x)
	e, peer := &f.e[x], &f.e[y]
	if !r.accepted || int(r.by) != x || x == y {
		return
	}
	switch {
	case seg.Flags.Has(decode.ACK): // x had refused
		if !r.refusal || !peer.has(sentBareSYN) || seg.Ack != peer.isn+1 || peer.lastTime-r.time <= s.delta(peer) {
			return
		}
		s.forget(e)
		s.say("the same SYN is accepted now: the RST of before does not count")
	case r.before[x] == SynSent && seg.Seq == e.isn && p.time-r.time > s.delta(e):
		s.forget(peer)
		s.ignore(f, q, r.frame)
		s.oddOf(f).disproved = r.frame
		s.say("the same SYN again: another host sent the RST in its name")
	default:
		return
	}
	q.rst, q.gone = rstFacts{}, [2]goneFacts{}
	if s.reopens != nil {
		s.reopens(f)
	}
}

// forget forgets what e has sent so far.
func (s *shard) forget(e *endpoint) {
	s.startAnew(e)
	e.marks &^= synACKMarks | sentACK | synAgain
}

// rejected reports whether a RST to a SYN-ACK of f was taken back before because the SYN came again: the next one is like it.
func (s *shard) rejected(f *flow, q *resets) bool {
	return q.ignored > 0 && s.odds.At(f.odd).disproved != 0
}
