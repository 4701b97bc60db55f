package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// pendingSYN is a SYN with a new initial sequence number that met a connection which has not ended. Whether it starts
// the next one shows when it is answered: with a SYN-ACK (or a RST) of its own numbers it does; with a challenge ACK
// (RFC 5961 §4.2) it does not.
type pendingSYN struct {
	by    uint8
	birth int32
	p     packet
}

// noteSYN notes a SYN of x that belongs to its connection.
func (s *shard) noteSYN(f *flow, x int, p *packet) {
	e, seg := &f.e[x], &p.seg
	if f.closing != 0 {
		s.reopen(f, x, p)
	}
	if e.sentSYN() && seg.Seq != e.isn {
		// A server that answers with SYN cookies sends another number each time; the one that is acknowledged counts.
		if una, ok := e.out.Acked(); ok && una != e.isn && e.isn.Before(una) || e.has(sentPlain) {
			return
		}
		if seg.Flags.Has(decode.ACK) && e.marks.onlySYNACK() {
			s.keepSYNACK(f, x, seg.Seq)
		}
		s.startAnew(e)
	}
	if e.sentSYN() && (seg.Flags.Has(decode.ACK) == e.has(sentSYNACK)) {
		e.marks |= synAgain
		if peer := &f.e[f.peer(x)]; e.marks.onlySYNACK() && peer.has(sentACK) && p.time-peer.lastTime > s.delta(e) {
			e.marks |= ackMissed | ackLost
			f.flags &^= settled
		}
	}
	e.isn = seg.Seq
	if f.closing != 0 {
		if r := &s.resets.At(s.closings.At(f.closing).resets).rst; r.refuses(f.peer(x), seg) && !f.e[f.peer(x)].sentSYN() {
			r.refusal, r.unproven = true, false
		}
	}
	if seg.Flags.Has(decode.ACK) {
		e.marks |= sentSYNACK
	} else {
		e.marks |= sentBareSYN
	}
	if seg.Marks&decode.BadChecksum == 0 {
		e.marks |= soundSYN
	}
	if seg.Marks&decode.PermitsSACK != 0 {
		e.marks |= permitsSACK
	}
	if seg.Marks&decode.HasWScale != 0 {
		e.marks |= offeredWScale
		e.wscale = seg.WScale
	}
	if seg.Marks&decode.OptionsCut != 0 {
		e.marks |= optionsCut
	}
	peer := &f.e[f.peer(x)]
	e.scale(peer)
	peer.scale(e)
}

// synACK is what a SYN-ACK says of its sender. The zero value is none.
type synACK struct {
	isn    reassembly.Seq
	wscale uint8
	marks  marks // those of synACKMarks
}

const synACKMarks = sentSYNACK | soundSYN | permitsSACK | offeredWScale | optionsCut

// keepSYNACK keeps the first SYN-ACK of x, now that it comes with another number, next: a second host answers, or one that forgot the
// first, or counts its cookies on. The client takes the one that reaches it first. Of more than two the second is forgotten.
func (s *shard) keepSYNACK(f *flow, x int, next reassembly.Seq) {
	e, o := &f.e[x], s.oddOf(f)
	if o.synACK[x].marks == 0 || o.synACK[x].isn == next {
		o.synACK[x] = synACK{e.isn, e.wscale, e.marks & synACKMarks}
	}
}

// chooseSYNACK goes back to the first SYN-ACK of an endpoint if a segment of x shows that it is the one that the other end took: it
// acknowledges that, or is what its sender sent next.
func (s *shard) chooseSYNACK(f *flow, x int, seg *decode.Segment) {
	y := f.peer(x)
	switch o := s.odds.At(f.odd); {
	case o.synACK[y].marks != 0 && f.e[y].marks.onlySYNACK() && seg.Flags.Has(decode.ACK) && seg.Ack == o.synACK[y].isn+1:
		s.takeSYNACK(f, y, &o.synACK[y])
	case o.synACK[x].marks != 0 && f.e[x].marks.onlySYNACK() && seg.Seq == o.synACK[x].isn+1:
		s.takeSYNACK(f, x, &o.synACK[x])
	}
}

// takeSYNACK makes x begin with a SYN-ACK that it had sent before the latest one.
func (s *shard) takeSYNACK(f *flow, x int, first *synACK) {
	e, peer := &f.e[x], &f.e[f.peer(x)]
	s.startAnew(e)
	e.isn, e.wscale, e.marks = first.isn, first.wscale, e.marks&^synACKMarks|first.marks
	s.acceptOther(e, e.isn, e.isn+1, peer.room(e))
	e.out.Open(e.isn)
	e.scale(peer)
	peer.scale(e)
	*first = synACK{}
	s.say("of two SYN-ACKs with different numbers the first counts")
}

// route finds out whether a segment of x belongs to f, the latest connection of its address and port pair, or starts the
// next one, and returns the connection and the sending endpoint there; nil if the segment is a SYN that waits to be
// explained. It is called for segments with SYN, and while a SYN waits.
func (s *shard) route(sl *slot, x int, p *packet) (*flow, int) {
	f, seg := s.flows.At(sl.flow), &p.seg
	if f.flags&meeting != 0 {
		if old, y := s.meets(f, x, p); old != f {
			return old, y
		}
	}
	switch {
	case seg.Flags.Has(decode.SYN) && !seg.Flags.Any(decode.ACK|decode.RST|decode.FIN):
		switch {
		case !s.strangeSYN(f, x, seg):
			return f, x
		case f.flags&ended != 0 && s.waits(f, x, seg):
			return s.promote(sl, f, x, p.frame)
		case f.flags&ended != 0 || s.onlySYNs(f, x):
			return s.replace(sl, f, p, s.births.add(p.frame)), 0
		}
		s.stray(f, x, p)
		return nil, 0
	case f.flags&waiting != 0 && s.answersPending(f, x, seg):
		return s.promote(sl, f, x, p.frame)
	case seg.Flags.Has(decode.SYN|decode.ACK) && f.flags&ended != 0 && f.e[x].sentSYN() && seg.Seq != f.e[x].isn:
		if s.answersOldSYN(f, x, seg) {
			s.hold(f, x, p, noBirth)
			return nil, 0
		}
		g := s.replace(sl, f, p, s.births.add(p.frame))
		g.flags |= strays // Wireshark goes on with the stream of before
		return g, 0
	}
	return f, x
}

// strangeSYN reports whether a SYN of x does not belong to f: x has sent another one, or was heard of before at
// numbers that this SYN does not lead to.
func (s *shard) strangeSYN(f *flow, x int, seg *decode.Segment) bool {
	e, peer := &f.e[x], &f.e[f.peer(x)]
	switch {
	case e.sentSYN():
		return seg.Seq != e.isn
	case f.closing != 0 && s.resets.At(s.closings.At(f.closing).resets).rst.refuses(f.peer(x), seg):
		return false // its refusal was captured before it
	case e.out.Started(): // its first packets, or the SYN-ACK, were captured before it
		return e.out.Start() != seg.Seq+1 && e.out.Start() != seg.End()
	default:
		return !peer.has(sentBareSYN) && peer.packets > 0 && peer.sentSYN()
	}
}

// onlySYNs reports whether all that was seen of f are SYNs of x without an answer: a new number is a new attempt.
func (s *shard) onlySYNs(f *flow, x int) bool {
	e, peer := &f.e[x], &f.e[f.peer(x)]
	return peer.packets == 0 && e.has(sentBareSYN) && e.marks&(sentPlain|sentSYNACK|sentACK) == 0 && f.closing == 0
}

// noBirth is the birth of a SYN-ACK that waits: Wireshark counts no stream for it.
const noBirth = -1

// stray keeps a SYN that met a living connection. Wireshark counts a stream for each.
func (s *shard) stray(f *flow, x int, p *packet) {
	if s.waits(f, x, &p.seg) { // sent again
		f.e[x].packets++
		return
	}
	s.noteISN(f, x, p)
	s.hold(f, x, p, s.births.add(p.frame))
	f.flags |= strays
	s.current = s.pendings[f.id].birth
}

// hold keeps a SYN until it shows whether it starts a connection. Until then it counts as a packet of f.
func (s *shard) hold(f *flow, x int, p *packet, birth int32) {
	f.e[x].packets++
	f.flags |= waiting
	s.pendings[f.id] = pendingSYN{by: uint8(x), birth: birth, p: *p}
	if s.tracing {
		s.say("SYN with a new sequence number: it starts nothing unless it is answered")
		s.trace(f, x, p)
	}
}

// waits reports whether the SYN of x is the one that waits in f.
func (s *shard) waits(f *flow, x int, seg *decode.Segment) bool {
	if f.flags&waiting == 0 {
		return false
	}
	w := s.pendings[f.id]
	return int(w.by) == x && w.p.seg.Seq == seg.Seq
}

// answersPending reports whether a segment of x, with the SYN that waits in f, shows that a new connection began.
func (s *shard) answersPending(f *flow, x int, seg *decode.Segment) bool {
	w := s.pendings[f.id]
	if int(w.by) == x {
		// Of the new connection's next segments the first stands just past the SYN. (The RST that answers a challenge
		// takes its number from there: RFC 9293 §3.5.1, Figure 9.)
		return !seg.Flags.Any(decode.RST|decode.SYN) && seg.Seq == w.p.seg.End() && f.e[x].out.Next() != seg.Seq
	}
	if !seg.Flags.Has(decode.ACK) || seg.Ack != w.p.seg.End() && seg.Ack != w.p.seg.Seq+1 {
		return false
	}
	una, ok := f.e[w.by].out.Acked()
	return !ok || una != seg.Ack
}

// promote starts the connection of the SYN that waits in f with that SYN, and returns it for the segment of x that
// showed it, in frame.
func (s *shard) promote(sl *slot, f *flow, x int, frame uint64) (*flow, int) {
	w := s.pendings[f.id]
	if w.birth == noBirth {
		w.birth = s.births.add(frame)
	}
	delete(s.pendings, f.id)
	f.flags &^= waiting
	f.e[w.by].packets--
	g := s.replace(sl, f, &w.p, w.birth)
	s.watch(g)
	s.apply(g, 0, &w.p)
	if int(w.by) == x {
		return g, 0
	}
	return g, g.peer(0)
}

// replace starts the connection that follows f on its addresses and ports with the segment p.
func (s *shard) replace(sl *slot, f *flow, p *packet, birth int32) *flow {
	if f.flags&ended == 0 {
		open := f.isOpen()
		f.flags |= replaced
		s.recount(f, open)
	}
	old := sl.flow
	g := s.newFlow(sl, p, birth)
	s.meet(old, g, p)
	return g
}

// refuses reports whether the RST, sent by y, answers the SYN seg.
func (r *rstFacts) refuses(y int, seg *decode.Segment) bool {
	return r.accepted && int(r.by) == y && r.live && r.ack == seg.End()
}

// answersOldSYN reports whether a SYN-ACK of x acknowledges the SYN of the connection that has ended: a copy of that SYN
// was duplicated in the network and reached a listener.
func (s *shard) answersOldSYN(f *flow, x int, seg *decode.Segment) bool {
	peer := &f.e[f.peer(x)]
	return peer.has(sentBareSYN) && seg.Ack == peer.isn+1
}
