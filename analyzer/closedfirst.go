package analyzer

// closedFirst decides who closed first, by what each side knew when it sent its FIN or RST.
func closedFirst(f *flow, o *outcome) (int, ClosedBy) {
	n, m, r := &o.c.fin[0], &o.c.fin[1], &o.resets.rst
	switch {
	case o.verdict == Indeterminate && (n.sent || m.sent || o.unseenClose):
		return unknownSide, ByFIN
	case n.sent && f.flags&self != 0:
		return bothSides, ByFIN // one socket closed both ends
	case n.sent && m.sent:
		switch p, q := n.passive(m) || n.inferred && !m.passive(n), m.passive(n) || m.inferred && !n.passive(m); {
		case p && q:
			return unknownSide, ByFIN
		case p:
			return 1, ByFIN
		case q:
			return 0, ByFIN
		}
		return bothSides, ByFIN
	case o.unseenClose:
		return unknownSide, ByFIN
	case r.accepted && r.refusal:
		return noSide, ""
	case n.sent:
		return finAgainstRST(f, o, 0)
	case m.sent:
		return finAgainstRST(f, o, 1)
	case r.accepted && r.elsewhere():
		return unknownSide, ByRST
	case o.resets.gone[0].abort && o.resets.gone[1].abort:
		return bothSides, ByRST // nobody answers a RST with one: neither knew of the other's
	}
	for x := range o.resets.gone {
		if o.resets.gone[x].abort {
			return x, ByRST // what the other side sent was the answer to something on its way
		}
	}
	if r.frame != 0 {
		return int(r.by), ByRST
	}
	return noSide, ""
}

// finAgainstRST decides who closed first where x sent a FIN, and its peer at most a RST.
func finAgainstRST(f *flow, o *outcome, x int) (int, ClosedBy) {
	y := f.peer(x)
	n, r, g := &o.c.fin[x], &o.resets.rst, &o.resets.gone[y]
	switch {
	case g.abort && g.ack.Before(n.end):
		// A socket sent it that had not received the FIN, and its owner closed on its own account. If the FIN came a
		// retransmission later, the RST was lost and came first all the same, or that FIN is a retransmission itself.
		if n.frame > g.abortFrame && n.time-g.abortTime > f.e[x].crossing() {
			o.doubts |= firstFIN
			return y, ByRST
		}
		return bothSides, ByRST
	case g.abort || !r.accepted || int(r.by) == x:
		return x, ByFIN
	}
	una, _ := f.e[x].out.Acked()
	if r.seq == n.ack && una == r.next[x] {
		return x, ByFIN // nothing but the FIN was there to be answered with this RST, whatever the capture shows first
	}
	if n.frame > r.frame {
		// The FIN passed after the RST: its sender had not received that.
		if n.time-r.time > f.e[x].crossing() {
			return y, ByRST
		}
		return bothSides, ByRST
	}
	return x, ByFIN
}

// crossing is how long after a RST to it passed the capture point a FIN of e may pass that crossed it, ns. One that comes later is sent
// again, no sooner than the shortest timer of Linux allows.
func (e *endpoint) crossing() int64 { return max(200e6, 2*int64(e.rtt)*1000) }
