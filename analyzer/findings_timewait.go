package analyzer

// timeWaits says what happened to the TIME_WAITs of a connection, and what its own SYN met.
func (c *casefile) timeWaits() {
	for x := range c.f.e {
		w, ok := c.s.waitOf(c.f, c.o, x, c.end, c.a)
		ev := c.s.events(&c.o.c.timeWait[x])
		if ev.denied != 0 && ev.by != 0 && (!ok || w.ended == WaitKilled) {
			c.timeWaitAbsent(x, ev)
			continue
		}
		if !ok {
			continue
		}
		switch w.ended {
		case WaitKilled:
			c.timeWaitKilled(x, &w, ev)
		case WaitReused:
			c.timeWaitReused(x, &w, ev)
		}
		if ev.restarts > 0 && w.ended != WaitReused && w.ended != WaitKilled {
			last := ""
			if ev.restarts > 1 {
				last = ", the last time"
			}
			c.add(TimeWaitExtended, Info, x, []uint64{ev.frame}, "the TIME_WAIT of %s was started anew %s%s because %s (frame %d): it lasts until %s, %s after the close",
				c.name(x), c.times(ev.restarts), last, ev.cause, ev.frame, clock(w.until, c.end), c.human(w.until-w.since))
		}
	}
	if c.f.flags&reused != 0 {
		c.timeWaitRefused(c.s.reuseOf(c.f))
	}
}

// timeWaitAbsent describes a TIME_WAIT that was gone when the next connection came.
func (c *casefile) timeWaitAbsent(x int, ev *waitEvents) {
	r := c.s.reuses.At(ev.by)
	why := c.text("its initial sequence number there (frame %d) goes by its clock, and Linux takes the old next one + 65537 out of a TIME_WAIT", ev.denyFrame)
	switch {
	case r.result == refused:
		why = c.text("its stack refused the SYN of frame %d with RST (frame %d), where a TIME_WAIT answers with ACK", r.frame, ev.denyFrame)
	case r.isn != isnByClock:
		why = c.text("it accepted the SYN of frame %d at once (frame %d) although %s", r.frame, ev.denyFrame, r.rule)
	}
	c.add(TimeWaitKilled, Info, x, []uint64{r.frame, ev.denyFrame}, "%s held no TIME_WAIT when the next connection came to these addresses and ports, or none any more: %s. "+
		"Look for more sockets than net.ipv4.tcp_max_tw_buckets allows (`nstat -az TcpExtTCPTimeWaitOverflow`), or for a RST that the capture lacks", c.name(x), why)
}

// timeWaitKilled describes a TIME_WAIT that ended before its time.
func (c *casefile) timeWaitKilled(x int, w *wait, ev *waitEvents) {
	if ev.killed == 0 {
		c.add(TimeWaitKilled, Info, x, []uint64{ev.denyFrame}, "the TIME_WAIT of %s was gone %s after it began or sooner: its host answered with the RST of a stack that holds no such socket (frame %d)",
			c.name(x), c.human(w.until-w.since), ev.denyFrame)
		return
	}
	c.add(TimeWaitKilled, Info, x, []uint64{ev.killFrame}, "the RST of frame %d ended the TIME_WAIT of %s %s after it began (RFC 1337), unless its host ignores such RSTs%s: "+
		"late packets of this connection may now reach the next one on these ports", ev.killFrame, c.name(x), c.human(w.until-w.since), c.a.platform.onLinux(" (net.ipv4.tcp_rfc1337=1)"))
}

// timeWaitReused describes a TIME_WAIT that made way for the next connection.
func (c *casefile) timeWaitReused(x int, w *wait, ev *waitEvents) {
	r := c.s.reuses.At(ev.by)
	frames := []uint64{r.frame, r.answer}
	rfc := "RFC 9293 §3.6.1"
	if r.rule == tsNewer {
		rfc = "RFC 6191"
	}
	why := c.text("%s accepted the SYN of frame %d because %s (%s)", c.role(x), r.frame, r.rule, rfc)
	if int(r.by) == x {
		why = c.text("%s itself connected again with the SYN of frame %d (bind() to the port, or tcp_tw_reuse)", c.role(x), r.frame)
	} else if r.challenges > 0 {
		why = c.text("%s accepted the SYN of frame %d, sent %s", c.role(x), r.frame, c.times(r.sent))
	}
	sure := ""
	switch {
	case ev.proof == nextISN:
		sure = "; the new initial sequence number is the old next one + 65537, which Linux picks only if it held TIME_WAIT"
	case r.isn == isnOther && c.a.platform.linux():
		sure = "; its new initial sequence number is not the old next one + 65537, which Linux takes out of a TIME_WAIT: it runs something else, answers with SYN cookies, or held none any more"
	}
	c.add(TimeWaitReused, Info, x, frames, "a new connection took the addresses and ports %s into the TIME_WAIT of %s: %s%s",
		c.human(w.until-w.since), c.name(x), why, sure)
}

// timeWaitRefused describes a SYN of this connection that met a TIME_WAIT and was not accepted, or not at once.
func (c *casefile) timeWaitRefused(r *reuse) {
	x := 0 // who sent the SYN: the first packet of a connection is its
	y := c.f.peer(x)
	if !r.holds[r.to] {
		return // the holder itself connected: nobody refused it
	}
	frames := []uint64{r.frame, r.challenge, r.answer}
	met := c.text("the SYN of frame %d came %s into the TIME_WAIT of the connection before it on these addresses and ports, held by %s, and %s",
		r.frame, c.human(r.gap), c.name(y), r.rule)
	var fate string
	switch {
	case r.challenges > 0 && r.result == accepted:
		fate = c.text("it was answered with an ACK of the old connection (frame %d) and accepted only when it was sent again: connecting took %s longer",
			r.challenge, c.human(r.answered-r.syn))
	case r.challenges > 0 && r.result == refused:
		fate = c.text("it was answered with an ACK of the old connection (frame %d), then refused", r.challenge)
	case r.challenges > 0:
		fate = c.text("it was answered with %s of the old connection (frame %d), not with a SYN-ACK", counted(int64(r.challenges), "ACK", "ACKs"), r.challenge)
		if r.resets > 0 {
			fate += ", and that with a RST: unless the RST ends the TIME_WAIT, so that the SYN is accepted when it is sent again, connecting hangs until that has run out"
		} else {
			fate += ": connecting hangs until that TIME_WAIT has run out or a RST ends it"
		}
	case r.result == refused:
		fate = "it was refused with RST: nobody listens on the port any more, and the TIME_WAIT is gone as well"
		switch {
		case !c.s.rules.linux:
			fate = "it was refused with RST; the TIME_WAIT goes on"
		case !r.absent:
			fate = "it was refused with RST, by a packet filter on the way or by a host that does not run Linux"
		}
	case r.result == unanswered && r.sent > 1:
		fate = c.text("it got no answer (sent %s within %s): it was dropped for that, or lost", c.times(r.sent), c.human(r.last-r.syn))
	default:
		return
	}
	nat := ""
	switch {
	case r.rule == tsOlder && r.otherTTL:
		nat = "; the TTL differs as well: several hosts behind one NAT address share these ports (let the clients close first, so that the server holds no TIME_WAIT, or give the NAT more addresses)"
	case r.rule == tsOlder:
		nat = "; the clock of one host does not go back: several hosts behind one NAT address may share these ports (let the clients close first, so that the server holds no TIME_WAIT, or give the NAT more addresses)"
	}
	c.add(TimeWaitRefused, Warning, x, frames, "%s; %s%s", met, fate, nat)
}
