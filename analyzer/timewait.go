package analyzer

// timeWaitSpan returns the TIME_WAIT of endpoint x, if it holds one.
func timeWaitSpan(f *flow, o *outcome, x int, end int64, a *assumptions) (TimeWaitSpan, bool) {
	tw := &o.c.timeWait[x]
	if o.state[x] != TimeWait || f.flags&self != 0 && x != o.client {
		return TimeWaitSpan{}, false
	}
	since := tw.since
	if since == 0 { // presumed: its acknowledgment was not captured
		since = o.since[x]
	}
	until := since + a.timeWait
	span := TimeWaitSpan{Holder: o.side(x), Since: at(since), Until: at(until), Ended: "running"}
	switch {
	case tw.reused != 0 && tw.reused < until && (tw.killed == 0 || tw.killed > tw.reused):
		span.Until, span.Ended = at(tw.reused), "reused"
	case tw.killed != 0 && tw.killed < until:
		span.Until, span.Ended = at(tw.killed), "killed"
	case until <= end:
		span.Ended = "expired"
	}
	return span, true
}

// timeWaits says what happened to the TIME_WAITs of a connection.
func (c *casefile) timeWaits() {
	for x := range c.f.e {
		tw := &c.o.c.timeWait[x]
		span, ok := timeWaitSpan(c.f, c.o, x, c.end, c.a)
		if !ok {
			continue
		}
		if span.Ended == "killed" {
			c.add(TimeWaitKilled, Info, x, []uint64{c.odd.late}, "the TIME_WAIT of %s was ended early by a RST (RFC 1337), %s after it began, unless its kernel ignores that (tcp_rfc1337)",
				c.name(x), human(tw.killed-tw.since))
		}
		if tw.restarts > 0 {
			c.add(TimeWaitExtended, Info, x, []uint64{c.o.c.fin[c.f.peer(x)].lastFrame}, "the TIME_WAIT of %s began anew %s, as the FIN of %s came again: it lasts until %s",
				c.name(x), times(tw.restarts), c.role(c.f.peer(x)), span.Until.Format("15:04:05"))
		}
		if span.Ended == "reused" {
			c.add(TimeWaitReused, Info, x, nil, "a new connection took the addresses and ports over %s after the close, in the TIME_WAIT of %s",
				human(tw.reused-tw.since), c.name(x))
		}
	}
}
