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
				c.add(FinWait1Stuck, Warning, y, []uint64{n.frame, n.lastFrame}, "%s has waited %s for the ACK of its FIN (frame %d, sent %s; FIN_WAIT_1): %s or the path to it does not answer",
					c.name(x), human(age), n.frame, times(n.copies), c.name(y))
			}
		case Closing:
			c.add(ClosingStuck, Warning, y, []uint64{n.frame, n.lastFrame}, "both sides closed at once; %s has waited %s for the ACK of its FIN (frame %d, sent %s; CLOSING): ACKs are lost, or %s is gone",
				c.name(x), human(age), n.frame, times(n.copies), c.name(y))
		case LastAck:
			c.add(LastAckStuck, Warning, y, []uint64{n.frame, n.lastFrame}, "%s has waited %s for the last ACK (its FIN: frame %d, sent %s; LAST_ACK): the ACKs of %s are lost, or it is gone",
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
	switch {
	case n.acked && c.f.e[x].lastTime-n.ackedTime >= c.a.finTimeout:
		gone = fmt.Sprintf(". It still sent frame %d: its application holds the socket open (shutdown, not close), and no timer ends that", c.f.e[x].lastFrame)
	case age >= c.a.finTimeout:
		gone = fmt.Sprintf(". If its application has closed the socket, its kernel dropped it after %s and will answer with RST", human(c.a.finTimeout))
	}
	c.add(FinWait2Stuck, Warning, x, frames, "%s closed in frame %d and still waited for the FIN of %s when the capture ended, %s later (FIN_WAIT_2)%s",
		c.name(x), n.frame, c.name(y), human(age), gone)
	if c.o.state[y] == CloseWait {
		c.add(CloseWaitStuck, Warning, y, frames, "%s owes its FIN: it acknowledged that of %s in frame %d and its application has not closed the socket since, for %s (CLOSE_WAIT)",
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
	if r := &c.o.c.rst; r.accepted && int(r.by) == x && c.cause() == causeExpired {
		return // said there
	}
	if gap := m.time - n.time; gap >= c.a.stuckAfter {
		c.add(SlowClose, Warning, 1-x, []uint64{n.frame, m.frame}, "%s closed only %s after %s had (frames %d and %d); meanwhile %s was in FIN_WAIT_2 and it in CLOSE_WAIT",
			c.name(1-x), human(gap), c.role(x), n.frame, m.frame, c.role(x))
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
	span := fmt.Sprintf("%s sent its FIN (frame %d) %s within %s", c.name(x), n.frame, times(n.copies), human(n.lastTime-n.time))
	delta := c.s.delta(&c.f.e[x])
	switch {
	case n.early:
		c.add(LostFIN, Warning, x, frames, "the first FIN of %s was lost before it reached the capture point: frame %d is a copy", c.name(x), n.frame)
	case n.afterAck > 0, n.acked && n.lastTime-n.ackedTime > delta:
		c.add(LostACK, Warning, y, frames, "%s although the ACK of frame %d had passed here: ACKs of %s are lost or late between the capture point and %s",
			span, n.ackedFrame, c.role(y), c.role(x))
	case n.answers(&c.f.e[y]):
		c.add(FINRetransmitted, Info, x, frames, "%s, but the ACK of frame %d came too soon after the last copy to be the answer to it: its retransmission timer was too short, nothing need have been lost",
			span, n.ackedFrame)
	case c.odd.dsack[y] != 0:
		c.add(LostACK, Info, y, append(frames, c.odd.dsack[y]), "%s; %s reports in frame %d that it already had the first (DSACK): its ACK was late, or was lost before it reached the capture point",
			span, c.role(y), c.odd.dsack[y])
	case c.o.gaveUp[x]:
	case n.acking > 0 && n.copies == n.acking+1: // the copies are acknowledgments of the peer's FIN: nothing was lost
	case n.acked && n.ackedFrame < n.lastFrame:
		c.add(FINRetransmitted, Info, x, frames, "%s, the last time before the ACK of frame %d can have reached it: its retransmission timer was too short, nothing need have been lost",
			span, n.ackedFrame)
	case c.f.e[y].has(sentSACK) && c.f.e[y].sackMax == n.end:
		c.add(FINRetransmitted, Info, x, frames, "%s; the first had arrived (%s selectively acknowledged it) and was sent again with data before it that had not", span, c.role(y))
	case n.needed(&c.o.c.fin[y], &c.f.e[y]):
		c.add(LostFIN, Warning, x, frames, "%s and only the last was acknowledged (frame %d): those before were lost between the capture point and %s",
			span, n.ackedFrame, c.role(y))
	case c.o.doubts&oneSided != 0:
		c.add(FINRetransmitted, Info, x, frames, "%s: it or its ACK was lost; what %s sent is not in the capture", span, c.role(y))
	default:
		c.add(FINRetransmitted, Info, x, frames, "%s: either it was lost behind the capture point or its ACK before; the packets do not tell which", span)
	}
}

// answers reports whether the first ACK of a FIN passed too soon after the last copy to be the answer to that.
func (n *finFacts) answers(peer *endpoint) bool {
	return n.acked && n.ackedFrame > n.lastFrame && n.copies > 1 && (n.ackedTime-n.lastTime)/1000 < int64(peer.rtt)*3/4
}

// needed reports whether a copy of a FIN was needed: it was acknowledged only after the last copy, by a peer that
// would have reported an earlier one (RFC 2883). A peer that has closed itself may answer from TIME_WAIT, which reports
// nothing.
func (n *finFacts) needed(m *finFacts, peer *endpoint) bool {
	return n.acked && n.ackedFrame > n.lastFrame && peer.has(permitsSACK) && (!m.sent || m.frame > n.ackedFrame)
}

// gaveUp describes a FIN whose sender stopped sending it again.
func (c *casefile) gaveUp(x, y int, n *finFacts) {
	c.add(CloseGivenUp, Warning, x, c.s.frames(n.frames), "%s sent its FIN %s within %s, got no answer and stopped: %s or the path to it was gone. "+
		"Its kernel drops such a socket without a packet (Linux: 102 to 205 s after the first copy once the application has closed it, about 15 min before)",
		c.name(x), times(n.copies), human(n.lastTime-n.time), c.name(y))
}

// oddEvents says what else is worth knowing of a connection.
func (c *casefile) oddEvents() {
	if h := c.s.halfClose(c.f, c.o, c.end); h != nil && h.Bytes > 0 && !c.refusedAll(c.o.closedFirst) {
		x := c.o.closedFirst
		c.add(HalfCloseUsed, Info, 1-x, []uint64{c.o.c.fin[x].frame}, "%s closed its sending side in frame %d; %s sent %s more in the %s after that",
			c.name(x), c.o.c.fin[x].frame, c.role(1-x), bytesText(int64(h.Bytes)), human(h.Seconds.Duration().Nanoseconds()))
	}
	for x := range c.f.e {
		y := c.f.peer(x)
		if n := c.odd.ahead[x]; n != 0 {
			c.add(FINReordered, Info, x, []uint64{n}, "the FIN of %s (frame %d) was captured before data that precede it: the packets were reordered, or the data were lost and sent again", c.name(x), n)
		}
		if n := c.odd.afterFIN[x]; n != 0 {
			c.add(DataAfterFIN, Warning, x, []uint64{c.o.c.fin[x].frame, n}, "%s sent data in frame %d, past its own FIN of frame %d: their receiver ignores them. A broken stack or a middlebox does that", c.name(x), n, c.o.c.fin[x].frame)
		}
		if z := &c.odd.zero[y]; z.held > 0 && z.probes > 0 && c.o.c.fin[x].sent {
			c.add(ZeroWindowClose, Warning, y, []uint64{z.frame, c.o.c.fin[x].frame}, "the close of %s waited %s behind the closed window of %s (from frame %d, %d probes), whose application did not read",
				c.name(x), human(z.held), c.name(y), z.frame, z.probes)
		}
		if q := &c.odd.silent[x]; q.resent >= 3 && !c.o.c.fin[x].sent && !c.o.c.rst.accepted && c.f.synchronized() && c.end-q.since >= 3e9 {
			c.add(PeerVanished, Warning, y, []uint64{q.first, q.last}, "%s sent data again %s within %s (frames %d to %d) and %s answers nothing: its host or the path to it is down",
				c.name(x), times(q.resent), human(q.until-q.since), q.first, q.last, c.name(y))
		}
	}
	if c.o.roles == RolesBoth && c.f.flags&self == 0 {
		c.add(SimultaneousOpen, Info, nobody, []uint64{c.f.firstFrame}, "both sides opened the connection at once: neither is client or server by the packets")
	}
	if c.o.doubts&mptcpDoubt != 0 {
		c.add(MPTCP, Info, nobody, []uint64{c.f.firstFrame}, "a subflow of a Multipath TCP connection: the connection itself is closed by DATA_FIN, which may come earlier or from the other side (RFC 8684 §3.3.3)")
	}
}

// refusedAll reports whether x had closed its socket and not only its sending side: it acknowledged nothing of what came
// after its FIN and answered with RST.
func (c *casefile) refusedAll(x int) bool {
	r := &c.o.c.rst
	return r.accepted && int(r.by) == x && !r.live && !c.o.c.fin[x].ack.Before(c.f.e[x].lastAck)
}
