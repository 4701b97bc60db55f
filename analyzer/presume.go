package analyzer

// This file makes up for what the capture lacks of a close: FINs and acknowledgments that must have been.

// inferFIN makes up for a FIN that the capture lacks although its acknowledgment is there: the other side has closed, and
// its acknowledgments rose by exactly one past all that was seen, with nothing after it. One octet of data would look the
// same, which is why this only counts as likely.
func (s *shard) inferFIN(f *flow, o *outcome, end int64) {
	for x := range f.e {
		y := f.peer(x)
		n, m := &o.c.fin[x], &o.c.fin[y]
		e, peer := &f.e[x], &f.e[y]
		if !n.sent || m.sent || f.flags&self != 0 {
			continue
		}
		beyond, ok := peer.out.AckedBeyond(s.gapsOf(peer))
		switch {
		case peer.packets > 0 && ok && beyond == peer.out.Next()+1 && e.prevAck == peer.out.Next() && !peer.out.Missing():
		case peer.packets == 0 && e.lastAck == e.prevAck+1:
		default:
			continue
		}
		*m = finFacts{sent: true, inferred: true, acked: true, end: e.lastAck, lastCovered: e.lastTime, ackedTime: e.lastTime, ackedFrame: e.lastFrame}
		o.doubts |= inferredFIN
		if peer.packets == 0 && (s.copies(n) == 1 || s.lastFrame(n) < e.lastFrame) {
			// Nothing of the peer was captured, its acknowledgment neither; but the FIN was not sent again.
			n.acked, n.lastCovered = true, n.last
			if s.lastTry(o, x).mayFollow(e, end) {
				o.doubts |= lastPacket
			}
		}
	}
}

// gaveUpAfter is how many unanswered copies of a FIN, followed by silence, mean that its sender gave up. After fewer, it
// is likelier that the capture missed the answer.
const gaveUpAfter = 3

// presumeAcked looks at the FINs that no acknowledgment covers, or whose acknowledgment was lost. Their sender would send
// them again; if the capture goes on and it does not, an answer arrived that the capture missed, or it has given up.
func (s *shard) presumeAcked(f *flow, o *outcome, end int64) {
	if o.resets.rst.accepted {
		return
	}
	for x := range f.e {
		e, n, m := &f.e[x], &o.c.fin[x], &o.c.fin[f.peer(x)]
		if !n.sent || n.inferred || o.resets.gone[x].valid {
			continue
		}
		if s.finAcked(n, e) {
			if s.repeatsOf(n).afterAck >= 2 && !n.passive(m) && e.lastFrame == s.lastFrame(n) {
				// Every acknowledgment so far was lost behind the capture point, and nothing shows that the last one was not:
				// instead of going on to FIN_WAIT_2 or TIME_WAIT it may have given up. (In LAST_ACK both lead to CLOSED.)
				o.doubts |= givenUp
			}
			if s.repeatsOf(n).afterAck > 0 && e.lastFrame == s.lastFrame(n) && end-n.last <= min(2*s.repeatsOf(n).gap, 120e9)+200e6 {
				o.doubts |= lastPacket // one acknowledgment was lost; the capture is too short to show whether this one was
			}
			continue
		}
		last := s.lastTry(o, x)
		due := last.mayFollow(e, end)
		peer := &f.e[f.peer(x)]
		switch {
		case peer.has(sentACK) && peer.lastTime-n.last > s.delta(peer) && peer.lastAck.Before(n.end), s.undelivered(o.odd, x).since(last.time):
			// What the peer sent since, or ICMP, shows that this FIN never reached it; its sender owes a copy.
			if !due {
				o.doubts |= givenUp
			}
		case due:
			o.doubts |= lastPacket
		case last.n >= gaveUpAfter && !n.acked && e.lastTime <= last.time: // one that still sends something is there
			o.doubts |= givenUp
			o.gaveUp[x] = true
		case m.sent || peer.packets == 0 || s.controlOnly: // in a capture of SYN, FIN and RST only nothing else was to be seen
			n.acked, n.lastCovered = true, n.last
			o.doubts |= ackNotSeen
		default:
			o.doubts |= ackNotSeen
		}
	}
}

// try is the last attempt of an endpoint to have its FIN acknowledged.
type try struct {
	time  int64 // when it passed
	frame uint64
	gap   int64 // since the attempt before, ns; 0: it was the only one
	n     int32 // how many there were
}

// lastTry returns when x last sent its FIN, or data before it: acknowledgments are cumulative, so what asks for one of those
// asks for that of the FIN.
func (s *shard) lastTry(o *outcome, x int) try {
	n := &o.c.fin[x]
	r := s.repeatsOf(n)
	t := try{time: n.last, frame: s.lastFrame(n), gap: r.gap, n: s.copies(n)}
	if q := &o.odd.silent[x]; q.resent > 0 && q.until > n.last {
		t.time, t.frame, t.n = q.until, q.last, t.n+1
		if q.since >= n.time { // copies of the FIN are among them; those of before it do not count
			t.n = max(t.n, 1+q.resent)
		}
		if t.gap = q.until - q.since; t.gap == 0 { // at most: each pause is as long as all before it together
			t.gap = q.until - n.last
		}
	}
	return t
}

// synAgainAfter is after what time a SYN or SYN-ACK that was not answered has been sent again: RFC 6298 §2 has 1 s, older systems 3.
const synAgainAfter = 3200e6 // ns

// gaveUpOpening reports whether x, which waits for the answer to its SYN or SYN-ACK, has not sent that again when it was due. Each
// pause is as long as all before it together and the first one (RFC 6298 §5.5); after the last, a socket or a request is gone
// without a packet.
func (s *shard) gaveUpOpening(f *flow, o *outcome, x int, end int64) bool {
	e := &f.e[x]
	if o.state[x] != SynSent && o.state[x] != SynReceived || e.packets == 0 || s.controlOnly {
		return false // a capture of SYN, FIN and RST only lacks the ACK that may have ended the wait
	}
	return !f.synIsDue(e, end)
}

// synIsDue reports whether e, which waits for the answer to its SYN or SYN-ACK, may still send that again when the capture ends.
func (f *flow) synIsDue(e *endpoint, end int64) bool {
	wait := int64(synAgainAfter)
	if so := e.lastTime - f.start; e.has(synAgain) {
		wait = min(so, 120e9) + min(so, synAgainAfter) + 1e9
	}
	return end-e.lastTime <= wait
}

// gaveUpData reports whether x, which has not closed, has stopped sending data again that nobody acknowledged (RFC 9293 §3.8.3):
// its socket has timed out, without a packet. A flight that is sent again at once is one attempt.
func (s *shard) gaveUpData(f *flow, o *outcome, x int, end int64) bool {
	q := &o.odd.silent[x]
	if o.state[x] != Established && o.state[x] != CloseWait || q.resent < gaveUpAfter || q.probes > 0 || !f.e[f.peer(x)].has(sentACK) {
		return false
	}
	if q.until-q.since < leastSilence || f.e[x].lastTime > q.until {
		return false // or it still sends something
	}
	return !try{time: q.until, gap: q.until - q.since}.mayFollow(&f.e[x], end)
}

// mayFollow reports whether e, whose latest try this is and which gets no acknowledgment, may still send its FIN, or data, again when
// the capture ends.
func (t try) mayFollow(e *endpoint, end int64) bool { return end-t.time <= t.wait(e) }

// wait returns within how many ns at the latest e tries again: twice the gap before (RFC 6298 §5.5), at most 120 s (Linux TCP_RTO_MAX),
// the first time within a second or three round trips.
func (t try) wait(e *endpoint) int64 {
	switch {
	case t.gap != 0:
		return max(min(2*t.gap, 121e9)+1e9, 3*int64(e.rtt)*1000)
	case e.has(synAgain):
		return max(synAgainAfter, 3*int64(e.rtt)*1000) // RFC 6298 §5.7: no sample from that handshake, and the timer starts at 3 s
	default:
		return max(1e9, 3*int64(e.rtt)*1000)
	}
}
