package analyzer

import (
	"fmt"
	"strings"
)

// This file says in words why a RST was sent, of those that ended a connection: a function for each cause of reset_cause.go. x is the
// endpoint in whose name the RST r was sent, y its peer.

// injected describes a RST that its supposed sender may not have sent.
func (c *casefile) injected(r *rstFacts, x int) {
	sev, sure := Error, "was probably not sent by it"
	if !r.foreign {
		sev, sure = Warning, "may not have been sent by it"
	}
	c.add(ResetInjected, sev, nobody, []uint64{r.frame, c.o.odd.wentOn}, "the RST of frame %d in the name of %s %s: %s. "+
		"Look for a firewall, load balancer or intrusion prevention system on the path", r.frame, c.name(x), sure, c.foreignSigns(r, x))
}

// foreignSigns lists what speaks against the supposed sender of a RST.
func (c *casefile) foreignSigns(r *rstFacts, x int) string {
	signs := ""
	say := func(format string, args ...any) {
		if signs != "" {
			signs += ", "
		}
		signs += c.text(format, args...)
	}
	if r.otherPath() {
		say("its TTL is %d, that of the packet of %s before it %d", r.ttl, c.role(x), r.usual.latest)
	}
	if c.o.odd.wentOn != 0 {
		say("%s went on in frame %d as if nothing had happened", c.role(x), c.o.odd.wentOn)
	} else if r.foreign {
		say("%s would not use its sequence number here", c.role(x))
	}
	return signs
}

// keepaliveTimeout describes the end of a connection whose keep-alive probes nobody answered.
func (c *casefile) keepaliveTimeout(r *rstFacts, x, y int) {
	then := "It lives, and learned of the end when it sent something"
	if c.o.state[y] != Closed {
		in := r.before[y]
		if in == Unknown {
			in = Established
		}
		then = c.text("If %s lives, it still holds the connection (%s there) and learns of the end only when it sends",
			c.role(y), c.a.platform.list(in, "dst "+c.s.addr(c.f, x).String()))
	}
	c.add(KeepaliveTimeout, Warning, y, []uint64{r.frame, c.o.odd.silent[x].first, c.o.odd.silent[x].last},
		"%s sent %s, got no answer and gave up with a RST: %s or the path to it was dead. %s", c.name(x), counted(int64(r.probes), "keep-alive probe", "keep-alive probes"), c.role(y), then)
}

// unreadData describes the RST of a socket that was closed with data of its peer in it.
func (c *casefile) unreadData(r *rstFacts, x, y int) {
	how := "its kernel then sends a RST instead of a FIN"
	if n := &c.o.c.fin[x]; n.sent && n.frame < r.frame {
		how = c.text("its kernel then sends a RST, here after the FIN of frame %d", n.frame)
	}
	if c.f.e[x].has(sentData) {
		how += c.text(", and %s may lose what it has not read yet", c.role(y))
	}
	same := "an abort by choice"
	if c.f.accepting(x) {
		same += ", or of a listening socket before the connection was accepted,"
	}
	c.add(ResetUnreadData, Warning, x, []uint64{r.frame}, "%s closed the socket, or was killed, while data of %s lay unread in it (likely; %s looks the same): %s. Read to the end of file before close()",
		c.name(x), c.role(y), same, how)
}

// abort describes the RST that a live socket sent without leaving data unread, as far as the packets tell.
func (c *casefile) abort(r *rstFacts, x, y int) {
	frames := []uint64{r.frame}
	if r.crossed && c.f.flags&self == 0 {
		c.add(ResetAbort, Warning, nobody, c.s.frames(frames, c.o.resets.frame[y], c.o.resets.more[y]), "both sides aborted the connection at once: %s", c.abortReasons(x, y))
		return
	}
	e := &c.f.e[x]
	sev, lost := Warning, ""
	una, acked := e.out.Acked()
	unacked := int64(r.seq.Diff(una))
	if n := &c.o.c.fin[x]; n.sent && n.end == r.seq || c.o.unseenClose && c.s.raritiesIn(c.o.odd).early[x].valid {
		unacked-- // that number is the FIN's
	}
	if acked && unacked > 0 && e.has(sentData) {
		lost = c.text(". The last %s it sent were never acknowledged", c.bytes(unacked))
		if unacked == 1 {
			lost = ". The last byte it sent was never acknowledged"
		}
	} else if m := &c.o.c.fin[y]; m.sent && m.acked && r.before[x] == CloseWait && e.has(sentData) {
		sev, lost = Info, ". Both had sent all they had to send: nothing is lost, and nobody has to hold TIME_WAIT" // many clients do this on purpose
		if r.peerDataLast {
			lost = ". Both had sent all they had to send: nothing is lost unless it lay unread, and nobody has to hold TIME_WAIT"
		}
	}
	c.add(ResetAbort, sev, x, frames, "%s aborted the connection in %s: %s%s",
		c.name(x), r.before[x], c.abortReasons(x, y), lost)
}

// abortReasons lists what makes a live socket of x send a RST.
func (c *casefile) abortReasons(x, y int) string {
	if c.codesOnly {
		return ""
	}
	reasons := []string{"close() with SO_LINGER and time 0"}
	if c.f.e[y].has(sentData) {
		reasons = append(reasons, "close() with unread data")
	}
	if c.f.accepting(x) {
		reasons = append(reasons, "a listening socket that was closed before the connection was accepted")
	}
	if c.o.odd.probes[x] > c.s.raritiesIn(c.o.odd).zero[y].probes { // no socket dies of window probes that are answered
		reasons = append(reasons, "keep-alive probes whose answers were lost on their way from here")
	}
	if c.a.platform.linux() {
		reasons = append(reasons, "`ss -K` of an administrator")
	}
	if len(reasons) == 1 {
		return reasons[0]
	}
	return strings.Join(reasons[:len(reasons)-1], ", ") + " or " + reasons[len(reasons)-1]
}

// unprompted describes a RST that no socket sent, and that answers nothing.
func (c *casefile) unprompted(r *rstFacts, x int) {
	c.add(ResetAbort, Warning, x, []uint64{r.frame}, "a bare RST came in the name of %s after %s of silence and answers nothing. A Linux socket sends RST with ACK: "+
		"suspect a load balancer, firewall or NAT on the path that drops connections idle for so long", c.name(x), c.human(r.idle))
}

// finWait2Expired describes a closed socket whose FIN_WAIT_2 had run out when its peer went on.
func (c *casefile) finWait2Expired(r *rstFacts, x, y int) {
	n := &c.o.c.fin[x]
	c.add(ResetFinWait2Expired, Warning, y, []uint64{r.frame, n.frame}, "%s closed in frame %d; %s took %s to close or to send more. "+
		"By then the kernel of %s had dropped the socket (it keeps a closed socket in FIN_WAIT_2 for %s%s) and answered with RST. Make %s close sooner",
		c.name(x), n.frame, c.name(y), c.human(r.time-n.doneTime()), c.role(x), c.human(c.a.finTimeout), c.a.platform.onLinux(" by net.ipv4.tcp_fin_timeout"), c.role(y))
}

// timeWaitOver describes a FIN that came again when the TIME_WAIT of its receiver had run out.
func (c *casefile) timeWaitOver(r *rstFacts, x, y int) {
	n := &c.o.c.fin[x]
	c.add(ResetLateData, Warning, x, []uint64{r.frame, n.frame}, "%s had closed in frame %d, and its TIME_WAIT of %s was over when the FIN of %s came again: it answered with RST. No data are lost, but %s waited in LAST_ACK all that time for an ACK that did not arrive",
		c.name(x), n.frame, c.human(c.a.timeWait), c.name(y), c.role(y))
}

// closeGivenUp describes a socket that had sent its FIN in vain and was gone when its peer went on.
func (c *casefile) closeGivenUp(r *rstFacts, x, y int) {
	n := &c.o.c.fin[x]
	sent := c.text("%s from frame %d on", c.times(c.s.copies(n)), n.frame)
	if c.s.copies(n) < gaveUpAfter {
		sent = c.text("in frame %d, and the data before it again and again", n.frame)
	}
	c.add(ResetNoConnection, Warning, x, c.s.frames([]uint64{r.frame}, n.frame, c.s.repeatsOf(n).more), "%s sent its FIN %s, got no answer and gave up; when %s spoke again %s later, the host of %s had no socket any more and answered with RST. "+
		"That FIN never reached %s: packets to it were lost all that time, or it had no room for them",
		c.name(x), sent, c.name(y), c.human(r.time-n.last), c.role(x), c.role(y))
}

// notKept describes a closed socket of x of which the kernel kept nothing, or not for long.
func (c *casefile) notKept(r *rstFacts, x, y int) {
	n := &c.o.c.fin[x]
	frames := []uint64{r.frame, n.frame}
	code, answered := ResetFinWait2Expired, "an ACK"
	if m := &c.o.c.fin[y]; m.sent {
		last := m.frame
		for _, frame := range c.s.finFrames(nil, m) {
			if frame < r.frame {
				last = max(last, frame)
			}
		}
		code, answered = ResetLateData, c.text("the FIN of %s (frame %d)", c.name(y), last)
		if last != m.frame {
			frames = append(frames, last)
		}
	}
	state, look := "FIN_WAIT_2 or TIME_WAIT", "TCP_LINGER2 below 0, a short net.ipv4.tcp_fin_timeout, or more sockets than tcp_max_tw_buckets or tcp_max_orphans allow (`nstat -az TcpExtTCPTimeWaitOverflow TcpExtTCPAbortOnMemory`)"
	if r.before[x] == TimeWait { // it had acknowledged the FIN before
		state, look = "TIME_WAIT", "more sockets than net.ipv4.tcp_max_tw_buckets allows (`nstat -az TcpExtTCPTimeWaitOverflow`), or `ss -K`"
	}
	if look = ". Look for " + look; !c.a.platform.linux() {
		look = ""
	}
	c.add(code, Warning, x, frames, "%s closed in frame %d and %s later answered %s with RST: no data are lost, but its kernel did not keep the socket in %s%s",
		c.name(x), n.frame, c.human(r.time-n.doneTime()), answered, state, look)
}

// lateData describes data that a closed socket refused.
func (c *casefile) lateData(r *rstFacts, x, y int) {
	n := &c.o.c.fin[x]
	frames := []uint64{r.frame, n.frame}
	refused := c.refusedBytes(x, y)
	if c.s.controlOnly && refused <= 0 {
		c.add(ResetLateData, Warning, x, frames, "%s closed in frame %d and %s later answered with RST what %s sent. That is not in the capture: most likely data, which are lost; or its kernel kept no socket in FIN_WAIT_2 that could have answered an ACK",
			c.name(x), n.frame, c.human(r.time-n.doneTime()), c.name(y))
		return
	}
	lost := c.bytes(refused)
	if later := int64(c.s.newAfter(n, &c.o.c.fin[y], &c.f.e[y])); n.acked && n.ackedFrame < r.frame && later > 0 {
		what := c.text("%s that %s sent later", lost, c.name(y))
		if later < refused {
			what = c.text("%s of %s, %s of them sent after that,", lost, c.name(y), c.count(later))
		}
		if taken := int64(c.f.e[x].lastAck.Diff(n.ack)); taken > 0 { // a socket that is closed acknowledges nothing that comes after its FIN
			c.add(ResetLateData, Warning, x, frames, "%s closed its sending side in frame %d, took %s after that, and then closed the whole socket (close(), or its process ended): %s of %s drew a RST and are lost. "+
				"To take them, %s must read to the end of file before close()", c.name(x), n.frame, c.bytes(taken), lost, c.name(y), c.role(x))
			return
		}
		c.add(ResetLateData, Warning, x, frames, "%s closed the whole socket in frame %d, not just its sending side (close() or shutdown(SHUT_RDWR), or its process ended): %s drew a RST and are lost. "+
			"To go on reading, %s must call shutdown(SHUT_WR), read to the end of file, then close()", c.name(x), n.frame, what, c.role(x))
		return
	}
	c.add(ResetLateData, Warning, x, frames, "%s closed the socket in frame %d while %s of %s were on their way: they drew a RST and are lost. "+
		"To take them, %s must call shutdown(SHUT_WR), read to the end of file, then close()", c.name(x), n.frame, lost, c.name(y), c.role(x))
}

// notOpening describes the RST that answers a SYN-ACK of a connection which its sender does not open.
func (c *casefile) notOpening(r *rstFacts, x int) {
	c.add(ResetNoConnection, Info, x, []uint64{r.frame}, "%s answered a SYN-ACK with RST: it had given up the connect before, or it never sent that SYN (a forged address, as in a SYN flood)", c.name(x))
}

// synReceivedDropped describes a request that was taken back after its SYN-ACK.
func (c *casefile) synReceivedDropped(r *rstFacts, x, y int) {
	restarted := ""
	if e := &c.f.e[x]; !e.has(synAgain) && r.time-r.heard > synAgainAfter { // a request that waits has its SYN-ACK sent again
		restarted = ", or its host was restarted"
	}
	c.add(ResetNoConnection, Warning, x, []uint64{r.frame}, "%s had sent nothing but its SYN-ACK when it answered %s with RST: it took the request back (the listening socket was closed, or its accept queue was full%s), or a firewall rejects what follows%s",
		c.name(x), c.role(y), c.a.platform.onLinux(" with net.ipv4.tcp_abort_on_overflow=1"), restarted)
}

// halfOpen describes the end of a connection that one side had forgotten when it connected again.
func (c *casefile) halfOpen(r *rstFacts, x int) {
	why := "it had been restarted, or had dropped the connection without a word (half-open, RFC 9293 §3.5.1)"
	switch {
	case c.o.odd.isn == isnContinues:
		why = "it had dropped the connection without a word (half-open, RFC 9293 §3.5.1). It was not restarted: the sequence numbers of its two SYNs are as far apart as Linux's clock for them says, which a reboot would have set anew"
	case c.o.odd.isn == isnJumps && c.a.platform.linux():
		why += ". For a restart speaks that the sequence number of its SYN does not follow Linux's clock from the old one, unless it runs another system"
	}
	c.add(ResetNoConnection, Warning, x, []uint64{r.frame}, "%s knew nothing of this connection and came back with a SYN on the same ports: %s", c.name(x), why)
}

// stateLost describes the RST of a host that knows no such connection, for reasons that the packets do not tell.
func (c *casefile) stateLost(r *rstFacts, x, y int) {
	why := "it was rebooted or failed over, it had given up the connection without a packet that passed here, or a firewall on the path lost it and answers in its name"
	switch {
	case c.gaveUpSending(r, x):
		why = c.text("it had sent data again and again for %s without an answer, and most likely gave up without a packet, as a socket does then%s. Its packets, or what answered them, were lost all that time",
			c.human(r.heard-c.s.raritiesIn(c.o.odd).past[x].since), c.a.platform.onLinux(" (TCP_USER_TIMEOUT, net.ipv4.tcp_retries2)"))
	case c.closedBehind(r, x):
		why = c.text("it had closed or aborted the socket without a packet that passed here (close() with more to send, so that the FIN waited behind that; or its RST was lost), it failed over, or a firewall on the path answers in its name. It was heard of %s before: a reboot takes longer",
			c.human(r.time-r.heard))
	}
	c.add(ResetNoConnection, Warning, x, []uint64{r.frame}, "%s answered%s with the RST of a host that knows no such connection%s: %s", c.name(x), c.triggerText(r, y), idleText(r), why)
}

// triggerText says what a bare RST answered.
func (c *casefile) triggerText(r *rstFacts, y int) string {
	switch m := &c.o.c.fin[y]; {
	case m.sent && m.frame < r.frame:
		return c.text(" the FIN of frame %d", m.frame)
	case r.resent > 0:
		return c.text(" data that %s had sent again %s in vain", c.role(y), c.times(r.resent))
	case r.probed > 0:
		return " a keep-alive probe"
	case r.peerDataLast:
		return " data"
	default:
		return ""
	}
}

// idleText says how long the sender of a RST had not been heard of, if that is long enough to matter.
func idleText(r *rstFacts) string {
	if r.heard == 0 || r.time-r.heard < 1e9 {
		return ""
	}
	return fmt.Sprintf(", %s after it was last heard of", human(r.time-r.heard))
}
