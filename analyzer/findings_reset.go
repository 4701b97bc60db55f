package analyzer

import "fmt"

// resets says of the RSTs of a connection why they were sent and what they did (RFC 9293 §3.5; the wire prints of Linux
// sockets and of stacks without one: RFC 9293 §3.10.7.1, net/ipv4/tcp_ipv4.c tcp_v4_send_reset).
func (c *casefile) resets() {
	r := &c.o.c.rst
	if r.accepted && !r.refusal {
		c.resetCause(r, int(r.by), c.f.peer(int(r.by)))
	}
	if c.o.c.ignored > 0 {
		c.add(ResetIgnored, Warning, nobody, []uint64{c.odd.ignored}, "%s not believed by %s receiver: the connection went on; "+
			"a RST at a wrong sequence number comes from a middlebox, an attacker or an old connection",
			plural(int64(c.o.c.ignored), "RST was", "RSTs were"), plural1(int64(c.o.c.ignored), "its", "their"))
	}
	if c.o.c.lateRSTs > 0 && c.s.events(&c.o.c.timeWait[0]).killed|c.s.events(&c.o.c.timeWait[1]).killed == 0 {
		c.add(ResetAfterClose, Info, nobody, []uint64{c.odd.late}, "%s after both FINs were acknowledged: the close was complete, nothing was lost",
			plural(int64(c.o.c.lateRSTs), "RST came", "RSTs came"))
	}
}

// deadProbes is how many unanswered keep-alive probes before the RST of a live socket mean that these were its reason.
const deadProbes = 2

// resetCause classifies the RST that ended the connection: x sent it, y had to believe it.
func (c *casefile) resetCause(r *rstFacts, x, y int) {
	n := &c.o.c.fin[x]
	frames := []uint64{r.frame}
	switch {
	case r.foreign || r.usualTTL != 0 && r.ttl != r.usualTTL:
		c.add(ResetInjected, Error, nobody, append(frames, c.odd.wentOn), "the RST of frame %d in the name of %s was probably not sent by it: %s; "+
			"look for a firewall, load balancer or intrusion prevention system on the path", r.frame, c.name(x), c.foreignSigns(r, x))
	case r.live && r.probes >= deadProbes:
		c.add(KeepaliveTimeout, Warning, y, append(frames, c.odd.silent[x].first, c.odd.silent[x].last),
			"%s gave up after %d keep-alive probes without an answer and sent a RST: %s or the path to it was dead, and may not know that the connection is gone",
			c.name(x), r.probes, c.role(y))
	case r.live:
		c.abort(r, x, y, frames)
	case n.sent && n.frame < r.frame && r.time-n.doneTime() >= c.a.finTimeout:
		c.add(ResetFinWait2Expired, Warning, y, append(frames, n.frame), "%s had closed in frame %d; %s took %s to close or to send more, and by then "+
			"the kernel of %s had dropped the socket (FIN_WAIT_2 of a closed socket lasts %s) and answered with RST: make %s close sooner",
			c.name(x), n.frame, c.name(y), human(r.time-n.doneTime()), c.role(x), human(c.a.finTimeout), c.role(y))
	case n.sent && n.frame < r.frame && r.seq == n.end-1:
		c.add(ResetLateData, Warning, x, append(frames, n.frame), "%s had closed the socket in frame %d while data of %s were on their way: they were refused with RST and are lost; "+
			"%s must read to the end of file before it closes (shutdown(SHUT_WR), read, close)", c.name(x), n.frame, c.name(y), c.role(x))
	case n.sent && n.frame < r.frame:
		c.add(ResetLateData, Warning, x, append(frames, n.frame), "%s had closed the socket in frame %d, not just its sending side: what %s still sent was refused with RST and is lost; "+
			"if it should read on, it must call shutdown(SHUT_WR), read to the end, then close", c.name(x), n.frame, c.name(y))
	default:
		c.add(ResetNoConnection, Warning, x, frames, "%s answered%s with a RST of a host that knows no such connection%s: it was rebooted, failed over to another host, or a firewall in between lost its state and answers for it",
			c.name(x), c.triggerText(r, y), idleText(r))
	}
}

// abort tells the RST that a live socket sent because it was closed with data unread from one that was asked for.
func (c *casefile) abort(r *rstFacts, x, y int, frames []uint64) {
	if c.unread(r, x, y) {
		c.add(ResetUnreadData, Warning, x, frames, "%s closed its socket with data of %s still unread: the kernel sends a RST instead of a FIN then, and what was on its way is lost; "+
			"read until end of file before close (likely; an abort by choice looks the same)", c.name(x), c.role(y))
		return
	}
	c.add(ResetAbort, Warning, x, frames, "%s aborted the connection in %s: an explicit abort (SO_LINGER with time 0, a kill of the socket) or a close with unread data; "+
		"the kernel of %s discards whatever was queued", c.name(x), r.before[x], c.role(x))
}

// unread reports whether x, which sent a RST from a live socket, had probably left data of y unread: the data were the
// last that was said, and x never answers, had closed its own side before, had closed its window on them, or they came
// together with y's FIN. That RST carries the same packet as any other abort: it is likely at best.
func (c *casefile) unread(r *rstFacts, x, y int) bool {
	if !r.peerDataLast {
		return false
	}
	n, m := &c.o.c.fin[x], &c.o.c.fin[y]
	return !c.f.e[x].has(sentData) || n.sent && n.frame < r.frame || c.odd.zero[x].open || m.sent && m.withData
}

// foreignSigns lists what speaks against the supposed sender of a RST.
func (c *casefile) foreignSigns(r *rstFacts, x int) string {
	signs := ""
	say := func(format string, args ...any) {
		if signs != "" {
			signs += ", "
		}
		signs += fmt.Sprintf(format, args...)
	}
	if r.usualTTL != 0 && r.ttl != r.usualTTL {
		say("its TTL is %d where the other packets of %s have %d", r.ttl, c.role(x), r.usualTTL)
	}
	if c.odd.wentOn != 0 {
		say("%s went on in frame %d as if nothing had happened", c.role(x), c.odd.wentOn)
	} else if r.foreign {
		say("its sequence number is none that %s would use here", c.role(x))
	}
	return signs
}

// triggerText says what a bare RST answered.
func (c *casefile) triggerText(r *rstFacts, y int) string {
	switch m := &c.o.c.fin[y]; {
	case m.sent && m.frame < r.frame:
		return fmt.Sprintf(" the FIN of frame %d", m.frame)
	case r.before[y] == SynReceived:
		return " a SYN-ACK"
	case r.resent > 0:
		return fmt.Sprintf(" data that had been sent again %s without an answer", times(r.resent))
	case r.peerDataLast:
		return " data"
	default:
		return ""
	}
}

// idleText names the silence before a RST if it is long enough to matter.
func idleText(r *rstFacts) string {
	if r.idle < 1e9 {
		return ""
	}
	return fmt.Sprintf(", after %s of silence", human(r.idle))
}

// doneTime returns when the sender of a FIN knew that it had arrived, or sent it.
func (n *finFacts) doneTime() int64 {
	if n.acked {
		return n.ackedTime
	}
	return n.time
}

// plural writes a number with a noun and its verb.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "a " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func plural1(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
