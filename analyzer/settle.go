package analyzer

// settle infers the states of both endpoints anew after packet p. It runs while a connection opens and closes; of an
// open one, only a FIN, SYN or RST changes the states.
func (s *shard) settle(f *flow, p *packet) {
	s.setStates(f, s.states(f), p)
	open := f.isOpen()
	var c *closing
	if f.closing != 0 {
		c = s.closings.at(f.closing)
		s.followTimeWaits(f, c, p)
	}
	switch {
	case c == nil && f.e[0].state == Established && f.e[1].state == Established:
		f.flags |= settled
	case f.e[0].state.done() && (f.flags&self != 0 || f.e[1].state.done()):
		if f.flags&ended == 0 {
			f.flags |= ended
			s.foldSoon(f)
		}
	default:
		f.flags &^= ended
	}
	s.recount(f, open)
}

// done reports whether an endpoint has nothing to send or to wait for any more, but for late packets.
func (s State) done() bool { return s == Closed || s == TimeWait }

// setStates takes over newly inferred states.
func (s *shard) setStates(f *flow, states [2]State, p *packet) {
	for x := range f.e {
		if e := &f.e[x]; e.state != states[x] {
			e.state, e.stateSince, e.stateFrame = states[x], p.time, p.frame
		}
	}
}

// states infers the states of both endpoints from what is known of them.
func (s *shard) states(f *flow) [2]State {
	var c *closing
	if f.closing != 0 {
		c = s.closings.at(f.closing)
	}
	return s.infer(f, c)
}

// infer is states with the side record given; nil if there is none.
func (s *shard) infer(f *flow, c *closing) (out [2]State) {
	for x := range f.e {
		e, y := &f.e[x], f.peer(x)
		out[x] = s.answers.opened[openingBitsOf(e, &f.e[y])]
		if c == nil {
			continue
		}
		n := &c.fin[x]
		if !n.sent && f.odd != 0 {
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

// lostFIN returns what is known of the FIN of x, which has not been captured: its sender may have counted one already.
func (s *shard) lostFIN(f *flow, c *closing, x int) *finFacts {
	n, early := &c.fin[x], &s.odds.at(f.odd).early[x]
	if early.valid && early.seq == f.e[x].out.Next()+1 {
		n = &finFacts{sent: true, end: early.seq, ack: early.ack}
		s.noteLostFIN(n, &c.fin[f.peer(x)], early, identity{})
	}
	return n
}
