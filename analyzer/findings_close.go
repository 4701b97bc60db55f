package analyzer

// stuck says which endpoints hang in a state of the close, since when, and who owes the next packet.
func (c *casefile) stuck() {
	for x := range c.f.e {
		if c.o.twin(c.f, x) {
			continue
		}
		y := c.f.peer(x)
		n := &c.o.c.fin[x]
		since, hangs := c.s.hangs(c.f, c.o, x)
		if !hangs || c.end-since < c.a.stuckAfter || n.frame == 0 { // a FIN that was not captured cannot be named
			continue
		}
		switch c.o.state[x] {
		case FinWait2:
			if peer := c.o.state[y]; !c.o.c.fin[y].sent && peer != Closing && peer != LastAck {
				c.stuckHalf(x, y, since)
			}
		case FinWait1:
			c.add(FinWait1Stuck, Warning, y, []uint64{n.frame, c.s.lastFrame(n)}, "%s has waited %s, since %s, for the ACK of its FIN (frame %d, sent %s; FIN_WAIT_1): %s or the path to it does not answer",
				c.name(x), c.human(c.end-since), c.moment(since), n.frame, c.times(c.s.copies(n)), c.name(y))
		case Closing:
			c.add(ClosingStuck, Warning, y, []uint64{n.frame, c.s.lastFrame(n)}, "both sides closed at once; %s has waited %s, since %s, for the ACK of its FIN (frame %d, sent %s; CLOSING): ACKs are lost, or %s is gone",
				c.name(x), c.human(c.end-since), c.moment(since), n.frame, c.times(c.s.copies(n)), c.name(y))
		case LastAck:
			c.add(LastAckStuck, Warning, y, []uint64{n.frame, c.s.lastFrame(n)}, "%s has waited %s, since %s, for the last ACK (its FIN: frame %d, sent %s; LAST_ACK): the ACKs of %s are lost, or it is gone",
				c.name(x), c.human(c.end-since), c.moment(since), n.frame, c.times(c.s.copies(n)), c.name(y))
		}
	}
	c.slow()
}

// stuckHalf describes one side in FIN_WAIT_2 and the other in CLOSE_WAIT, without data since a time: x waits for the FIN
// of y.
func (c *casefile) stuckHalf(x, y int, since int64) {
	n := &c.o.c.fin[x]
	frames := []uint64{n.frame, n.ackedFrame}
	age := c.end - since
	from := c.text("since %s", c.moment(since))
	if since == c.o.odd.lastData[y] {
		from = c.text("since the last data at %s", c.moment(since))
	}
	fate := ""
	switch {
	case n.acked && c.f.e[x].lastTime-n.ackedTime >= c.a.finTimeout:
		fate = c.text(". It still sent frame %d: its application holds the socket open (shutdown(SHUT_WR), not close()), and no timer ends that", c.f.e[x].lastFrame)
	case age >= c.a.finTimeout:
		fate = c.text(". If its application called close(), its kernel has dropped the socket by now, after %s%s, and answers with RST; after shutdown(SHUT_WR) it waits without limit",
			c.human(c.a.finTimeout), c.a.platform.onLinux(" (net.ipv4.tcp_fin_timeout)"))
	}
	c.add(FinWait2Stuck, Warning, x, frames, "%s closed in frame %d and waited for the FIN of %s until the capture ended: %s, %s (FIN_WAIT_2)%s",
		c.name(x), n.frame, c.name(y), c.human(age), from, fate)
	if c.o.state[y] == CloseWait {
		c.add(CloseWaitStuck, Warning, y, frames, "%s owes its FIN: it acknowledged that of %s in frame %d and has sent none for %s, %s. Its application has not closed the socket (CLOSE_WAIT): %s there names the process",
			c.name(y), c.role(x), n.ackedFrame, c.human(age), from, c.owner(CloseWait, y))
	}
}

// slow describes a close whose second FIN took long, with nothing to send for long meanwhile.
func (c *casefile) slow() {
	x := c.o.closedFirst
	if x > 1 || c.f.flags&self != 0 || c.s.controlOnly {
		return
	}
	y := c.f.peer(x)
	n, m := &c.o.c.fin[x], &c.o.c.fin[y]
	if !n.sent || !m.sent || n.inferred || m.inferred {
		return
	}
	if r := &c.o.resets.rst; r.accepted && int(r.by) == x && c.cause() == causeExpired {
		return // said there
	}
	gap := m.time - n.time
	if max(c.o.odd.pause[y], m.time-max(n.time, c.o.odd.lastData[y])) < c.a.stuckAfter {
		return // it had more to send: a half-close in use
	}
	meanwhile := c.text("meanwhile %s was in FIN_WAIT_2 and %s in CLOSE_WAIT", c.role(x), c.role(y))
	if n.acked && n.ackedTime-n.time > gap/2 {
		meanwhile = c.text("for %s of that %s was in FIN_WAIT_1, its FIN not acknowledged", c.human(n.ackedTime-n.time), c.role(x))
	}
	c.add(SlowClose, Warning, y, []uint64{n.frame, m.frame}, "%s closed only %s after %s had (frames %d and %d); %s",
		c.name(y), c.human(gap), c.role(x), n.frame, m.frame, meanwhile)
}

// lost describes FINs that were sent more than once.
func (c *casefile) lost() {
	for x := range c.f.e {
		n := &c.o.c.fin[x]
		if n.inferred || !n.sent || c.o.twin(c.f, x) {
			continue
		}
		if n.repeats != 0 || n.early {
			c.resent(x, c.f.peer(x), n)
		}
		if c.o.gaveUp[x] {
			c.gaveUp(x, c.f.peer(x), n)
		}
	}
}

// resent says why the FIN of x was sent again.
func (c *casefile) resent(x, y int, n *finFacts) {
	frames := c.s.finFrames([]uint64{n.ackedFrame}, n)
	span := c.text("%s sent its FIN (frame %d) %s within %s", c.name(x), n.frame, c.times(c.s.copies(n)), c.human(n.last-n.time))
	delta := c.s.delta(&c.f.e[x])
	switch {
	case n.early && n.ackedFrame != 0 && n.time-n.ackedTime > delta:
		c.add(FINRetransmitted, Info, x, frames, "the first FIN of %s was not captured: %s acknowledged it in frame %d, before the copy in frame %d", c.name(x), c.role(y), n.ackedFrame, n.frame)
	case n.early:
		c.add(LostFIN, Warning, x, frames, "the first FIN of %s was lost before it reached the capture point: frame %d is a copy", c.name(x), n.frame)
	case c.s.repeatsOf(n).afterAck > 0, n.acked && n.ackedFrame != 0 && n.last-n.ackedTime > delta:
		c.add(LostACK, Warning, y, frames, "%s although the ACK of frame %d had passed here: ACKs of %s were lost or late between the capture point and %s",
			span, n.ackedFrame, c.role(y), c.role(x))
	case c.tooSoon(n, &c.f.e[y]) && n.ackedTime-c.s.answeredCopy(c.f, c.o, n, n.ackedTime, y) > c.s.ackedWithin(c.f, y):
		c.add(LostACK, Info, y, frames, "%s; the ACK of frame %d came too soon after the last copy to be the answer to it, and too late for one to the copy before: an earlier ACK of %s was late, or was lost before it reached the capture point",
			span, n.ackedFrame, c.role(y))
	case c.tooSoon(n, &c.f.e[y]):
		c.add(FINRetransmitted, Info, x, frames, "%s, but the ACK of frame %d came too soon after the last copy to be the answer to it: that one was sent too early, nothing need have been lost",
			span, n.ackedFrame)
	case c.o.odd.dsack[y] != 0:
		c.add(LostACK, Info, y, append(frames, c.o.odd.dsack[y]), "%s; %s reports in frame %d that it already had the first (DSACK): its ACK was late, or was lost before it reached the capture point",
			span, c.role(y), c.o.odd.dsack[y])
	case c.o.gaveUp[x]:
	case !n.acked && c.s.undelivered(c.o.odd, x).since(n.time):
		u := c.s.undelivered(c.o.odd, x)
		c.add(LostFIN, Warning, x, append(frames, u.last), "%s and it did not arrive: %s returned it, or data before it, as ICMP %v (frame %d)", span, c.returner(u, x), u.why, u.last)
	case c.s.repeatsOf(n).acking && c.s.copies(n) == 2: // the copy is an acknowledgment of the peer's FIN: nothing was lost
	case n.ackedFrame != 0 && n.ackedFrame < c.s.lastFrame(n):
		c.add(FINRetransmitted, Info, x, frames, "%s, the last time before the ACK of frame %d can have reached it: sent too early, nothing need have been lost",
			span, n.ackedFrame)
	case c.f.e[y].has(sentSACK) && c.o.odd.sackMax[y] == n.end:
		c.add(FINRetransmitted, Info, x, frames, "%s; the first had arrived (%s selectively acknowledged it) and was sent again with data before it that had not", span, c.role(y))
	case c.needed(n, &c.o.c.fin[y], &c.f.e[x], &c.f.e[y]):
		before := "the one before was"
		if c.s.copies(n) > 2 {
			before = "those before were"
		}
		c.add(LostFIN, Warning, x, frames, "%s and only the last was acknowledged (frame %d): %s lost between the capture point and %s",
			span, n.ackedFrame, before, c.role(y))
	case c.sentOnWithout(n, &c.f.e[x], &c.f.e[y]):
		c.add(LostFIN, Warning, x, append(frames, c.f.e[y].lastFrame), "%s; %s went on after that and acknowledges all but the FIN (frame %d): it never got it",
			span, c.role(y), c.f.e[y].lastFrame)
	case n.last-n.time < c.f.roundTrip():
		c.add(FINRetransmitted, Info, x, frames, "%s, the last time before an answer to the first can have come back: sent too early, nothing need have been lost", span)
	case c.o.doubts&oneSided != 0:
		c.add(FINRetransmitted, Info, x, frames, "%s: it or its ACK was lost; what %s sent is not in the capture", span, c.role(y))
	default:
		c.add(FINRetransmitted, Info, x, frames, "%s: either it was lost between the capture point and %s, or the ACK of %s before it came here; the packets do not tell which", span, c.role(y), c.role(y))
	}
}

// roundTrip returns the time from one end to the other and back, by the handshake, in ns; 0: unknown.
func (f *flow) roundTrip() int64 {
	if f.e[0].rtt == 0 || f.e[1].rtt == 0 {
		return 0
	}
	return int64(f.e[0].rtt+f.e[1].rtt) * 1000
}

// sentOnWithout reports whether peer sent something so long after a FIN of e that it would have acknowledged that, as it does all
// before it. A RST may be the answer to that FIN.
func (c *casefile) sentOnWithout(n *finFacts, e, peer *endpoint) bool {
	return !n.acked && peer.has(sentACK) && peer.rstCount == 0 && peer.lastTime-n.time > c.s.delta(peer) && peer.lastAck == n.end-1 && !e.out.Missing()
}

// tooSoon reports whether the first ACK of a FIN passed too soon after the last copy to be the answer to that.
func (c *casefile) tooSoon(n *finFacts, peer *endpoint) bool {
	return n.acked && n.ackedFrame > c.s.lastFrame(n) && n.repeats != 0 && (n.ackedTime-n.last)/1000 < int64(peer.rtt)*3/4
}

// needed reports whether a copy of the FIN of e was needed: it was acknowledged only after the last copy, by a peer that
// would have reported an earlier one (RFC 2883), as both SYNs permit SACK and the capture keeps options whole. A peer that has
// closed itself may answer from TIME_WAIT, which reports nothing.
func (c *casefile) needed(n, m *finFacts, e, peer *endpoint) bool {
	return n.acked && n.ackedFrame > c.s.lastFrame(n) && e.has(permitsSACK) && peer.has(permitsSACK) && !peer.has(optionsCut) && (!m.sent || m.frame > n.ackedFrame)
}

// orphanLasts is how long after the first copy of a FIN Linux sends further ones for a socket that its application has
// closed: the timer that runs out after 102.2 s or later ends it (tcp_orphan_retries 0, counted as 8), and the first copy
// comes within 2.8 s. Those of a socket that is still open go on for 924.6 s and more (tcp_retries2). ns.
const orphanLasts = 105e9

// gaveUp describes a FIN whose sender stopped sending it again.
func (c *casefile) gaveUp(x, y int, n *finFacts) {
	last := c.s.lastTry(c.o, x)
	fate := "Its kernel drops such a socket without a packet"
	if c.a.platform.linux() {
		switch span := last.time - n.time; {
		case span >= orphanLasts:
			fate += ". So late a copy means that its application had not closed the socket, only its sending side: Linux then tries for about 15 min (net.ipv4.tcp_retries2)"
		case span+2*last.gap < orphanLasts:
			fate += ". Linux by default sends copies for longer, up to 102 s: net.ipv4.tcp_orphan_retries or TCP_USER_TIMEOUT is lower there, or that host went away too"
		default:
			fate += " (Linux: 102 to 205 s after the first copy if its application has closed the socket, net.ipv4.tcp_orphan_retries; after about 15 min if not, net.ipv4.tcp_retries2)"
		}
	}
	what, frames := c.text("sent its FIN %s", c.times(last.n)), c.s.finFrames(nil, n)
	if last.frame != c.s.lastFrame(n) {
		what, frames = c.text("sent its FIN in frame %d and that or the data before it %s more", n.frame, c.times(last.n-1)), append(frames, last.frame)
	}
	c.add(CloseGivenUp, Warning, x, frames, "%s %s within %s, got no answer and stopped at %s: %s or the path to it was gone. %s",
		c.name(x), what, c.human(last.time-n.time), c.moment(last.time), c.name(y), fate)
}

// oddEvents says what else is worth knowing of a connection.
func (c *casefile) oddEvents() {
	if h := c.s.halfClose(c.f, c.o, c.end); h != nil && h.Bytes > 0 && !c.refusedAll(c.o.closedFirst) {
		x := c.o.closedFirst
		y := c.f.peer(x)
		c.add(HalfCloseUsed, Info, y, []uint64{c.o.c.fin[x].frame}, "%s closed its sending side in frame %d; %s sent %s more in the %s after that",
			c.name(x), c.o.c.fin[x].frame, c.role(y), c.bytes(int64(h.Bytes)), c.human(h.Seconds.Duration().Nanoseconds()))
	}
	for x := range c.f.e {
		y := c.f.peer(x)
		if n := c.o.odd.ahead[x]; n != 0 && !c.f.e[x].out.Missing() { // what never comes the capture lacks
			c.add(FINReordered, Info, x, []uint64{n}, "the FIN of %s (frame %d) was captured before data that precede it: the packets were reordered, or the data were lost and sent again", c.name(x), n)
		}
		if n := c.o.odd.afterFIN[x]; n != 0 {
			c.add(DataAfterFIN, Warning, x, []uint64{c.o.c.fin[x].frame, n}, "%s sent data in frame %d, past its own FIN of frame %d: their receiver ignores them. A broken stack or a middlebox does that", c.name(x), n, c.o.c.fin[x].frame)
		}
		if z := &c.s.raritiesIn(c.o.odd).zero[y]; z.held > 0 && c.o.c.fin[x].sent {
			c.add(ZeroWindowClose, Warning, y, []uint64{z.frame, c.o.c.fin[x].frame}, "the FIN of %s came right behind %s of a closed window of %s (from frame %d, %s): its application did not read. The close may have waited for it all that time, in FIN_WAIT_1 without a FIN",
				c.name(x), c.human(z.held), c.name(y), z.frame, counted(int64(z.probes), "probe", "probes"))
		}
		if q := &c.o.odd.silent[x]; q.resent >= leastResent && !c.o.c.fin[x].sent && !c.o.resets.rst.accepted && c.f.synchronized() && c.end-q.since >= leastUnanswered {
			c.add(PeerVanished, Warning, y, []uint64{q.first, q.last}, "%s sent data again %s within %s (frames %d to %d) and %s has answered nothing since %s: %s",
				c.name(x), c.times(q.resent), c.human(q.until-q.since), q.first, q.last, c.name(y), c.moment(q.since), c.whyVanished(x, y, q))
		}
	}
	if c.o.roles == RolesBoth && c.f.flags&self == 0 {
		c.add(SimultaneousOpen, Info, nobody, []uint64{c.f.firstFrame}, "both sides opened the connection at once (RFC 9293 §3.5): neither is client or server by the packets")
	}
	if c.o.doubts&mptcpDoubt != 0 {
		c.add(MPTCP, Info, nobody, []uint64{c.f.firstFrame}, "a subflow of a Multipath TCP connection: the connection itself is closed by DATA_FIN, which may come earlier or from the other side (RFC 8684 §3.3.3)")
	}
}

// whyVanished says what may keep y from answering what x sends again.
func (c *casefile) whyVanished(x, y int, q *silence) string {
	e := &c.f.e[y]
	switch {
	case c.s.undelivered(c.o.odd, x).since(q.since):
		return "ICMP messages say why"
	case e.marks.onlySYNACK():
		return "its host or the path to it is down, or something on the path discards this connection, or its accept queue is full, so that it drops what completes a handshake" +
			c.a.platform.onLinux(": `ss -ltn` shows Recv-Q above Send-Q there")
	}
	return "its host or the path to it is down, or something on the path discards this connection"
}

// refusedAll reports whether x had closed its socket and not only its sending side: it acknowledged nothing of what came
// after its FIN and answered with RST.
func (c *casefile) refusedAll(x int) bool {
	r := &c.o.resets.rst
	return r.accepted && int(r.by) == x && !r.live && !c.o.c.fin[x].ack.Before(c.f.e[x].lastAck)
}
