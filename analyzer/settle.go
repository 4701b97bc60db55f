package analyzer

// settle infers the states of both endpoints anew after packet p. It runs while a connection opens and closes; of an
// open one, only a FIN, SYN or RST changes the states.
func (s *shard) settle(f *flow, p *packet) {
	c := s.closingIn(f)
	states := s.infer(f, c)
	f.e[0].enterState(states[0], p)
	f.e[1].enterState(states[1], p)
	if c != nil && (states[0] == TimeWait || states[1] == TimeWait) {
		s.followTimeWaits(f, c, p)
	}
	was := f.flags
	switch {
	case c == nil && states[0] == Established && states[1] == Established:
		f.flags |= settled
	case states[0].done() && (f.flags&self != 0 || states[1].done()):
		if f.flags&ended == 0 {
			f.flags |= ended
			s.foldSoon(f)
		}
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
	return s.closings.at(f.closing)
}

// infer infers the states of both endpoints from what is known of them; c is the side record of f, nil if there is none.
func (s *shard) infer(f *flow, c *closing) (out [2]State) {
	y0, y1 := f.peer(0), f.peer(1)
	out[0] = s.answers.opening(&f.e[0], &f.e[y0])
	out[1] = s.answers.opening(&f.e[1], &f.e[y1])
	if c == nil {
		return out
	}
	n0, n1 := &c.fin[0], &c.fin[1]
	if f.odd != 0 {
		n0, n1 = s.lostFIN(f, c, 0), s.lostFIN(f, c, 1)
	}
	out[0] = s.answers.closed[out[0]][s.closingBitsOf(&f.e[0], n0, &c.fin[y0])]
	out[1] = s.answers.closed[out[1]][s.closingBitsOf(&f.e[1], n1, &c.fin[y1])]
	if c.resets|c.timeWait[0].more|c.timeWait[1].more != 0 {
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
	q := s.resets.at(c.resets)
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
	if !q.rst.foreign || q.rst.answered {
		out[x] = Closed
	}
}

// lostFIN returns what is known of the FIN of x. If it has not been captured, its sender may have counted one already.
func (s *shard) lostFIN(f *flow, c *closing, x int) *finFacts {
	n, early := &c.fin[x], &s.odds.at(f.odd).early[x]
	if !n.sent && early.valid && early.seq == f.e[x].out.Next()+1 {
		n = &finFacts{sent: true, end: early.seq, ack: early.ack}
		s.noteLostFIN(n, &c.fin[f.peer(x)], early, identity{})
	}
	return n
}
