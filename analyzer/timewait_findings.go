package analyzer

import "fmt"

// timeWaits says what happened to the TIME_WAITs of a connection, and what its own SYN met.
func (c *casefile) timeWaits() {
	for x := range c.f.e {
		w, ok := c.s.waitOf(c.f, c.o, x, c.end, c.a)
		if !ok {
			continue
		}
		ev := c.s.events(&c.o.c.timeWait[x])
		switch w.ended {
		case "killed":
			c.timeWaitKilled(x, &w, ev)
		case "reused":
			c.timeWaitReused(x, &w, ev)
		}
		if ev.restarts > 0 && w.ended != "reused" && w.ended != "killed" {
			last := ""
			if ev.restarts > 1 {
				last = ", the last time"
			}
			c.add(TimeWaitExtended, Info, x, []uint64{c.o.c.fin[c.f.peer(x)].lastFrame}, "the TIME_WAIT of %s started anew %s%s because %s: it lasts until %s, %s after the close",
				c.name(x), times(ev.restarts), last, ev.cause, at(w.until).Format("15:04:05"), human(w.until-w.since))
		}
	}
	if c.f.reuse != 0 {
		c.timeWaitRefused(c.s.reuses.at(c.f.reuse))
	}
}

// timeWaitKilled describes a TIME_WAIT that ended before its time.
func (c *casefile) timeWaitKilled(x int, w *wait, ev *waitEvents) {
	if ev.killed == 0 {
		c.add(TimeWaitKilled, Info, x, []uint64{ev.denyFrame}, "the TIME_WAIT of %s was gone %s after it began: its host answered with a RST that says so (frame %d)",
			c.name(x), human(w.until-w.since), ev.denyFrame)
		return
	}
	c.add(TimeWaitKilled, Info, x, []uint64{ev.killFrame}, "the RST of frame %d ended the TIME_WAIT of %s %s after it began (RFC 1337), unless its host ignores such (Linux: tcp_rfc1337): "+
		"until then it guarded the next connection on these ports from late packets of this one", ev.killFrame, c.name(x), human(w.until-w.since))
}

// timeWaitReused describes a TIME_WAIT that made way for the next connection.
func (c *casefile) timeWaitReused(x int, w *wait, ev *waitEvents) {
	r := c.s.reuses.at(ev.by)
	frames := []uint64{r.frame, r.answer}
	why := fmt.Sprintf("%s accepted the SYN of frame %d because %s (RFC 6191)", c.role(x), r.frame, r.rule)
	if int(r.by) == x {
		why = fmt.Sprintf("%s itself connected again with the SYN of frame %d (bind() to the port, or tcp_tw_reuse)", c.role(x), r.frame)
	} else if r.challenges > 0 {
		why = fmt.Sprintf("%s accepted the SYN of frame %d, sent %s", c.role(x), r.frame, times(r.sent))
	}
	sure := ""
	if ev.proof == nextISN {
		sure = ": the new initial sequence number is the old next one + 65537, which Linux takes from a TIME_WAIT"
	}
	c.add(TimeWaitReused, Info, x, frames, "a new connection took the addresses and ports %s into the TIME_WAIT of %s: %s%s",
		human(w.until-w.since), c.name(x), why, sure)
}

// timeWaitRefused describes a SYN of this connection that met a TIME_WAIT and was not accepted, or not at once.
func (c *casefile) timeWaitRefused(r *reuse) {
	x := 0 // who sent the SYN: the first packet of a connection is its
	y := c.f.peer(x)
	if !r.holds[c.s.flows.at(r.old).peer(int(r.by))] {
		return // the holder itself connected: nobody refused it
	}
	frames := []uint64{r.frame, r.challenge, r.answer}
	met := fmt.Sprintf("the SYN of frame %d came %s into the TIME_WAIT of the connection before it on these addresses and ports, held by %s, and %s",
		r.frame, human(r.gap), c.name(y), r.rule)
	var fate string
	switch {
	case r.challenges > 0 && r.result == accepted:
		fate = fmt.Sprintf("it was answered with an ACK of the old connection (frame %d) and accepted only when it was sent again: connecting took %s longer",
			r.challenge, human(r.answered-r.syn))
	case r.challenges > 0 && r.result == refused:
		fate = fmt.Sprintf("it was answered with an ACK of the old connection (frame %d), then refused", r.challenge)
	case r.challenges > 0:
		fate = fmt.Sprintf("it was answered with %s of the old connection (frame %d), not with a SYN-ACK: connecting hangs until that TIME_WAIT has run out",
			plural(int64(r.challenges), "ACK", "ACKs"), r.challenge)
	case r.result == refused:
		fate = "it was refused with RST: nobody listens on the port any more, and the TIME_WAIT is gone as well"
		if !c.s.rules.linux {
			fate = "it was refused with RST"
		}
	case r.result == unanswered && r.sent > 1:
		fate = fmt.Sprintf("it got no answer (sent %s within %s): it was dropped for that (RFC 6191), or lost", times(r.sent), human(r.last-r.syn))
	default:
		return
	}
	nat := ""
	switch {
	case r.rule == tsOlder && r.otherTTL:
		nat = "; the TTL differs as well: several hosts behind one NAT address share these ports (give the NAT more addresses, or switch off tcp_timestamps on the hosts behind it)"
	case r.rule == tsOlder:
		nat = "; one host's clock does not go back: several hosts behind one NAT address may share these ports (give the NAT more addresses, or switch off tcp_timestamps on the hosts behind it)"
	}
	c.add(TimeWaitRefused, Warning, x, frames, "%s; %s%s", met, fate, nat)
}
