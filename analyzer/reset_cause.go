package analyzer

// Causes of a RST, as the records name them.
const (
	causeUnknown     = ""
	causeRefused     = "refused"
	causeInjected    = "injected"
	causeKeepalive   = "keepalive-timeout"
	causeUnread      = "unread-data"
	causeAbort       = "abort"
	causeBare        = "unprompted" // a bare RST that answers nothing: no Linux socket sends that
	causeExpired     = "fin-wait-2-expired"
	causeNotKept     = "fin-wait-2-not-kept" // the kernel did not keep the closed socket in FIN_WAIT_2 at all, or not for long
	causeWaitOver    = "time-wait-over"      // the TIME_WAIT of its sender had run out when the FIN of its peer came again
	causeGaveUp      = "close-given-up"      // its sender had sent its FIN in vain until it gave up
	causeLate        = "late-data"
	causeNotOpening  = "unknown-syn-ack" // it answers the SYN-ACK of a connection that its sender does not open
	causeSYNReceived = "syn-received-dropped"
	causeHalfOpen    = "half-open" // its sender had come back with a SYN on the same ports
	causeStateLost   = "no-connection"
)

// deadProbes is how many unanswered keep-alive probes before the RST of a live socket mean that these were its reason.
const deadProbes = 2

// forWantOfAnswer reports whether a live socket sent the RST because its probes were not answered: several, or one that it waited for as
// long as keep-alives are at least apart. With TCP_USER_TIMEOUT Linux gives up at the second that would be due (tcp_keepalive_timer).
func (r *rstFacts) forWantOfAnswer() bool {
	alone := r.probes == 1 && r.idle >= unpromptedAfter && r.heard-r.peerHeard >= unpromptedAfter // and not captured behind its answer
	return r.live && (r.probes >= deadProbes || alone)
}

// unpromptedAfter is the silence before a RST that cannot be an answer.
const unpromptedAfter = 1e9 // ns

// synReceivedLasts is how long a listening socket keeps a request whose handshake is not complete (Linux:
// tcp_synack_retries 5, given up after 63 s).
const synReceivedLasts = 65e9 // ns

// cause decides why the RST that ended the connection was sent, in the order of strength of the evidence.
func (c *casefile) cause() string {
	r := &c.o.resets.rst
	x := int(r.by)
	y := c.f.peer(x)
	n, peer := &c.o.c.fin[x], &c.f.e[y]
	switch {
	case r.refusal:
		return causeRefused
	case r.elsewhere():
		return causeInjected
	case peer.packets == 0 && c.f.e[x].marks == 0:
		return causeUnknown // all there is are RSTs: what they answered is not in the capture
	case r.forWantOfAnswer():
		return causeKeepalive
	case r.live && c.unread(r, x, y):
		return causeUnread
	case r.live:
		return causeAbort
	case peer.packets == 0:
		return causeUnknown // what it answered is not in the capture
	case n.sent && n.frame != 0 && n.frame < r.frame:
		return c.afterClose(r, x, y)
	case r.idle >= unpromptedAfter && peer.lastTime < r.time-unpromptedAfter/2:
		return causeBare
	case peer.marks.onlySYNACK() && !c.f.e[x].has(sentPlain) && !c.o.c.fin[y].sent:
		return causeNotOpening
	case c.f.e[x].marks.onlySYNACK() && !n.sent && r.time-r.heard < synReceivedLasts:
		return causeSYNReceived
	case c.o.cameBack(c.f, x):
		return causeHalfOpen
	default:
		return causeStateLost
	}
}

// cameBack reports whether x knew no more of the connection when it sent a SYN on its ports, and reset what answered that.
func (o *outcome) cameBack(f *flow, x int) bool {
	r := &o.resets.rst
	return r.frame != 0 && int(r.by) == x && !r.live && f.flags&(strays|replaced) != 0
}

// closedBehind reports whether x sent data just before it answered those of its peer with the RST of a host without a socket: it may have
// closed the socket while its FIN waited behind what it still had to send (Linux, tcp_rcv_state_process: TCPABORTONDATA).
func (c *casefile) closedBehind(r *rstFacts, x int) bool {
	return !r.live && !c.o.c.fin[x].sent && c.f.e[x].has(sentData) && r.peerDataLast && r.time-r.heard < unpromptedAfter
}

// afterClose decides why x, whose socket had sent its FIN, answered with a RST and no longer with a socket.
func (c *casefile) afterClose(r *rstFacts, x, y int) string {
	n, tw := &c.o.c.fin[x], &c.o.c.timeWait[x]
	switch long := r.time-n.doneTime() >= c.a.finTimeout; {
	case !n.acked && (c.s.copies(n) >= gaveUpAfter || c.inVainUntil(r, x) > n.time):
		return causeGaveUp
	case r.before[x] == TimeWait && r.time >= tw.since+c.a.timeWait:
		return causeWaitOver
	case long:
		return causeExpired
	case c.refusedBytes(x, y) > 0 || c.s.controlOnly && !c.o.c.fin[y].sent && r.seq == n.end:
		return causeLate
	case r.seq.Before(n.end) || n.passive(&c.o.c.fin[y]):
		return causeStateLost // its peer has not got the FIN, so it was in FIN_WAIT_1; or it never comes to FIN_WAIT_2
	default:
		return causeNotKept
	}
}

// inVainUntil returns until when x had sent data again and again without an answer, before the RST r; 0 if it had not.
func (c *casefile) inVainUntil(r *rstFacts, x int) int64 {
	if past := &c.s.raritiesIn(c.o.odd).past[x]; past.since != 0 && past.heard <= r.time {
		return past.heard
	}
	return 0
}

// gaveUpSending reports whether x had sent data in vain up to its last packet before the RST r: its host gives such a socket up without a
// word (TCP_USER_TIMEOUT, or R2 of RFC 9293 §3.8.3), and answers with RST when its peer comes through again.
func (c *casefile) gaveUpSending(r *rstFacts, x int) bool {
	return r.heard != 0 && c.inVainUntil(r, x) > r.heard
}

// refusedBytes returns how many bytes y sent that x never acknowledged.
func (c *casefile) refusedBytes(x, y int) int64 {
	e, peer, m := &c.f.e[x], &c.f.e[y], &c.o.c.fin[y]
	bytes := int64(peer.out.Next().Diff(e.lastAck))
	if m.sent && !m.inferred && m.end == peer.out.Next() && e.lastAck.Before(m.end) {
		bytes--
	}
	return bytes
}

// unread reports whether x, which sent a RST from a live socket, had probably left data of y unread: the data were the
// last that was said, x had received them, and it never answers, had closed its own side before, had closed its window on them, or they came
// together with y's FIN. That RST carries the same packet as any other abort: it is likely at best.
func (c *casefile) unread(r *rstFacts, x, y int) bool {
	if !r.peerDataLast {
		return false
	}
	e, peer := &c.f.e[x], &c.f.e[y]
	n, m := &c.o.c.fin[x], &c.o.c.fin[y]
	last := r.next[y] // the end of those data
	if m.sent && m.end == last {
		last--
	}
	if r.ack.Before(last) {
		return false // they were on their way when the socket was closed
	}
	more := n.ack.Before(r.ack) // what y sent after x had closed its side
	if n.acked {
		more = c.s.newAfter(n, m, peer) > 0
	}
	return !e.has(sentData) || n.sent && n.frame < r.frame && more || c.s.raritiesIn(c.o.odd).zero[x].open || m.sent && m.withData
}

// elsewhere reports whether a RST shows that its supposed sender may not have sent it.
func (r *rstFacts) elsewhere() bool { return r.foreign || r.otherPath() }

// otherPath reports whether a RST took another number of hops than the packets of its supposed sender before it.
func (r *rstFacts) otherPath() bool { return r.usual.denyHops(r.ttl) }

// resetCause names the cause of the RST that ended a connection.
func (s *shard) resetCause(f *flow, o *outcome, a *assumptions) string {
	c := casefile{s: s, f: f, o: o, a: a}
	return c.cause()
}
