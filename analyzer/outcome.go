package analyzer

// outcome is how a connection ended, by all that the capture shows.
type outcome struct {
	client int // index of the endpoint that is the client
	roles  Roles
	c      closing // with what had to be inferred
	resets *resets
	odd    *oddities
	state  [2]State
	since  [2]int64
	frame  [2]uint64

	verdict     Verdict
	gaveUp      [2]bool // it stopped sending its FIN again without an answer
	unseenClose bool    // there was a FIN, and no FIN was captured
	closedFirst int     // index of the endpoint; bothSides, noSide or unknownSide
	closedBy    ClosedBy
	doubts      doubts
}

// Values of outcome.closedFirst besides 0 and 1.
const (
	bothSides = 2 + iota
	noSide
	unknownSide
)

// twin reports whether x is the server of a connection whose client is the same socket: what is said of that is not said again.
func (o *outcome) twin(f *flow, x int) bool { return f.flags&self != 0 && x != o.client }

// conclude decides how a connection ended. end is the time of the last packet of the capture. It changes nothing: it may
// be asked again after more packets.
func (s *shard) conclude(f *flow, end int64) (o outcome) {
	s.concludeTo(&o, f, end)
	return o
}

// concludeTo does it in the place of the outcome, which is large.
func (s *shard) concludeTo(o *outcome, f *flow, end int64) {
	*o = outcome{doubts: s.captureDoubts(f)}
	o.client, o.roles = roles(f)
	if f.closing != 0 {
		o.c = *s.closings.At(f.closing)
	}
	o.resets, o.odd = s.resets.At(o.c.resets), s.odds.At(f.odd)
	s.inferFIN(f, o, end)
	s.decide(f, o, end)
	o.closedFirst, o.closedBy = closedFirst(f, o)

	s.presumeAcked(f, o, end)
	o.state = s.infer(f, &o.c)
	for x := range f.e {
		e := &f.e[x]
		switch r := &o.resets.rst; {
		case o.verdict == Indeterminate: // other readings would claim other states
			o.state[x] = Unknown
		case o.gaveUp[x]:
			o.state[x] = Closed
		case o.verdict == Open && !f.synchronized():
			o.state[x] = Established // by an ACK that was not captured: decideUnanswered
		case s.controlOnly && (o.state[x] == SynSent || o.state[x] == SynReceived) && o.c.fin[f.peer(x)].sent:
			o.state[x] = CloseWait // only who is connected closes
		case r.accepted && r.forWantOfAnswer() && x != int(r.by) && e.lastTime <= r.time:
			o.state[x] = Unknown // it had not answered for long: the RST will not have reached it either
		}
		o.since[x], o.frame[x] = e.stateSince, e.stateFrame
		switch u := s.undelivered(o.odd, x); {
		case s.toldToGiveUp(f, o, x):
			o.state[x], o.since[x], o.frame[x] = Closed, u.time, u.last
			o.doubts |= givenUp
		case s.gaveUpOpening(f, o, x, end), s.gaveUpData(f, o, x, end):
			o.state[x], o.since[x], o.frame[x] = Closed, e.lastTime, e.lastFrame
			o.doubts |= givenUp
		}
		if o.state[x] != e.state {
			s.presumeSince(f, o, x)
		}
	}
	if f.flags&self != 0 {
		o.state[1], o.since[1], o.frame[1] = o.state[0], o.since[0], o.frame[0]
	}
}

// presumeSince sets when x entered a state that no packet showed: with the last that passed of both FINs, or of what shows one
// that was not captured. Before that it cannot have been in it.
func (s *shard) presumeSince(f *flow, o *outcome, x int) {
	for _, y := range []int{x, f.peer(x)} {
		last := s.lastTry(o, y)
		if n := &o.c.fin[y]; n.inferred {
			last.time, last.frame = n.ackedTime, n.ackedFrame
		}
		if last.time > o.since[x] {
			o.since[x], o.frame[x] = last.time, last.frame
		}
	}
}

// hangs reports whether endpoint x is in a state in which it waits for the close to go on, and since when it has waited without
// data of the side that has not closed: a half-close that is in use does not hang. In a capture of SYN, FIN and RST only, what
// keeps a connection alive is not to be seen.
func (s *shard) hangs(f *flow, o *outcome, x int) (since int64, does bool) {
	open := f.peer(x)
	switch o.state[x] {
	case CloseWait:
		open = x
	case FinWait1, FinWait2, Closing, LastAck:
	default:
		return 0, false
	}
	return max(o.since[x], o.odd.lastData[open]), !s.controlOnly
}
