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
			s.flows.over.add(f.id)
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
func (s *shard) infer(f *flow, c *closing) [2]State {
	out := [2]State{s.machine.state(s.facts(f, c, 0)), s.machine.state(s.facts(f, c, 1))}
	if c == nil {
		return out
	}
	for x := range out {
		if out[x] == TimeWait && s.deniedTimeWait(c, x) {
			out[x] = Closed
		}
	}
	if c.resets == 0 {
		return out
	}
	q := s.resets.at(c.resets)
	for x := range out {
		if q.gone[x].valid {
			out[x] = Closed
		}
	}
	if !q.rst.accepted {
		return out
	}
	x := int(q.rst.by)
	out[f.peer(x)] = Closed
	if !q.rst.foreign || q.rst.answered {
		out[x] = Closed
	}
	return out
}

// facts collects what is known of endpoint x in terms of the close machine.
func (s *shard) facts(f *flow, c *closing, x int) facts {
	e, peer := &f.e[x], &f.e[f.peer(x)]
	t := facts{
		seen:      e.packets > 0 || peer.has(sentACK),
		sentSYN:   e.has(sentBareSYN) || !e.sentSYN() && peer.has(sentSYNACK),
		gotSYN:    e.has(sentACK) || e.packets == 0 && peer.has(sentACK), // who is acknowledged has sent its SYN
		synAcked:  peer.has(sentACK) && e.synCovered() || e.has(sentData) || e.has(sentPlain) && !e.has(sentSYNACK),
		midStream: !e.sentSYN() && !peer.sentSYN() && (e.marks|peer.marks)&sentACK != 0,
	}
	if c == nil {
		return t
	}
	n, m := &c.fin[x], &c.fin[f.peer(x)]
	if !n.sent && f.odd != 0 {
		if early := &s.odds.at(f.odd).early[x]; early.valid && early.seq == e.out.Next()+1 {
			// Its sender has counted a FIN that was lost before the capture point, or not captured so far.
			n = &finFacts{sent: true, end: early.seq, ack: early.ack}
			s.noteLostFIN(n, m, early, identity{})
		}
	}
	t.sentFIN = n.sent
	// Acknowledging the FIN of a passive closer proves more than the acknowledgment in that FIN.
	t.finAcked = s.finAcked(n, e) || m.passive(n) && m.acked
	t.gotFIN = m.acked
	t.gotFINFirst = n.passive(m) && !(m.passive(n) && n.frame < m.frame) || n.inferred && !m.passive(n)
	return t
}

// synCovered reports whether the acknowledgments of e's peer cover e's SYN; they do not while the SYN-ACKs of a
// simultaneous open cross.
func (e *endpoint) synCovered() bool {
	una, ok := e.out.Acked()
	return !e.sentSYN() || ok && e.isn.Before(una)
}
