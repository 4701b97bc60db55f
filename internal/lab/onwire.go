package lab

import (
	"net/netip"
	"slices"
)

// onWire is what the comparison has to know of the packets of one connection: when they passed each host, and which of
// them passed each tap.
type onWire struct {
	packets map[Side][]wirePacket
	at      map[Tap]map[uint64]Moment // when a packet first passed
	rsts    map[Tap][]Moment
}

type wirePacket struct {
	time Moment
	seg  Segment
	out  bool
}

// packetsOf collects the packets of one pair of addresses and ports.
func packetsOf(c *Connection, captures map[Tap][]Frame) *onWire {
	var a, b netip.AddrPort
	if c.Client != nil {
		a, b = c.Client.Local, c.Client.Remote
	} else {
		a, b = c.Server.Remote, c.Server.Local
	}
	w := &onWire{packets: map[Side][]wirePacket{}, at: map[Tap]map[uint64]Moment{}, rsts: map[Tap][]Moment{}}
	for tap, frames := range captures {
		w.at[tap] = map[uint64]Moment{}
		for i := range frames {
			s, ok := parse(frames[i].Data)
			if !ok || !(s.Src == a && s.Dst == b || s.Src == b && s.Dst == a) {
				continue
			}
			if w.at[tap][s.hash] == 0 {
				w.at[tap][s.hash] = Moment(frames[i].Time)
			}
			if s.has(flagRST) {
				w.rsts[tap] = append(w.rsts[tap], Moment(frames[i].Time))
			}
			for _, side := range []Side{Client, Server} {
				if tap.own(side) {
					w.packets[side] = append(w.packets[side], wirePacket{Moment(frames[i].Time), s, frames[i].Out})
				}
			}
		}
	}
	return w
}

// step is a visit of the kernel with what may be asked of finscope about it.
type step struct {
	state    string
	required bool
}

// steps returns the path of a life as a tap could see it.
func (w *onWire) steps(l *Life, tap Tap) (out []step, silent []string) {
	for i, v := range l.Visits {
		s := step{state: v.State}
		left := Moment(1 << 62)
		if i+1 < len(l.Visits) {
			left = l.Visits[i+1].After
		}
		if v.State == "CLOSING" && !w.sentFIN(l, left, hostOf(l.Side)) {
			s.state = "CLOSE_WAIT"
			silent = append(silent, "CLOSING while the FIN waits behind data: to the other side it has not closed")
		}
		hidden := v.State == "CLOSING" && s.state == v.State && !tap.own(l.Side) && !w.sentFIN(l, left, tap) // no copy of its FIN passed
		if hidden {
			out = append(out, step{state: "CLOSE_WAIT"})
		}
		if i+1 < len(l.Visits) {
			s.required = w.shows(l, v, left, tap)
			if v.State == "FIN_WAIT_1" && s.required && !w.sentFIN(l, left, tap) {
				s.required = false
				if !w.sentFIN(l, left, hostOf(l.Side)) {
					silent = append(silent, "FIN_WAIT_1 while the FIN waited behind data")
				}
			}
			if v.State == "SYN_RECEIVED" || hidden {
				s.required = false
			}
			if v.State == "LAST_ACK" && s.required && !w.sentFIN(l, left, hostOf(l.Side)) {
				s.required = false
				silent = append(silent, "LAST_ACK while the FIN waited behind data")
			}
		} else {
			s.required = tap.own(l.Side) || w.evident(l, v, tap)
			if (v.State == "FIN_WAIT_1" || v.State == "LAST_ACK") && !w.sentFIN(l, 1<<62, hostOf(l.Side)) {
				s.required = false
				silent = append(silent, v.State+" while the FIN waits behind data")
				if len(out) > 0 {
					out[len(out)-1].required = true
				}
			}
		}
		if v.State == "CLOSED" && i > 0 {
			if l.Visits[i-1].State == "TIME_WAIT" {
				continue // stands in time_wait
			}
			if v.Why == whySilent {
				s.required = false
				silent = append(silent, l.Visits[i-1].State+" given up")
				if len(out) > 0 {
					out[len(out)-1].required = tap.own(l.Side) && (out[len(out)-1].required || l.Visits[i-1].State != "FIN_WAIT_1")
				}
				if l.Visits[i-1].State == "CLOSING" && !tap.own(l.Side) {
					out = append(out, step{state: "TIME_WAIT"}) // an ACK of its FIN that passes here counts as having arrived
				}
			}
		}
		if v.State == "CLOSED" && i > 0 && l.Visits[i-1].State == "SYN_RECEIVED" && (v.Why == whyRSTOut || !tap.own(l.Side)) {
			// The last packet of the handshake met a listener that was gone: elsewhere it counts as having arrived.
			out = append(out, step{state: "ESTABLISHED"})
		}
		out = append(out, s)
		if v.State == "FIN_WAIT_1" && i+1 < len(l.Visits) && l.Visits[i+1].State == "CLOSED" && (!tap.own(l.Side) || w.meets(l, l.Visits[i+1])) {
			// An ACK of its FIN that passes here counts as having arrived; it may find the socket closed.
			out = append(out, step{state: "FIN_WAIT_2"})
		}
		if v.State == "TIME_WAIT" && i+1 < len(l.Visits) && l.Visits[i+1].Why == whyKilled {
			out = append(out, step{state: "CLOSED"}) // that is what became of it
			if !tap.own(l.Side) && !w.shows(l, v, l.Visits[i+1].Until, tap) {
				out[len(out)-2].required = false
			}
		}
	}
	return out, silent
}

// shows reports whether what passed a tap shows that an endpoint was in a state, until it left it. CLOSE_WAIT, CLOSING and
// TIME_WAIT begin when a FIN arrives, and only what the endpoint sends then shows that it did; FIN_WAIT_1 and LAST_ACK show
// by the FIN, the others by any packet. At a tap elsewhere it has to pass before what shows the next state, and before the
// RST that ended the connection: who saw that takes it to have arrived.
func (w *onWire) shows(l *Life, v Visit, until Moment, tap Tap) bool {
	byFIN := v.State == "CLOSE_WAIT" || v.State == "CLOSING" || v.State == "TIME_WAIT"
	sendsFIN := v.State == "FIN_WAIT_1" || v.State == "LAST_ACK"
	limit := Moment(1<<63 - 1)
	if tap.own(l.Side) {
		limit = w.believed(l) // it passes the tap shortly before the socket gets it, and so do packets in between
	} else {
		for _, p := range w.packets[l.Side] {
			at := w.at[tap][p.seg.hash]
			if at != 0 && p.time >= l.Start && p.out && p.time > until {
				limit = min(limit, at)
			}
		}
		for _, at := range w.rsts[tap] {
			if at >= l.Start {
				limit = min(limit, at)
			}
		}
	}
	return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
		at := w.at[tap][p.seg.hash]
		from := v.Until
		if byFIN {
			from = v.After
		}
		shown := p.out || !byFIN && !(p.seg.has(flagSYN) && v.State == "ESTABLISHED") // a copy of the SYN-ACK shows no more than the first
		return p.time > from && p.time <= until && at != 0 && at < limit && shown && (!sendsFIN || p.out && p.seg.has(flagFIN))
	})
}

// evident reports whether of the packets that took an endpoint to its last state, or that it sent there, one passed a
// tap.
func (w *onWire) evident(l *Life, v Visit, tap Tap) bool {
	if v.State == "FIN_WAIT_1" || v.State == "LAST_ACK" {
		return w.sentFIN(l, 1<<62, tap)
	}
	if v.Why == whyRSTOut {
		return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
			return p.out && p.seg.has(flagRST) && p.time >= v.After-1e6 && w.at[tap][p.seg.hash] != 0
		})
	}
	if v.State == "ESTABLISHED" && l.visited("SYN_SENT") {
		// That the SYN-ACK arrived shows by what it sends then.
		return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
			return p.out && p.time > v.After && w.at[tap][p.seg.hash] != 0
		})
	}
	var cause *wirePacket
	for i := range w.packets[l.Side] {
		p := &w.packets[l.Side][i]
		switch {
		case p.time <= v.Until && p.time >= v.After-packetSlack && !p.out:
			cause = p
		case p.time > v.After && w.at[tap][p.seg.hash] != 0:
			return true
		}
	}
	return cause != nil && w.at[tap][cause.seg.hash] != 0
}

// believed returns when the RST passed that a life believed; far in the future if it believed none.
func (w *onWire) believed(l *Life) Moment {
	out := Moment(1<<63 - 1)
	if len(l.RSTIn) == 0 {
		return out
	}
	for _, p := range w.packets[l.Side] {
		if !p.out && p.seg.has(flagRST) && p.time <= l.RSTIn[0] && p.time > l.RSTIn[0]-packetSlack {
			out = p.time
		}
	}
	return out
}

// meets reports whether a packet came to the host just as its socket was closed: it passed the tap there, and the socket
// did not get it any more.
func (w *onWire) meets(l *Life, closed Visit) bool {
	const meanwhile = 1e6 // ns between the tap and the socket
	return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
		return !p.out && p.time > closed.After-meanwhile && p.time <= closed.Until+meanwhile
	})
}

// hostOf returns the tap on the host of a side.
func hostOf(s Side) Tap { return Tap(s) }

// sentFIN reports whether a life's FIN passed a tap, having left before a moment.
func (w *onWire) sentFIN(l *Life, until Moment, tap Tap) bool {
	return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
		return p.out && p.seg.has(flagFIN) && p.time >= l.Start && p.time <= until && w.at[tap][p.seg.hash] != 0
	})
}

// held reports whether a life's FIN waited behind data until that of the peer had arrived. What the wire shows then is a passive close.
func (w *onWire) held(l *Life) bool {
	if l == nil {
		return false
	}
	for i, v := range l.Visits {
		if v.State == "CLOSING" && i > 0 {
			return !w.sentFIN(l, v.After, hostOf(l.Side))
		}
	}
	return false
}

// corrected returns the path without a CLOSE_WAIT or FIN_WAIT_2 that CLOSING follows, which is no way that there is (RFC 9293 §3.6).
func corrected(path []string) []string {
	out := slices.Clone(path)
	for i := len(out) - 1; i > 0; i-- {
		if (out[i-1] == "CLOSE_WAIT" || out[i-1] == "FIN_WAIT_2") && out[i] == "CLOSING" {
			out = slices.Delete(out, i-1, i)
		}
	}
	return out
}

// believedLater returns the path without a CLOSED that another state follows: finscope took that back.
func believedLater(path []string) []string {
	out := slices.Clone(path)
	for i := len(out) - 2; i >= 0; i-- {
		if out[i] == "CLOSED" {
			out = slices.Delete(out, i, i+1)
		}
	}
	return out
}

// fits reports whether a path goes through all required steps and no others.
func fits(path []string, steps []step) bool {
	if len(steps) == 0 {
		return len(path) == 0
	}
	if len(path) > 0 && path[0] == steps[0].state && fits(path[1:], steps[1:]) {
		return true
	}
	return !steps[0].required && fits(path, steps[1:])
}

// uncrossed returns the path with FIN_WAIT_2 in the place of CLOSING.
func uncrossed(steps []step) []step {
	out := slices.Clone(steps)
	for i := range out {
		if out[i].state == "CLOSING" {
			out[i].state = "FIN_WAIT_2"
		}
	}
	return out
}

// words writes a path: what a tap need not see in brackets.
func words(steps []step) []string {
	var out []string
	for _, s := range steps {
		if s.required {
			out = append(out, s.state)
		} else {
			out = append(out, "("+s.state+")")
		}
	}
	return out
}

// passed reports whether the RST that a side believed passed a tap.
func (w *onWire) passed(l *Life, tap Tap) bool {
	return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
		return !p.out && p.seg.has(flagRST) && p.time >= l.Start && w.at[tap][p.seg.hash] != 0
	})
}
