package analyzer

import (
	"fmt"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// noteFIN notes a FIN of x that its receiver can take.
func (s *shard) noteFIN(f *flow, x int, p *packet) {
	c := s.closingOf(f)
	y := f.peer(x)
	e, peer := &f.e[x], &f.e[y]
	n, seg := &c.fin[x], &p.seg
	end, id := seg.End(), identityOf(seg)
	switch {
	case !n.sent: // so far nothing is known of it
		n.sent, n.end, n.ack, n.first, n.frame, n.time = true, end, seg.Ack, e.packets == 1, p.frame, p.time
		n.last = p.time
		if before := max(e.lastTime, peer.lastTime); before != 0 {
			n.idle = max(p.time-before, 0)
		}
		if f.odd != 0 {
			s.heldByWindow(f, x, p)
			s.noteLostFIN(f, x, n, &c.fin[y], &s.raritiesIn(s.odds.At(f.odd)).early[x], id)
		}
	case end != n.end:
		s.say("a FIN at another number than the first: ignored")
		return
	case p.time-n.last <= id.within() && n.last-p.time <= id.within() && id == n.lastIdentity:
		s.say("the same packet again, duplicated on its way")
		return
	default:
		gap := p.time - n.last
		if n.repeats == 0 {
			n.repeats = s.repeats.Add()
		}
		r := s.repeatsOf(n)
		r.gap, r.frame, n.last = gap, p.frame, p.time
		if seg.Ack.Before(n.ack) {
			n.ack = seg.Ack
		}
		if m := &c.fin[y]; m.covers(seg.Ack) && m.ackedFrame == p.frame {
			r.acking = true
		}
		if n.acked && p.time-n.lastCovered > s.delta(e) {
			r.afterAck = min(r.afterAck+1, 2)
			if s.tracing {
				s.say(fmt.Sprintf("FIN of frame %d again: the acknowledgment of frame %d had passed here", n.frame, n.ackedFrame))
			}
		} else if s.tracing {
			s.say(fmt.Sprintf("FIN of frame %d again", n.frame))
		}
		r.n++
		s.addNote(&r.more, p.frame, r.n)
	}
	n.lastIdentity = id

	if una, ok := e.out.Acked(); ok && !n.acked && n.covers(una) { // captured after its acknowledgment
		n.acked, n.ackedFrame, n.ackedTime, n.lastCovered = true, peer.lastFrame, peer.lastTime, max(peer.lastTime, p.time)
		n.ackedAt = peer.prevEnd
		n.peerNumbers = s.allBefore(peer, n.ackedAt)
	}
}

// passedBefore reports whether x has sent other things at and behind the number of a FIN, which its peer acknowledged: it cannot be that of
// this connection. One that was captured after its acknowledgment stands where nothing was seen before.
func (s *shard) passedBefore(f *flow, x int, seg *decode.Segment, kind reassembly.Kind) bool {
	una, acked := f.e[x].out.Acked()
	if !acked || una.Before(seg.End()) || una == seg.End() && kind != reassembly.Again {
		return false
	}
	return f.closing == 0 || !s.closings.At(f.closing).fin[x].sent
}

// noteLostFIN looks at a FIN of x of which an earlier copy was lost before the capture point: its sender had counted it
// already when it sent an empty segment, early. What that one acknowledged was known to the sender when it closed, or is
// an upper bound of it; m is the peer's FIN. id is the identity of the copy in hand: sent before the early segment, it is
// the first one after all, overtaken on its way.
func (s *shard) noteLostFIN(f *flow, x int, n, m *finFacts, early *earlyACK, id identity) {
	if !early.valid || early.seq != n.end {
		return
	}
	again, known := id.sentAfter(early.stamp)
	if known && !again {
		s.say("the first copy, late")
		return
	}
	s.say("sent before: its sender had counted it already")
	if early.ack.Before(n.ack) {
		n.ack = early.ack
	}
	// A segment from before this FIN that acknowledges the peer's proves a passive close. Without one, if the early segment
	// answered the peer's first FIN, the lost copy had been sent without knowing of that. That answer comes at once (§3.10.7.4, eighth):
	// the later it comes, the likelier it answers a packet from before the peer's FIN that was held up on its way.
	if m.acked && m.ackedFrame != 0 && m.ackedAt.Before(n.end) {
		return
	}
	// If the peer sent its SYN more than once, the way to x and back is not known (RFC 6298 §3).
	late := early.time - m.last - s.delta(&f.e[x])
	if !m.sent || f.e[f.peer(x)].has(synAgain) {
		late = 0
	}
	n.early = early.peerFINs <= 1 && late <= upset
	n.guessed = !n.early || !known || late > 0
}

// delta returns within how many ns a copy sent by e may have crossed an acknowledgment that passed the capture point
// just before: the way to e and back, and 10 ms more, far below the time after which a stack sends again (200 ms in Linux,
// 30 ms elsewhere) and above what a capture point may delay or reorder.
func (s *shard) delta(e *endpoint) int64 { return 10e6 + int64(e.rtt)*1000 }

// noteCovered notes that the peer x of y sent p, whose number covers y's FIN: it acknowledges that.
func (s *shard) noteCovered(f *flow, c *closing, y int, p *packet) {
	n := &c.fin[y]
	if una, _ := f.e[y].out.Acked(); una != n.end {
		return
	}
	if !n.acked {
		x := f.peer(y)
		e := &f.e[x]
		n.acked, n.ackedFrame, n.ackedTime, n.ackedAt = true, p.frame, p.time, p.seg.End()
		n.withData = e.prevAck.Before(n.end - 1)
		n.peerNumbers = s.allBefore(e, p.seg.Seq)
		n.peerInFlight = n.ack.Before(p.seg.Seq) && p.seg.Seq != e.out.Next()+1 && !c.fin[x].sent // one past that is its own FIN
		if s.tracing {
			s.say(fmt.Sprintf("acknowledges the FIN of frame %d", n.frame))
		}
	}
	n.lastCovered = max(n.lastCovered, p.time)
	if n.ackedFrame != 0 && p.seg.Len == 0 && p.seg.End().Before(n.ackedAt) { // data may stand there because they are sent again
		n.ackedAt = p.seg.End()
	}
	if seg := &p.seg; seg.Marks&decode.HasSACK != 0 && seg.SACKRight == n.end {
		if o := s.oddOf(f); o.dsack[f.peer(y)] == 0 {
			o.dsack[f.peer(y)] = p.frame
		}
	}
}

// allBefore returns how many numbers e had sent when it first acknowledged what it acknowledged last, in a segment at seq: those
// that were seen and those below seq that were not.
func (s *shard) allBefore(e *endpoint, seq reassembly.Seq) uint64 {
	return e.sentBefore + s.missingBelow(e, seq) + uint64(max(0, seq.Diff(e.out.Next())))
}

// newAfter returns how many octets e, whose FIN is m, sent for the first time after it had acknowledged its peer's FIN, n: what fills
// a hole from before that is older.
func (s *shard) newAfter(n, m *finFacts, e *endpoint) uint64 {
	sent, before := e.out.Numbers()+s.missingBelow(e, n.ackedAt), n.peerNumbers
	if m.sent && !m.inferred {
		before++ // its FIN has a number too
	}
	return sent - min(before, sent)
}

// heldByWindow notes that the peer of x kept its window closed when, or until shortly before, x sent its FIN.
func (s *shard) heldByWindow(f *flow, x int, p *packet) {
	z := &s.raritiesIn(s.odds.At(f.odd)).zero[f.peer(x)]
	switch {
	case z.probes == 0:
	case z.open:
		z.held = z.total + p.time - z.since
	case p.time-z.until <= briefly:
		z.held = z.total
	}
}

// noteLate notes the octets that x sends while the connection closes: new data, data past its own FIN.
func (s *shard) noteLate(f *flow, c *closing, x int, p *packet, kind reassembly.Kind) {
	seg, o := &p.seg, s.oddOf(f)
	if kind != reassembly.Again {
		if n := &c.fin[f.peer(x)]; n.sent {
			o.pause[x] = max(o.pause[x], p.time-max(n.time, o.lastData[x]))
		}
		o.lastData[x] = p.time
	}
	if n := &c.fin[x]; n.sent && n.end.Before(seg.End()) && !seg.Flags.Has(decode.FIN) {
		if o.afterFIN[x] == 0 {
			o.afterFIN[x] = p.frame
		}
	}
}

// noteBeyond notes an empty segment of x that stands past all that x sent as far as the capture knows: by one number, as after a
// FIN, or, once the connection closes, by any, as after data and a FIN.
func (s *shard) noteBeyond(f *flow, x int, p *packet) {
	if p.seg.Seq != f.e[x].out.Next()+1 && f.closing == 0 {
		return
	}
	c := s.closingOf(f)
	if e := &s.raritiesOf(s.oddOf(f)).early[x]; !e.valid || e.seq != p.seg.Seq {
		*e = earlyACK{valid: true, time: p.time, seq: p.seg.Seq, ack: p.seg.Ack, peerFINs: s.copies(&c.fin[f.peer(x)]), stamp: identityOf(&p.seg)}
	}
}

// suspectFIN keeps a FIN of x outside the window until something shows whether it counts.
func (s *shard) suspectFIN(f *flow, x int, p *packet) {
	s.closingOf(f)
	o := s.oddOf(f)
	if o.suspect[x] == 0 {
		o.suspect[x] = s.suspects.Add()
	}
	*s.suspects.At(o.suspect[x]) = *p
}

// resolveSuspect decides whether a FIN of x outside the window counts: it does if x went on from there or the peer
// acknowledged it, it does not if x went on from where it had been.
func (s *shard) resolveSuspect(f *flow, x int) {
	o := s.odds.At(f.odd)
	if o.suspect[x] == 0 {
		return
	}
	w := s.suspects.At(o.suspect[x])
	next := f.e[x].out.Next()
	una, acked := f.e[x].out.Acked()
	switch {
	case next == w.seg.End():
		s.noteFIN(f, x, w)
	case acked && una == next:
	default:
		return
	}
	s.suspects.Release(o.suspect[x])
	o.suspect[x] = 0
}

// finAcked reports whether y's acknowledgment of x's FIN arrived: x has received something that y sent later, or, presumed,
// one passed and x did not send its FIN again later than it could have crossed it.
func (s *shard) finAcked(n *finFacts, e *endpoint) bool {
	proven := n.ackedFrame != 0 && e.has(sentACK) && n.ackedAt.Before(e.lastAck)
	return n.acked && (proven || n.last-n.lastCovered <= s.delta(e))
}

// passive reports whether the endpoint with FIN n had received the peer's FIN m when it first sent its own: it is the
// passive closer. Both seem to be if a first transmission is missing.
func (n *finFacts) passive(m *finFacts) bool {
	return n.sent && m.sent && !n.early && !n.inferred && m.end.AtOrBefore(n.ack)
}
