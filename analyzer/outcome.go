package analyzer

// outcome is how a connection ended, by all that the capture shows.
type outcome struct {
	client int // index of the endpoint that is the client
	roles  Roles
	c      closing // with what had to be inferred
	state  [2]State
	since  [2]int64
	frame  [2]uint64

	verdict     Verdict
	gaveUp      [2]bool // it stopped sending its FIN again without an answer
	closedFirst int     // index of the endpoint; bothSides, noSide or unknownSide
	closedBy    ClosedBy
	doubts      doubts
}

// Values of outcome.closedFirst besides 0 and 1.
const (
	bothSides = 2 + iota
	noSide
	unknownSide
)

// doubts is a set of doubts; their order in a record is that of allDoubts.
type doubts uint32

func allDoubts() []Doubt {
	return []Doubt{DoubtMidStream, DoubtOneSided, DoubtGap, DoubtFirstFIN, DoubtInferredFIN, DoubtBehindData, DoubtKernelDrops,
		DoubtDisorder, DoubtMPTCP, DoubtLastPacket, DoubtAckNotSeen, DoubtGivenUp, DoubtRSTUnproven, DoubtRSTForeign,
		DoubtRSTStrict, DoubtStateLost, DoubtFinishedEarly}
}

const (
	midStream doubts = 1 << iota
	oneSided
	gap
	firstFIN
	inferredFIN
	behindData
	kernelDrops
	timeDisorder
	mptcpDoubt
	lastPacket
	ackNotSeen
	givenUp
	rstUnproven
	rstForeign
	rstStrict
	stateLost
	early
)

// ambiguous are the doubts under which another reading of the packets fits as well.
const ambiguous = firstFIN | rstUnproven | rstForeign

// conclude decides how a connection ended. end is the time of the last packet of the capture. It changes nothing: it may
// be asked again after more packets.
func (s *shard) conclude(f *flow, end int64) outcome {
	o := outcome{doubts: s.captureDoubts(f)}
	o.client, o.roles = roles(f)
	if f.closing != 0 {
		o.c = *s.closings.at(f.closing)
	}
	s.inferFIN(f, &o)
	s.decide(f, &o, end)
	o.closedFirst, o.closedBy = closedFirst(f, &o)

	seen := s.infer(f, &o.c)
	s.presumeAcked(f, &o, end)
	o.state = s.infer(f, &o.c)
	for x := range f.e {
		e, n := &f.e[x], &o.c.fin[x]
		o.since[x], o.frame[x] = e.stateSince, e.stateFrame
		switch r := &o.c.rst; {
		case o.verdict == Indeterminate: // other readings would claim other states
			o.state[x] = Unknown
		case o.gaveUp[x]:
			o.state[x] = Closed
		case r.accepted && r.live && r.probes >= deadProbes && x != int(r.by):
			o.state[x] = Unknown // it had not answered for long: the RST will not have reached it either
		}
		if o.state[x] != seen[x] && n.lastTime > o.since[x] {
			o.since[x], o.frame[x] = n.lastTime, n.lastFrame
		}
	}
	if f.flags&self != 0 {
		o.state[1], o.since[1], o.frame[1] = o.state[0], o.since[0], o.frame[0]
	}
	return o
}

// inferFIN makes up for a FIN that the capture lacks although its acknowledgment is there: the other side has closed, and
// its acknowledgments rose by exactly one past all that was seen, with nothing after it. One octet of data would look the
// same, which is why this only counts as likely.
func (s *shard) inferFIN(f *flow, o *outcome) {
	for x := range f.e {
		y := 1 - x
		n, m := &o.c.fin[x], &o.c.fin[y]
		e, peer := &f.e[x], &f.e[y]
		if !n.sent || m.sent || o.c.rst.accepted || f.flags&self != 0 {
			continue
		}
		beyond, ok := peer.out.AckedBeyond()
		switch {
		case peer.packets > 0 && ok && beyond == peer.out.Next()+1 && e.prevAck == peer.out.Next() && !peer.out.Missing():
		case peer.packets == 0 && e.lastAck == e.prevAck+1:
		default:
			continue
		}
		*m = finFacts{sent: true, inferred: true, acked: true, end: e.lastAck, lastCovered: e.lastTime, ackedTime: e.lastTime, ackedFrame: e.lastFrame}
		o.doubts |= inferredFIN
		if peer.packets == 0 && (n.copies == 1 || n.lastFrame < e.lastFrame) {
			// Nothing of the peer was captured, its acknowledgment neither; but the FIN was not sent again.
			n.acked, n.lastCovered, n.ackedTime, n.ackedFrame = true, e.lastTime, e.lastTime, e.lastFrame
		}
	}
}

// gaveUpAfter is how many unanswered copies of a FIN, followed by silence, mean that its sender gave up. After fewer, it
// is likelier that the capture missed the answer.
const gaveUpAfter = 3

// presumeAcked looks at the FINs that no acknowledgment covers, or whose acknowledgment was lost. Their sender would send
// them again; if the capture goes on and it does not, an answer arrived that the capture missed, or it has given up.
func (s *shard) presumeAcked(f *flow, o *outcome, end int64) {
	if o.c.rst.accepted {
		return
	}
	for x := range f.e {
		e, n, m := &f.e[x], &o.c.fin[x], &o.c.fin[f.peer(x)]
		if !n.sent || n.inferred || o.c.gone[x].valid {
			continue
		}
		if s.finAcked(n, e) {
			if n.afterAck >= 2 && !n.passive(m) && e.lastFrame == n.lastFrame {
				// Every acknowledgment so far was lost behind the capture point, and nothing shows that the last one was not:
				// instead of going on to FIN_WAIT_2 or TIME_WAIT it may have given up. (In LAST_ACK both lead to CLOSED.)
				o.doubts |= givenUp
			}
			if n.afterAck > 0 && e.lastFrame == n.lastFrame && end-n.lastTime <= min(2*n.gap, 120e9)+200e6 {
				o.doubts |= lastPacket // one acknowledgment was lost; the capture is too short to show whether this one was
			}
			continue
		}
		wait := again(n, e)
		peer := &f.e[f.peer(x)]
		switch {
		case peer.has(sentACK) && peer.lastTime-n.lastTime > s.delta(e) && peer.lastAck.Before(n.end):
			// What the peer sent since shows that this FIN never reached it; its sender owes a copy.
			if end-n.lastTime > wait {
				o.doubts |= givenUp
			}
		case end-n.lastTime <= wait:
			if end-f.last <= wait {
				o.doubts |= lastPacket
			}
		case n.copies >= gaveUpAfter && !n.acked:
			o.doubts |= givenUp
			o.gaveUp[x] = true
		case m.sent || peer.packets == 0:
			n.acked, n.lastCovered = true, n.lastTime
			o.doubts |= ackNotSeen
		default:
			o.doubts |= ackNotSeen
		}
	}
}

// again returns after how many ns at most e sends its FIN again if no acknowledgment comes: after twice the gap before
// (RFC 6298 §5.5), at most 120 s (Linux TCP_RTO_MAX), the first time within a second or three round trips.
func again(n *finFacts, e *endpoint) int64 {
	switch {
	case n.copies > 1:
		return min(2*n.gap, 121e9) + 1e9
	case e.has(synAgain):
		return max(3.2e9, 3*int64(e.rtt)*1000) // RFC 6298 §5.7: no sample from that handshake, and the timer starts at 3 s
	default:
		return max(1e9, 3*int64(e.rtt)*1000)
	}
}

// decide finds the verdict.
func (s *shard) decide(f *flow, o *outcome, end int64) {
	n, m := &o.c.fin[0], &o.c.fin[1]
	if f.flags&self != 0 {
		m = n
	}
	switch {
	case o.c.rst.accepted && o.c.rst.refusal:
		o.verdict = Refused
	case o.c.rst.accepted, o.c.rst.frame != 0 && !(n.sent && n.acked && m.sent && m.acked):
		o.verdict = ResetVerdict // even if its receiver did not believe it: it was the end of its sender
		s.resetDoubts(o)
	case n.sent && m.sent:
		s.decideBoth(f, o, n, m)
	case n.sent || m.sent:
		s.decideOne(f, o, n, m)
	case !f.synchronized():
		o.verdict = NoReply
	default:
		o.verdict = Open
	}
	for x := range f.e {
		c, y := &o.c, f.peer(x)
		beyond := c.early[x].valid && c.early[x].seq == f.e[x].out.Next()+1 || c.gone[x].past
		if beyond && !c.fin[x].sent && c.fin[y].sent {
			o.doubts |= firstFIN // one number more was sent than was seen: a FIN, of which nothing tells whether it came first
		}
	}
	if o.verdict == Open && !f.e[0].has(sentACK) && !f.e[1].has(sentACK) {
		o.verdict = Indeterminate // nothing but RSTs that cannot be judged, or the like
	}
	if f.flags&replaced != 0 && (o.verdict == Open || o.verdict == HalfClosed || o.verdict == Unanswered) {
		o.doubts |= stateLost
	}
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
	if s.rules.linux && there > 0 && f.e[x].ttl <= 64 {
		return there + max(40e6, whole) + 2*upset
	}
	return there + 500e6
}

// decideBoth finds the verdict where both sides sent a FIN.
func (s *shard) decideBoth(f *flow, o *outcome, n, m *finFacts) {
	for x, fin := range []*finFacts{n, m} {
		other := []*finFacts{m, n}[x]
		if fin.guessed || fin.passive(other) && !other.inferred && other.ackedFrame == fin.frame && fin.time-other.lastTime > s.ackedWithin(f, x) {
			// Either cannot tell whether an earlier copy went before, or: a FIN is acknowledged at once, so an earlier
			// acknowledgment of the peer's is missing, and what else is missing with it is not known.
			o.doubts |= firstFIN
		}
		if other.peerInFlight && fin.passive(other) && !fin.inferred {
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

// decideOne finds the verdict where one side sent a FIN.
func (s *shard) decideOne(f *flow, o *outcome, n, m *finFacts) {
	x := 0
	if m.sent {
		x, n = 1, m
	}
	peer := &f.e[f.peer(x)]
	switch {
	case peer.packets == 0:
		o.verdict = Indeterminate // whether the peer answered or had closed before is not in the capture
	case !f.e[0].sentSYN() && !f.e[1].sentSYN() && n.first && !peer.has(sentData):
		o.verdict = Indeterminate // it is all that is known of its sender: the peer's FIN may have come before the capture
		o.doubts |= firstFIN
	case n.acked:
		o.verdict = HalfClosed
	default:
		o.verdict = Unanswered
	}
}

// resetDoubts notes what is not certain about the RST that ended a connection.
func (s *shard) resetDoubts(o *outcome) {
	r := &o.c.rst
	if r.unproven {
		o.doubts |= rstUnproven
	}
	if r.foreign {
		o.doubts |= rstForeign
	}
	if r.strict {
		o.doubts |= rstStrict
	}
}

// captureDoubts notes what the capture lacks of a connection.
func (s *shard) captureDoubts(f *flow) (d doubts) {
	a, b := &f.e[0], &f.e[1]
	if !a.sentSYN() && !b.sentSYN() {
		d |= midStream
	}
	if f.flags&self == 0 && (b.packets == 0 && a.has(sentACK) || a.packets == 0 && b.has(sentACK)) && f.synchronized() {
		d |= oneSided
	} else if a.out.UnseenAcked() || b.out.UnseenAcked() {
		d |= gap
	}
	if f.flags&finishedEarly != 0 && f.flags&(ended|replaced) == 0 {
		d |= early
	}
	if f.flags&disorder != 0 {
		d |= timeDisorder
	}
	if a.has(sentMPTCP) || b.has(sentMPTCP) {
		d |= mptcpDoubt
	}
	return d
}

// confidence sums the doubts up.
func (o *outcome) confidence() Confidence {
	switch {
	case o.doubts&ambiguous != 0 || o.verdict == Indeterminate:
		return Ambiguous
	case o.doubts != 0:
		return Likely
	default:
		return Certain
	}
}

// closedFirst decides who closed first, by what each side knew when it sent its FIN or RST.
func closedFirst(f *flow, o *outcome) (int, ClosedBy) {
	n, m, r := &o.c.fin[0], &o.c.fin[1], &o.c.rst
	switch {
	case o.verdict == Indeterminate && (n.sent || m.sent):
		return unknownSide, ByFIN
	case n.sent && f.flags&self != 0:
		return bothSides, ByFIN // one socket closed both ends
	case n.sent && m.sent:
		switch p, q := n.passive(m) || n.inferred && !m.passive(n), m.passive(n) || m.inferred && !n.passive(m); {
		case p && q:
			return unknownSide, ByFIN
		case p:
			return 1, ByFIN
		case q:
			return 0, ByFIN
		}
		return bothSides, ByFIN
	case r.accepted && r.refusal:
		return noSide, ""
	case n.sent:
		return finAgainstRST(f, o, 0)
	case m.sent:
		return finAgainstRST(f, o, 1)
	case r.accepted && r.foreign:
		return unknownSide, ByRST
	case o.c.gone[0].abort && o.c.gone[1].abort:
		return bothSides, ByRST // nobody answers a RST with one: neither knew of the other's
	}
	for x := range o.c.gone {
		if o.c.gone[x].abort {
			return x, ByRST // what the other side sent was the answer to something on its way
		}
	}
	if r.frame != 0 {
		return int(r.by), ByRST
	}
	return noSide, ""
}

// finAgainstRST decides who closed first where x sent a FIN, and its peer at most a RST.
func finAgainstRST(f *flow, o *outcome, x int) (int, ClosedBy) {
	y := f.peer(x)
	n, r, g := &o.c.fin[x], &o.c.rst, &o.c.gone[y]
	switch {
	case g.abort && g.ack.Before(n.end):
		// A socket sent it that had not received the FIN, and its owner closed on its own account. If the FIN came a
		// retransmission later, the RST was lost and came first all the same, or that FIN is a retransmission itself.
		if n.frame > g.abortFrame && n.time-g.abortTime > max(200e6, 2*int64(f.e[x].rtt)*1000) {
			o.doubts |= firstFIN
			return y, ByRST
		}
		return bothSides, ByRST
	case g.abort || !r.accepted || int(r.by) == x:
		return x, ByFIN
	}
	una, _ := f.e[x].out.Acked()
	if r.seq == n.ack && una == r.next[x] {
		return x, ByFIN // nothing but the FIN was there to be answered with this RST, whatever the capture shows first
	}
	if n.frame > r.frame {
		// The FIN passed after the RST: its sender had not received that.
		if n.time-r.time > max(200e6, 2*int64(f.e[x].rtt)*1000) {
			return y, ByRST
		}
		return bothSides, ByRST
	}
	return x, ByFIN
}
