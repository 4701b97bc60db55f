package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// reset enters a RST sent in the name of x: does its receiver have to believe it (RFC 9293 §3.5.3, §3.10.7.4 second;
// RFC 5961 §3.2)?
func (s *shard) reset(f *flow, x int, p *packet) {
	e := &f.e[x]
	c := s.closingOf(f)
	q := s.resetsOf(c)
	if e.rstCount == 0 {
		q.frame[x] = p.frame
	} else {
		s.addNote(&q.more[x], p.frame, int32(e.rstCount))
	}
	e.rstCount = min(e.rstCount+1, maxNotes)
	if e.inSYNSent() && !p.seg.Flags.Has(decode.ACK) && e.unsent(p.seg.Seq) {
		s.say("answers what is left of an earlier connection, and stays in SYN_SENT (RFC 9293 §3.10.7.3, first)")
		return
	}
	s.retractReset(f, q, x, p)
	r := s.evidence(f, x, p)
	s.judge(f, &r, &c.fin[x], &q.latest[f.peer(x)])
	if r.accepted && !r.refusal && r.before[x] == SynSent && s.rejected(f, q) {
		r.foreign = true
	}
	switch {
	case q.rst.accepted:
		s.noteGone(f, q, x, p, &r, false)
		s.repeatReset(f, q, x, p)
		if f.odd != 0 {
			s.answered(s.odds.At(f.odd), f.peer(x), p.time) // who did not get the first RST is told again, by a host that lives
		}
		if int(q.rst.by) != x && p.seg.Flags.Has(decode.ACK) {
			s.say("RST after the connection was reset: it was on its way already, as nobody answers a RST")
		} else {
			s.say("RST after the connection was reset: an answer to what was on its way")
		}
	case f.flags&ended != 0:
		s.noteLateReset(f, q, p.frame)
		s.lateReset(f, c, q, x, &r, p)
		s.say("RST after the close: it changes no verdict")
	default:
		s.noteGone(f, q, x, p, &r, false)
		s.deny(f, c, q, x, &r)
		s.believe(f, q, x, &r)
		if e.packets == 1 && !e.out.Started() {
			s.acceptOther(e, p.seg.Seq, p.seg.Seq, reassembly.UnknownRoom)
		}
	}
}

// believe enters the RST r of x on a connection that has not ended.
func (s *shard) believe(f *flow, q *resets, x int, r *rstFacts) {
	g := &q.gone[x]
	if q.gone[f.peer(x)].valid {
		r.strict, r.unproven = false, false // there is nobody left who has to believe it
	}
	switch {
	case r.accepted && q.rst.live && int(q.rst.by) == x: // its abort was not believed, but this answer is
		q.rst.accepted, q.rst.strict, q.rst.unproven = true, r.strict, r.unproven
		q.rst.again = min(q.rst.again+1, 2)
		q.rst.point, q.rst.pointTime = r.seq, r.time
	case r.accepted || g.valid && q.rst.frame == 0:
		q.rst = *r
		if g.valid {
			q.rst.before[x] = g.left
		}
	case r.unproven && int(q.rst.by) == x && q.rst.frame != 0:
		q.rst.unproven = true // this one may have been believed
	}
	if g.abort && q.gone[f.peer(x)].abort {
		q.rst.crossed = true
	}
	switch {
	case r.accepted:
		s.say("RST accepted")
	case g.valid:
		s.say("its receiver does not believe this RST, but its sender is gone")
	default:
		s.ignore(f, q, r.frame)
		s.say("RST that its receiver does not believe")
	}
}

// retractReset takes back a RST that only Linux would have believed, if its receiver went on to send new sequence space and
// a RST of the same side now stands exactly where it must.
func (s *shard) retractReset(f *flow, q *resets, x int, p *packet) {
	y := f.peer(x)
	if !q.rst.accepted || !q.rst.strict || int(q.rst.by) != x || f.e[y].out.Next() == q.rst.next[y] {
		return
	}
	if una, ok := f.e[x].out.Acked(); ok && p.seg.Seq == una {
		q.rst.accepted = false
		if !q.gone[x].valid {
			q.rst = rstFacts{}
		}
		s.settle(f, p)
	}
}

// repeatReset enters a RST of x on a connection that one has ended already.
func (s *shard) repeatReset(f *flow, q *resets, x int, p *packet) {
	una, acked := f.e[x].out.Acked()
	exact := p.seg.Seq == f.e[x].out.Next() || acked && p.seg.Seq == una
	if int(q.rst.by) == x {
		if exact {
			// Whatever became of the first one, this one counts.
			q.rst.strict, q.rst.unproven = false, false
			q.rst.point, q.rst.pointTime = q.rst.point.Max(p.seg.Seq), p.time
		}
		return
	}
	q.rst.answered = q.rst.answered || exact
	if q.rst.live && p.seg.Flags.Has(decode.ACK) {
		q.rst.crossed = true // nobody answers a RST: this one was on its way already
	}
}

// evidence collects what is known at the moment of a RST of x.
func (s *shard) evidence(f *flow, x int, p *packet) rstFacts {
	y := f.peer(x)
	e, peer, c := &f.e[x], &f.e[y], s.closingIn(f)
	r := rstFacts{
		by: uint8(x), live: p.seg.Flags.Has(decode.ACK), frame: p.frame, time: p.time, pointTime: p.time,
		seq: p.seg.Seq, point: p.seg.Seq, ack: p.seg.Ack, stamped: p.seg.Marks&decode.HasTimestamp != 0, before: s.infer(f, c),
		next: [2]reassembly.Seq{f.e[0].out.Next(), f.e[1].out.Next()},
		ttl:  p.seg.TTL, usual: e.ttls,
		idle:         p.time - max(e.lastTime, peer.lastTime),
		since:        e.stateSince,
		heard:        e.lastTime,
		peerHeard:    peer.lastTime,
		peerDataLast: f.flags&(dataBy0>>y) != 0,
	}
	if !e.out.Started() {
		r.next[x] = p.seg.Seq
	}
	if r.live { // its acknowledgment says what its sender had received
		switch {
		case r.before[x] == SynSent && peer.has(sentSYNACK) && r.ack == peer.isn+1:
			r.before[x] = Established
		case r.before[x] == SynSent && peer.packets == 0 && r.seq == e.out.Next():
			r.before[x] = Established // by a SYN-ACK that was not captured: no socket acknowledges what it has not received
		case r.before[x] == Established && c.fin[y].covers(r.ack):
			r.before[x] = CloseWait
		}
	}
	if f.odd != 0 {
		o := s.odds.At(f.odd)
		r.probes, r.resent, r.probed = o.silent[x].probes, o.silent[y].resent, o.silent[y].probes
	}
	return r
}

// judge decides whether the peer has to believe a RST that was sent in the name of an endpoint, which sent fin; latest is of
// the peer.
func (s *shard) judge(f *flow, r *rstFacts, fin *finFacts, latest *stamp) {
	x := int(r.by)
	y := f.peer(x)
	e, peer := &f.e[x], &f.e[y]
	// SYN-SENT: the RST has to acknowledge the SYN (§3.10.7.3 second). One past what follows a SYN-ACK shows that more went by,
	// in captures of SYN, FIN and RST only.
	if peer.inSYNSent() && !(e.has(sentSYNACK) && e.out.Next().Before(r.seq)) {
		r.refusal = !e.sentSYN() && !(r.stamped && r.seq != 0) // of a socket: the capture lacks the SYN-ACK
		r.accepted = r.live && peer.isn.Before(r.ack) && r.ack.AtOrBefore(peer.out.Next()) ||
			e.sentSYN() && r.seq == e.out.Next() // or y received the SYN-ACK, and its ACK is on its way
		return
	}
	una, acked := e.out.Acked() // RCV.NXT of y is at least this
	beyond, hasBeyond := e.out.AckedBeyond(s.gapsOf(e))
	switch {
	case !e.out.Started():
		r.accepted, r.unproven = true, true // nothing of x is known to hold it against
	case r.seq == e.out.Next():
		r.accepted = true
		r.unproven = e.out.Contiguous(s.gapsOf(e)).Max(una) != r.seq // y may lack what the capture lacks
	case !acked && !peer.has(sentPlain):
		r.accepted, r.unproven = true, true // nor of y
	case hasBeyond && r.seq == beyond:
		r.accepted = true
	case r.seq == una && e.out.Contiguous(s.gapsOf(e)) == una:
		r.accepted = true // what x sent more y cannot take: something before it is missing
	case r.seq == una && peer.lastAck == una && (s.raritiesIn(s.odds.At(f.odd)).zero[y].open || peer.lastTime-e.lastTime > s.delta(peer)):
		r.accepted = true // nor what it has no room for; and what it did not acknowledge long after has not arrived
	case r.seq == una:
		// x sent more, and that passed here before the RST: if it arrived, y expects another number by now. After nothing but
		// a FIN, see below.
		r.strict = fin.sent && fin.end == r.seq+1 && r.before[y] != FinWait2 // the FIN would have brought it to TIME_WAIT
		r.accepted, r.unproven = r.strict, !r.strict
	case fin.sent && fin.acked && r.seq == fin.end-1:
		// Linux, tcp_reset_check: RCV.NXT-1 counts after a FIN, in CLOSE_WAIT, LAST_ACK and CLOSING.
		r.accepted, r.strict = true, true
	case peer.has(sentSACK) && r.seq == s.odds.At(f.odd).sackMax[y]:
		r.accepted, r.strict = true, true // Linux, tcp_validate_incoming: the right edge of the highest SACK block
	case una.Before(r.seq) && r.seq.Before(e.out.Next()):
		r.accepted, r.unproven = true, true
	case e.out.Next().Before(r.seq) && !e.has(sentPlain) && !peer.has(sentPlain):
		r.accepted, r.unproven = true, true // a capture of SYN, FIN and RST only: what came between is not in it
	}
	if !r.accepted && r.before[y] == FinWait2 && una.Before(r.seq) && uint32(r.seq-e.out.Next()) <= peer.room(e) {
		// Linux, tcp_timewait_state_process: what is left of a closed socket in FIN_WAIT_2 takes a RST anywhere in its window.
		// Whether the socket is closed or only shut down, no packet shows.
		r.unproven = true
	}
	if ahead := uint32(r.seq - e.out.Next()); !r.accepted && r.live && e.out.Next().Before(r.seq) && ahead <= peer.room(e) {
		r.unproven = true // behind something that was lost, and it does not count; or that the capture lacks, and it does
	}
	if r.accepted && !r.unproven {
		r.foreign = !s.fits(r, e, peer, latest)
	}
}

// fits reports whether x could have sent the RST: a socket sends it at its next number, a stack without one at the
// number that the packet it answers acknowledged (§3.10.7.1); latest is of the peer.
func (s *shard) fits(r *rstFacts, e, peer *endpoint, latest *stamp) bool {
	switch {
	case r.seq == e.out.Next(), r.seq == peer.lastAck, latest.seen && r.seq == latest.ack:
		return true
	case r.seq == peer.prevAck:
		// It may answer a packet on its way, as long as x had not acknowledged all that peer had sent by then, or there was no
		// time yet for the answer to an empty one.
		return !e.has(sentACK) || e.lastAck.Before(peer.prevEnd) || r.time-peer.lastTime <= s.delta(e)
	default:
		return false
	}
}

// disproveReset takes a RST back if the connection goes on: after it, an endpoint acknowledges something that the other
// sent after it.
func (s *shard) disproveReset(f *flow, c *closing, x int, p *packet) {
	q, ack := s.resets.At(c.resets), p.seg.Ack
	if !q.rst.accepted || q.rst.refusal {
		return
	}
	y := f.peer(x)
	r, e := &q.rst, &f.e[y]
	own := int(r.by) == y
	if own && ack == r.point {
		r.unproven = false // captured late: the RST stood where x expected it
	}
	switch {
	case own && r.before[x] == FinWait2 && r.point == ack && c.fin[y].covers(ack):
		s.resetFoundTimeWait(f, c, x, p)
	case !e.out.Started() || e.out.Next().Before(ack):
	case r.next[y].Before(ack):
		s.takeBack(f, q, "the RST was not believed: the connection goes on")
	case own && r.point.Before(ack) && !(r.strict && c.fin[y].covers(ack)):
		// What it acknowledges it had received before the RST, which then stood below what it expected.
		s.takeBack(f, q, "the RST was not believed: its receiver had got further")
	}
}
