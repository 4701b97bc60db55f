package analyzer

import "fmt"

// stuck says which endpoints hang in a state of the close, since when, and who owes the next packet.
func (c *casefile) stuck() {
	for x := range c.f.e {
		if c.f.flags&self != 0 && x != c.o.client {
			continue
		}
		y := c.f.peer(x)
		n := &c.o.c.fin[x]
		age := c.end - max(c.o.since[x], c.o.c.lastData[y])
		if age < c.a.stuckAfter {
			continue
		}
		switch c.o.state[x] {
		case FinWait2:
			if !c.o.c.fin[y].sent {
				c.stuckHalf(x, y, age)
			}
		case FinWait1:
			if n.sent {
				c.add(FinWait1Stuck, Warning, y, []uint64{n.frame, n.lastFrame}, "%s has waited %s for the ACK of its FIN (frame %d, sent %s): %s, or the path to it, does not answer",
					c.name(x), human(age), n.frame, times(n.copies), c.name(y))
			}
		case Closing:
			c.add(ClosingStuck, Warning, y, []uint64{n.frame, n.lastFrame}, "both sides closed at once; %s has waited %s for the ACK of its FIN (frame %d, sent %s): it got lost, or %s is gone",
				c.name(x), human(age), n.frame, times(n.copies), c.name(y))
		case LastAck:
			c.add(LastAckStuck, Warning, y, []uint64{n.frame, n.lastFrame}, "%s has waited %s for the last ACK (its FIN: frame %d, sent %s): the ACKs of %s get lost, or it is gone",
				c.name(x), human(age), n.frame, times(n.copies), c.name(y))
		}
	}
	c.slow()
}

// stuckHalf describes one side in FIN_WAIT_2 and the other in CLOSE_WAIT, without data: x waits for the FIN of y.
func (c *casefile) stuckHalf(x, y int, age int64) {
	n := &c.o.c.fin[x]
	frames := []uint64{n.frame, n.ackedFrame}
	gone := ""
	if age >= c.a.finTimeout {
		gone = fmt.Sprintf("; if it has closed the socket for good, its kernel dropped it after %s and will answer with RST", human(c.a.finTimeout))
	}
	c.add(FinWait2Stuck, Warning, x, frames, "%s closed in frame %d and has waited in FIN_WAIT_2 for %s, until the capture ended, for the FIN of %s%s",
		c.name(x), n.frame, human(age), c.name(y), gone)
	if c.o.state[y] == CloseWait {
		c.add(CloseWaitStuck, Warning, y, frames, "%s owes its FIN: it acknowledged the FIN of %s in frame %d, has been in CLOSE_WAIT for %s since, and its application has not closed the socket",
			c.name(y), c.role(x), n.ackedFrame, human(age))
	}
}

// slow describes a close whose second FIN took long.
func (c *casefile) slow() {
	x := c.o.closedFirst
	if x > 1 || c.f.flags&self != 0 {
		return
	}
	n, m := &c.o.c.fin[x], &c.o.c.fin[1-x]
	if !n.sent || !m.sent || n.inferred || m.inferred {
		return
	}
	if gap := m.time - n.time; gap >= c.a.stuckAfter {
		c.add(SlowClose, Warning, 1-x, []uint64{n.frame, m.frame}, "%s closed %s after %s had: %s spent that time in FIN_WAIT_2",
			c.name(1-x), human(gap), c.role(x), c.role(x))
	}
}

// lost describes FINs that were sent more than once.
func (c *casefile) lost() {
	for x := range c.f.e {
		n := &c.o.c.fin[x]
		if n.inferred || !n.sent || c.f.flags&self != 0 && x != c.o.client {
			continue
		}
		if n.copies > 1 || n.early {
			c.resent(x, c.f.peer(x), n)
		}
		if c.o.gaveUp[x] {
			c.gaveUp(x, c.f.peer(x), n)
		}
	}
}

// resent says why the FIN of x was sent again.
func (c *casefile) resent(x, y int, n *finFacts) {
	frames := append([]uint64{n.ackedFrame}, c.s.frames(n.frames)...)
	span := fmt.Sprintf("the FIN of %s (frame %d) was sent %s within %s", c.name(x), n.frame, times(n.copies), human(n.lastTime-n.time))
	switch {
	case n.early:
		c.add(LostFIN, Warning, x, frames, "the first FIN of %s was lost before the capture point: frame %d is a copy", c.name(x), n.frame)
	case n.afterAck > 0:
		c.add(LostACK, Warning, y, frames, "%s although the ACK of frame %d had passed here: ACKs of %s get lost between the capture point and %s",
			span, n.ackedFrame, c.role(y), c.role(x))
	case c.odd.dsack[y] != 0:
		c.add(LostACK, Warning, y, append(frames, c.odd.dsack[y]), "%s; %s reports in frame %d that it had the first copy already (DSACK): its ACK was late, or lost before the capture point",
			span, c.role(y), c.odd.dsack[y])
	case c.o.gaveUp[x]:
	case n.acking > 0 && n.copies == n.acking+1: // the copies are acknowledgments of the peer's FIN: nothing was lost
	case n.acked && n.ackedFrame < n.lastFrame:
		c.add(FINRetransmitted, Info, x, frames, "%s, the last time before the ACK of frame %d can have reached it: its retransmission timer was too short, nothing need have been lost",
			span, n.ackedFrame)
	case n.needed(&c.o.c.fin[y], &c.f.e[y]):
		c.add(LostFIN, Warning, x, frames, "%s and only then acknowledged (frame %d): the first was lost between the capture point and %s",
			span, n.ackedFrame, c.role(y))
	default:
		c.add(FINRetransmitted, Info, x, frames, "%s: it got lost behind the capture point, or its ACK did before; the packets do not tell which", span)
	}
}

// needed reports whether a copy of a FIN was needed: it was acknowledged only after the last copy, by a peer that
// would have reported an earlier one (RFC 2883). A peer that has closed itself may answer from TIME_WAIT, which reports
// nothing.
func (n *finFacts) needed(m *finFacts, peer *endpoint) bool {
	return n.acked && n.ackedFrame > n.lastFrame && peer.has(permitsSACK) && (!m.sent || m.frame > n.ackedFrame)
}

// gaveUp describes a FIN whose sender stopped sending it again.
func (c *casefile) gaveUp(x, y int, n *finFacts) {
	c.add(CloseGivenUp, Warning, x, c.s.frames(n.frames), "%s sent its FIN %s within %s, got no answer and stopped: its kernel drops such a socket without a word "+
		"(Linux: 102 to 205 s after the first copy if the application had closed it, about 15 min if it is still open); %s, or the path to it, was gone",
		c.name(x), times(n.copies), human(n.lastTime-n.time), c.name(y))
}

// oddEvents says what else is worth knowing of a connection.
func (c *casefile) oddEvents() {
	if h := c.s.halfClose(c.f, c.o, c.end); h != nil && h.Bytes > 0 {
		x := c.o.closedFirst
		c.add(HalfCloseUsed, Info, 1-x, []uint64{c.o.c.fin[x].frame}, "%s had closed its sending side in frame %d; %s sent %d more bytes in the %s after",
			c.name(x), c.o.c.fin[x].frame, c.role(1-x), h.Bytes, human(h.Seconds.Duration().Nanoseconds()))
	}
	for x := range c.f.e {
		y := c.f.peer(x)
		if n := c.odd.ahead[x]; n != 0 {
			c.add(FINReordered, Info, x, []uint64{n}, "the FIN of %s (frame %d) was captured before data that precede it: reordered, or they were lost and sent again", c.name(x), n)
		}
		if n := c.odd.afterFIN[x]; n != 0 {
			c.add(DataAfterFIN, Warning, x, []uint64{c.o.c.fin[x].frame, n}, "%s sent data past its own FIN (frame %d): its receiver ignores them; a broken stack or a middlebox", c.name(x), n)
		}
		if z := &c.odd.zero[y]; z.held > 0 && z.probes > 0 && c.o.c.fin[x].sent {
			c.add(ZeroWindowClose, Warning, y, []uint64{z.frame, c.o.c.fin[x].frame}, "the close of %s waited behind the closed window of %s for %s (from frame %d, %s probes): "+
				"its application did not read", c.name(x), c.name(y), human(z.held), z.frame, fmt.Sprint(z.probes))
		}
		if q := &c.odd.silent[x]; q.resent >= 3 && !c.o.c.fin[x].sent && !c.o.c.rst.accepted && c.f.synchronized() && c.end-q.since >= 3e9 {
			c.add(PeerVanished, Warning, y, []uint64{q.first, q.last}, "%s sent the same data %d times within %s and %s does not answer since frame %d: its host or the path to it is down",
				c.name(x), q.resent+1, human(q.until-q.since), c.name(y), q.first)
		}
	}
	if c.o.roles == RolesBoth && c.f.flags&self == 0 {
		c.add(SimultaneousOpen, Info, nobody, []uint64{c.f.firstFrame}, "both sides opened the connection at once: neither is client or server by the packets")
	}
	if c.o.doubts&mptcpDoubt != 0 {
		c.add(MPTCP, Info, nobody, []uint64{c.f.firstFrame}, "a subflow of a Multipath TCP connection: the connection itself is closed by DATA_FIN, which may come earlier or from the other side (RFC 8684 §3.3.3)")
	}
}
