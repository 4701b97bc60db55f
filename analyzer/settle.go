package analyzer

// settle infers the states of both endpoints anew after packet p. It runs while a connection opens and closes; of an
// open one, only a FIN, SYN or RST changes the states.
func (s *shard) settle(f *flow, p *packet) {
	c := s.closingIn(f)
	states := s.infer(f, c)
	for x := range f.e {
		f.e[x].enterState(states[x], p)
	}
	if c != nil && (states[0] == TimeWait || states[1] == TimeWait) {
		s.followTimeWaits(f, c, p)
	}
	was := f.flags
	switch {
	case c == nil && states[0] == Established && states[1] == Established:
		f.flags |= settled
	case states[0].done() && (f.flags&self != 0 || states[1].done()):
		f.flags |= ended
		s.foldSoon(f)
	default:
		f.flags &^= ended
	}
	if (f.flags^was)&ended != 0 {
		s.recount(f, was.isOpen())
	}
}

// done reports whether an endpoint has nothing to send or to wait for any more, but for late packets.
func (s State) done() bool { return s == Closed || s == TimeWait }

// enterState takes over the state that was inferred with packet p.
func (e *endpoint) enterState(to State, p *packet) {
	if e.state != to {
		e.state, e.stateSince, e.stateFrame = to, p.time, p.frame
	}
}

// closingIn returns the side record of a connection; nil if there is none.
func (s *shard) closingIn(f *flow) *closing {
	if f.closing == 0 {
		return nil
	}
	return s.closings.At(f.closing)
}

// infer infers the states of both endpoints from what is known of them; c is the side record of f, nil if there is none.
func (s *shard) infer(f *flow, c *closing) (out [2]State) {
	for x := range f.e {
		e, y := &f.e[x], f.peer(x)&1
		out[x] = s.answers.opening(e, &f.e[y])
		if c == nil {
			continue
		}
		n := &c.fin[x]
		if f.odd != 0 {
			n = s.lostFIN(f, c, x)
		}
		out[x] = s.answers.closed[out[x]][s.closingBitsOf(e, n, &c.fin[y])]
	}
	if c != nil && c.resets|c.timeWait[0].more|c.timeWait[1].more != 0 {
		s.overrule(f, c, &out)
	}
	return out
}

// overrule corrects inferred states by what RSTs say of them.
func (s *shard) overrule(f *flow, c *closing, out *[2]State) {
	for x := range out {
		if out[x] == TimeWait && s.deniedTimeWait(c, x) {
			out[x] = Closed
		}
	}
	if c.resets == 0 {
		return
	}
	q := s.resets.At(c.resets)
	for x := range out {
		if q.gone[x].valid {
			out[x] = Closed
		}
	}
	if !q.rst.accepted {
		return
	}
	x := int(q.rst.by)
	out[f.peer(x)] = Closed
	if !q.rst.elsewhere() || q.rst.answered {
		out[x] = Closed
	}
}

// lostFIN returns what is known of the FIN of x. If it has not been captured, its sender may have counted one already.
func (s *shard) lostFIN(f *flow, c *closing, x int) *finFacts {
	n, early := &c.fin[x], &s.raritiesIn(s.odds.At(f.odd)).early[x]
	if !n.sent && early.valid && early.seq == f.e[x].out.Next()+1 {
		n = &finFacts{sent: true, end: early.seq, ack: early.ack}
		s.noteLostFIN(f, x, n, &c.fin[f.peer(x)], early, identity{})
	}
	return n
}
