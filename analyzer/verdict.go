package analyzer

// decide finds the verdict.
func (s *shard) decide(f *flow, o *outcome, end int64) {
	n, m := &o.c.fin[0], &o.c.fin[1]
	if f.flags&self != 0 {
		m = n
	}
	switch {
	case o.resets.rst.accepted && o.resets.rst.refusal:
		o.verdict = Refused
	case o.resets.rst.accepted, o.resets.rst.frame != 0 && !(n.sent && n.acked && m.sent && m.acked):
		o.verdict = ResetVerdict // even if its receiver did not believe it: it was the end of its sender
		s.resetDoubts(f, o, end)
	case n.sent && m.sent:
		s.decideBoth(f, o, n, m)
	case n.sent || m.sent:
		s.decideOne(f, o, n, m)
	case !f.synchronized() && o.unaskedFor(f):
		o.verdict = Indeterminate // whether nobody had asked (a forged address), or the capture lacks what the client sent
		o.doubts |= oneSided
	case !f.synchronized():
		s.decideUnanswered(f, o, end)
	default:
		o.verdict = Open
		s.openDoubts(f, o, end)
	}
	s.unseenFINs(f, o)
	if o.verdict == Open && !f.e[0].has(sentACK) && !f.e[1].has(sentACK) {
		o.verdict = Indeterminate // nothing but RSTs that cannot be judged, or the like
	}
	if f.flags&replaced != 0 && (o.verdict == Open || o.verdict == HalfClosed || o.verdict == Unanswered) {
		o.doubts |= stateLost
	}
}

// unseenFINs notes where an endpoint of which no FIN was seen may have sent one that the capture lacks.
func (s *shard) unseenFINs(f *flow, o *outcome) {
	for x := range f.e {
		c, y := &o.c, f.peer(x)
		if c.fin[x].sent {
			continue
		}
		unseen := int32(0) // how many numbers more were sent than were seen
		if early := &s.raritiesIn(o.odd).early[x]; early.valid {
			unseen = early.seq.Diff(f.e[x].out.Next())
		}
		if unseen > 1 {
			o.doubts |= gap
		}
		switch {
		case c.fin[y].sent && o.verdict == ResetVerdict && f.mayHaveClosed(x):
			o.doubts |= firstFIN
		case c.fin[y].sent && (unseen > 0 || o.resets.gone[x].past):
			o.doubts |= firstFIN // a FIN may be among them, the only one if it is one number, and nothing tells whether it came first
		case unseen == 1 && o.verdict == ResetVerdict:
			o.doubts |= firstFIN
			o.unseenClose = true
		case unseen == 1 && o.verdict == Open:
			o.verdict, o.unseenClose = Indeterminate, true // nor what became of it
		}
	}
}

// decideUnanswered finds the verdict where nothing completes the handshake. People capture just SYN, FIN and RST: every open connection
// looks like this then, and its SYN-ACK is not sent again.
func (s *shard) decideUnanswered(f *flow, o *outcome, end int64) {
	o.verdict = NoReply
	e, peer := &f.e[f.peer(o.client)], &f.e[o.client]
	if s.oneWay && e.packets == 0 {
		o.doubts |= oneSided
	}
	if !s.controlOnly || !e.has(sentSYNACK) || e.has(synAgain) || !peer.has(sentBareSYN) {
		return
	}
	if end-e.lastTime <= synAgainAfter {
		o.doubts |= lastPacket
		return
	}
	o.verdict = Open
	o.doubts |= ackNotSeen
}

// unaskedFor reports whether all that was captured of a connection are the SYN-ACKs of one side.
func (o *outcome) unaskedFor(f *flow) bool {
	return f.e[o.client].packets == 0 && f.e[f.peer(o.client)].has(sentSYNACK)
}

// synchronized reports whether the handshake got through, or the capture started after it.
func (f *flow) synchronized() bool {
	a, b := &f.e[0], &f.e[1]
	if f.flags&self != 0 {
		return a.has(sentACK)
	}
	switch {
	case a.has(sentSYNACK) && !b.has(sentSYNACK):
		return b.has(sentACK) || a.has(sentPlain)
	case b.has(sentSYNACK) && !a.has(sentSYNACK):
		return a.has(sentACK) || b.has(sentPlain)
	case a.sentSYN() || b.sentSYN():
		return a.has(sentACK) || b.has(sentACK)
	}
	return true
}

// ackedWithin returns the longest that endpoint x delays the acknowledgment of a FIN after that passed here, with the way
// to x and back. Others: RFC 9293 §3.8.6.3 has less than 0.5 s. Linux: 40 ms or the round trip of the connection
// (tcp_send_delayed_ack), and what a timer is late; a TTL above 64 is that of another system. ns.
func (s *shard) ackedWithin(f *flow, x int) int64 {
	there, whole := int64(f.e[x].rtt)*1000, int64(f.e[0].rtt+f.e[1].rtt)*1000
	if s.rules.linux && there > 0 && f.e[x].ttls.latest <= 64 {
		return there + max(40e6, whole) + 2*upset
	}
	return there + 500e6
}

// answeredCopy returns when the copy of a FIN passed that a segment of x, which passed at a moment, may have answered: the first, if x
// reported that it had two (RFC 2883); else the latest one, or the one before if there was not even a quarter of the time to x and
// back, for which a handshake may take longer than other packets. A FIN that was lost behind the capture point explains the rest as
// well, and is likelier than one that was lost before it together with an ACK.
func (s *shard) answeredCopy(f *flow, o *outcome, fin *finFacts, moment int64, x int) int64 {
	if o.odd.dsack[x] != 0 {
		return fin.time
	}
	e := &f.e[x]
	latest := moment - int64(e.rtt)*1000/4 + 2*disorderTolerance
	switch before := fin.last - s.repeatsOf(fin).gap; {
	case fin.last <= latest || fin.repeats == 0:
		return fin.last
	case before <= latest:
		return before
	}
	return fin.time
}

// openDoubts notes what is not certain about a connection that is open as far as ACKs show that passed: one that sent its SYN-ACK again
// after such an ACK, and nothing since, may not have got the latest either.
func (s *shard) openDoubts(f *flow, o *outcome, end int64) {
	for x := range f.e {
		switch e := &f.e[x]; {
		case !e.has(ackLost) || e.has(ackMissed) || !e.marks.onlySYNACK():
		case f.synIsDue(e, end):
			o.doubts |= lastPacket
		default:
			o.doubts |= givenUp
		}
	}
}

// decideBoth finds the verdict where both sides sent a FIN.
func (s *shard) decideBoth(f *flow, o *outcome, n, m *finFacts) {
	for x, fin := range []*finFacts{n, m} {
		other := []*finFacts{m, n}[x]
		if fin.early && other.repeats == 0 && o.odd.dsack[x] != 0 {
			o.doubts |= firstFIN // it had got a copy of the peer's FIN that was not captured, and may have answered that
		}
		if fin.guessed || fin.passive(other) && !other.inferred && other.ackedFrame == fin.frame && fin.time-s.answeredCopy(f, o, other, fin.time, x) > s.ackedWithin(f, x) {
			// Either cannot tell whether an earlier copy went before, or: a FIN is acknowledged at once, so an earlier
			// acknowledgment of the peer's is missing, and what else is missing with it is not known.
			o.doubts |= firstFIN
		}
		if z := &s.raritiesIn(o.odd).zero[f.peer(x)]; fin.passive(other) && !fin.inferred && (other.peerInFlight || z.held > 0 && z.frame < other.ackedFrame) {
			o.doubts |= behindData
		}
	}
	if n != m && n.passive(m) && m.passive(n) {
		o.doubts |= firstFIN // each FIN acknowledges the other: one of them is a copy
	}
	switch {
	case !n.acked || !m.acked:
		o.verdict = LastAckMissing
	case n == m || !n.passive(m) && !m.passive(n) && !n.inferred && !m.inferred:
		o.verdict = Simultaneous
	default:
		o.verdict = Graceful
	}
}

// mayHaveClosed reports whether x, of which no FIN was captured, may have sent one before the capture began: nothing speaks against it.
func (f *flow) mayHaveClosed(x int) bool {
	e := &f.e[x]
	return e.packets > 0 && !f.e[0].sentSYN() && !f.e[1].sentSYN() && !e.has(sentData)
}

// decideOne finds the verdict where one side sent a FIN.
func (s *shard) decideOne(f *flow, o *outcome, n, m *finFacts) {
	x := 0
	if m.sent {
		x, n = 1, m
	}
	peer := &f.e[f.peer(x)]
	if f.mayHaveClosed(f.peer(x)) {
		o.doubts |= firstFIN
	}
	switch {
	case peer.packets == 0:
		o.verdict = Indeterminate // whether the peer answered or had closed before is not in the capture
	case o.doubts&firstFIN != 0 && n.first:
		o.verdict = Indeterminate // it is all that is known of its sender
	case n.acked:
		o.verdict = HalfClosed
	default:
		o.verdict = Unanswered
	}
}

// resetDoubts notes what is not certain about the RST that ended a connection.
func (s *shard) resetDoubts(f *flow, o *outcome, end int64) {
	r := &o.resets.rst
	if r.again > 1 && end-r.pointTime <= 2*(r.pointTime-r.time)+200e6 {
		o.doubts |= lastPacket // even such an answer was lost; the capture is too short to show whether this one was (RFC 6298 §5.5)
	}
	x := int(r.by)
	y := f.peer(x)
	if next := r.next[y]; r.live && f.e[y].out.Started() && next.Before(r.ack) {
		o.doubts |= gap // its sender had got more than was captured
		if r.ack == next+1 {
			o.doubts |= firstFIN
		}
	}
	if r.live && r.before[x] == Established && f.e[y].packets == 0 {
		o.doubts |= oneSided
	}
	if r.live && !f.e[x].sentSYN() && f.e[y].sentSYN() {
		o.doubts |= gap // nor is the SYN-ACK of its sender there
	}
	if r.unproven {
		o.doubts |= rstUnproven
	}
	if r.elsewhere() {
		o.doubts |= rstForeign
	}
	if r.strict {
		o.doubts |= rstStrict
	}
}
