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
