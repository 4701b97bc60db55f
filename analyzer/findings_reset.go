package analyzer

// resets says of the RSTs of a connection why they were sent and what they did (RFC 9293 §3.5; the wire prints of Linux
// sockets and of stacks without one: RFC 9293 §3.10.7.1, net/ipv4/tcp_ipv4.c tcp_v4_send_reset).
func (c *casefile) resets() {
	if r := &c.o.resets.rst; c.o.verdict == ResetVerdict || c.o.verdict == Refused {
		c.reset()
		if x := int(r.by); !r.accepted && c.o.state[c.f.peer(x)] != Closed {
			c.add(ResetIgnored, Warning, c.f.peer(x), []uint64{r.frame}, "%s is gone since the RST of frame %d, but %s did not take that (it was lost, or data before it were) "+
				"and keeps the connection until it sends something and gets a RST in answer, or a timer ends it", c.name(x), r.frame, c.role(c.f.peer(x)))
		}
	}
	if n := int64(c.o.resets.ignored); n > 0 {
		c.ignored(n)
	}
	if n := int64(c.o.resets.late); n > 0 && !c.killedByRST() {
		none := ""
		for x := range c.f.e {
			if ev := c.s.events(&c.o.c.timeWait[x]); ev.denied != 0 {
				none = c.text("; %s, which closed first, holds no TIME_WAIT: its stack answered so in frame %d", c.role(x), ev.denyFrame)
			}
		}
		after := "both FINs were acknowledged: the close was complete, nothing was lost"
		if c.o.verdict == ResetVerdict {
			after = "both ends were gone: answers to what was still on its way"
		}
		c.add(ResetAfterClose, Info, nobody, []uint64{c.o.odd.late}, "%s after %s%s", counted(n, "RST came", "RSTs came"), after, none)
	}
}

// killedByRST reports whether a RST is told of as the end of a TIME_WAIT.
func (c *casefile) killedByRST() bool {
	for x := range c.f.e {
		if w, ok := c.s.waitOf(c.f, c.o, x, c.end, c.a); ok && w.ended == WaitKilled {
			return true
		}
	}
	return false
}

// ignored describes RSTs that their receiver did not believe.
func (c *casefile) ignored(n int64) {
	which := c.text("the RST of frame %d was not believed", c.o.odd.ignored)
	if n > 1 {
		which = c.text("%s RSTs were not believed, the first in frame %d", c.count(n), c.o.odd.ignored)
	}
	why := "its sequence number is not the one its receiver expects (RFC 5961 §3.2). It came from a middlebox, an attacker or an old connection (compare its TTL with that of its supposed sender), or data before it were lost"
	switch {
	case n > 1 && c.o.odd.disproved != 0:
		why = "they were lost between the capture point and their receiver, came too late, or a middlebox or an attacker sent them (compare their TTL with that of their supposed sender)"
	case c.o.odd.disproved == c.o.odd.ignored:
		why = "its sequence number fits, and the connection went on all the same. It was lost between the capture point and its receiver, or came too late; if its supposed sender went on as well, a middlebox or an attacker sent it"
	}
	c.add(ResetIgnored, Warning, nobody, []uint64{c.o.odd.ignored}, "%s: %s", which, why)
}

// reset describes the RST that ended the connection, by its cause.
func (c *casefile) reset() {
	r := &c.o.resets.rst
	x := int(r.by)
	y := c.f.peer(x)
	switch c.cause() {
	case causeInjected:
		c.injected(r, x)
	case causeKeepalive:
		c.keepaliveTimeout(r, x, y)
	case causeUnread:
		c.unreadData(r, x, y)
	case causeAbort:
		c.abort(r, x, y)
	case causeBare:
		c.unprompted(r, x)
	case causeExpired:
		c.finWait2Expired(r, x, y)
	case causeWaitOver:
		c.timeWaitOver(r, x, y)
	case causeGaveUp:
		c.closeGivenUp(r, x, y)
	case causeNotKept:
		c.notKept(r, x, y)
	case causeLate:
		c.lateData(r, x, y)
	case causeNotOpening:
		c.notOpening(r, x)
	case causeSYNReceived:
		c.synReceivedDropped(r, x, y)
	case causeHalfOpen:
		c.halfOpen(r, x)
	case causeStateLost:
		c.stateLost(r, x, y)
	}
}
