package lab

import (
	"fmt"
	"slices"
	"strings"

	"finscope/analyzer"
)

// Verdict of a comparison.
type kind int

const (
	// defect is a difference that finscope has to answer for.
	defect kind = iota
	// doubted is a difference away from the own host that the record announces with a doubt.
	doubted
	// unseen is a state of the kernel that put nothing on the wire.
	unseen
)

func (k kind) String() string { return [...]string{"DIFFERENCE", "doubted", "unseen"}[k] }

// Difference is one point in which a record and the kernel differ.
type Difference struct {
	Kind kind
	Tap  Tap
	Side Side   // whose state it is; empty: of the connection
	What string // "state", "path", "closed_first", "time_wait", "reset"
	Text string
}

func (d Difference) String() string {
	side := ""
	if d.Side != "" {
		side = " of the " + string(d.Side)
	}
	return fmt.Sprintf("%v at tap %s: %s%s: %s", d.Kind, d.Tap, d.What, side, d.Text)
}

// Compare holds the record of one tap against the kernel.
func Compare(t *Truth, c *Connection, w *onWire, v *View) []Difference {
	cmp := comparison{t: t, c: c, w: w, v: v, lost: map[Side]bool{}}
	for _, d := range t.Network {
		if d.What == madeUp && (strings.Contains(d.Packet, " R") && v.Flow.Reset != nil || strings.Contains(d.Packet, " S ") && c.Client == nil) {
			cmp.forged = true
		}
	}
	for _, side := range []Side{Client, Server} {
		cmp.states(side)
	}
	cmp.closedFirst()
	cmp.timeWait()
	cmp.reset()
	return cmp.out
}

type comparison struct {
	t   *Truth
	c   *Connection
	w   *onWire
	v   *View
	out []Difference

	lost   map[Side]bool // what passed and was lost behind the tap explains the state of the side
	forged bool          // the RST or SYN that decides was made up in the middle
}

// differ notes a difference. own says that the tap had all it takes to know better.
func (x *comparison) differ(own bool, side Side, what, format string, args ...any) {
	k := defect
	if x.forged {
		k, format = unseen, "a packet was made up: "+format
	} else if !own && len(x.v.Flow.Doubts) > 0 {
		k = doubted
	}
	x.out = append(x.out, Difference{k, x.v.Tap, side, what, fmt.Sprintf(format, args...)})
}

func (x *comparison) states(side Side) {
	l := x.c.life(side)
	path := x.v.path(x.t, side)
	if l == nil {
		if len(path) > 0 && path[len(path)-1] != "CLOSED" {
			x.differ(x.v.Tap.own(side), side, "state", "there was no socket, finscope says %v", path)
		}
		return
	}
	steps, silent := x.w.steps(l, x.v.Tap)
	for _, s := range silent {
		x.out = append(x.out, Difference{unseen, x.v.Tap, side, "path", s})
	}
	own := x.owns(side)
	got := x.v.endpoint(x.t, side).State.String()
	if got == "CLOSED" && (!own || l.Visits[len(l.Visits)-1].Why == whySilent) && !x.holds(side) {
		// TIME_WAIT was presumed until a RST of that side showed that it held none: finscope took it back.
		path = slices.DeleteFunc(path, func(s string) bool { return s == "TIME_WAIT" })
	}
	var allowed []string
	for i := len(steps) - 1; i >= 0; i-- {
		allowed = append(allowed, steps[i].state)
		if steps[i].required {
			break
		}
	}
	switch {
	case got != allowed[0] && (x.lostReset(side) || x.lostAck(side) || x.lostHandshake(side)):
		x.lost[side] = true
		x.out = append(x.out, Difference{unseen, x.v.Tap, side, "state", fmt.Sprintf("kernel %s, finscope %s: what would have changed it was lost behind this tap, and it sent nothing since that passed here", allowed[0], got)})
	case got == "FIN_WAIT_2" && l.anyReset() && slices.Contains(x.v.Flow.Doubts, analyzer.DoubtRSTUnproven):
		x.out = append(x.out, Difference{unseen, x.v.Tap, side, "state", "the socket was closed, so that a RST in its window ended FIN_WAIT_2: that it was closed put nothing on the wire"})
	case got == "UNKNOWN" && !own:
		x.out = append(x.out, Difference{doubted, x.v.Tap, side, "state", fmt.Sprintf("kernel %s, finscope does not know", allowed[0])})
	case !slices.Contains(allowed, got):
		x.differ(own, side, "state", "kernel %s, finscope %s", allowed[0], got)
	case !fits(path, steps) && !own && fits(path, uncrossed(steps)):
		x.out = append(x.out, Difference{unseen, x.v.Tap, side, "path",
			"CLOSING or FIN_WAIT_2: which of the peer's FIN and ACK it received first, nothing shows before its own ACK passes here"})
	case !fits(path, steps) && !own && fits(corrected(path), steps):
		x.out = append(x.out, Difference{unseen, x.v.Tap, side, "path",
			"CLOSE_WAIT, FIN_WAIT_2 or CLOSING: that it had sent a FIN, or lacked an ACK, nothing shows before a copy of its FIN passes here"})
	case !fits(path, steps) && l.Visits[len(l.Visits)-1].Why == whyRSTIn && fits(believedLater(path), steps):
		x.out = append(x.out, Difference{unseen, x.v.Tap, side, "path",
			"CLOSED by a RST that passed here before its socket got it: what the socket sent meanwhile showed that"})
	case !fits(path, steps):
		x.differ(own, side, "path", "kernel %v, finscope %v", words(steps), path)
	}
}

// owns reports whether the tap is on the host of a side, and its FIN went out when it closed.
func (x *comparison) owns(side Side) bool { return x.v.Tap.own(side) && !x.w.held(x.c.life(side)) }

// holds reports whether the record has a TIME_WAIT of a side.
func (x *comparison) holds(side Side) bool {
	return slices.ContainsFunc(x.v.Flow.TimeWait, func(s analyzer.TimeWaitSpan) bool {
		return x.v.named(x.t, string(s.Holder)) == string(side)
	})
}

// first returns who closed first, by what each kernel had received when it closed and what it put on the wire.
func (x *comparison) first() string {
	closes := map[Side]string{}
	for _, side := range []Side{Client, Server} {
		closes[side] = x.how(side)
	}
	c, s := closes[Client], closes[Server]
	switch {
	case c == "active" && s == "active":
		return "both"
	case c == "active":
		return "client"
	case s == "active":
		return "server"
	}
	for _, side := range []Side{Client, Server} {
		// Neither closed, but one believed a RST: its peer had lost the connection, and that RST is all it did about it.
		l := x.c.life(side)
		if l == nil || !x.w.passed(l, x.v.Tap) {
			continue
		}
		if n := len(l.Visits); n > 1 && l.Visits[n-1].Why == whyRSTIn {
			if st := l.Visits[n-2].State; st == "ESTABLISHED" || st == "SYN_RECEIVED" {
				return string(side.other())
			}
		}
	}
	return "none"
}

// how tells whether a side closed on its own account ("active"), after the other ("passive") or not at all ("").
func (x *comparison) how(side Side) string {
	l := x.c.life(side)
	if l == nil {
		return ""
	}
	for i, v := range l.Visits {
		switch {
		case v.State == "CLOSE_WAIT":
			return "passive"
		case v.State == "FIN_WAIT_1":
			if x.w.sentFIN(l, x.t.End, x.v.Tap) {
				return "active"
			}
		case v.State == "CLOSED" && v.Why == whyRSTOut && i > 0:
			if before := l.Visits[i-1].State; (before == "ESTABLISHED" || before == "SYN_RECEIVED" || before == "FIN_WAIT_1") && x.aborted(l, v) {
				return "active"
			}
		}
	}
	return ""
}

// abortedBefore returns the side that aborted long before the other closed without knowing of it, because the RST was
// lost: whether that is one after the other or both at once, no standard says. Empty if it was otherwise.
func (x *comparison) abortedBefore() string {
	for _, side := range []Side{Client, Server} {
		l, o := x.c.life(side), x.c.life(side.other())
		if l == nil || o == nil || len(l.Visits) == 0 {
			continue
		}
		end := l.Visits[len(l.Visits)-1]
		const long = 200e6 // a retransmission, at least
		if end.Why == whyRSTOut && slices.ContainsFunc(o.Visits, func(v Visit) bool {
			return (v.State == "FIN_WAIT_1" || v.Why == whyRSTOut) && v.After > end.Until+long
		}) {
			return string(side)
		}
	}
	return ""
}

// aborted reports whether the RST with which a life ended passed the tap, and is that of a live socket: the bare one of a
// closed socket that data came for (its FIN is lost, or waits behind data) is what a host without a socket sends as well.
func (x *comparison) aborted(l *Life, v Visit) bool {
	for _, p := range x.w.packets[l.Side] {
		if p.out && p.seg.has(flagRST|flagACK) && p.time >= v.After-1e6 {
			return x.w.at[x.v.Tap][p.seg.hash] != 0
		}
	}
	return false
}

// gone reports whether all that the tap knows of a side is that it was gone: it answered something with a RST, and the one with which it
// aborted did not pass, or its FIN waited behind data and was never sent.
func (x *comparison) gone(side Side) bool {
	l := x.c.life(side)
	if l == nil || len(l.Visits) == 0 || l.Visits[len(l.Visits)-1].Why != whyRSTOut {
		return false
	}
	return slices.ContainsFunc(x.w.packets[side], func(p wirePacket) bool {
		return p.out && p.seg.has(flagRST) && !p.seg.has(flagACK) && x.w.at[x.v.Tap][p.seg.hash] != 0
	})
}

func (x *comparison) closedFirst() {
	want := x.first()
	got := x.v.named(x.t, string(x.v.Flow.ClosedFirst))
	switch {
	case want == got, want == "both" && got == x.abortedBefore():
		return
	case want == "none" && (got == "client" || got == "server") && x.gone(Side(got)):
		return
	case (want == "client" || want == "server") && got == "both" && x.gone(Side(want).other()):
		return
	}
	own := x.v.Tap == AtClient && want == "client" || x.v.Tap == AtServer && want == "server"
	x.differ(own, "", "closed_first", "kernel %s, finscope %s", want, got)
}

// timeWait compares who holds TIME_WAIT and whether it still runs.
func (x *comparison) timeWait() {
	for _, side := range []Side{Client, Server} {
		l := x.c.life(side)
		want := ""
		if l.visited("TIME_WAIT") {
			want = "running"
			switch last := l.Visits[len(l.Visits)-1]; last.Why {
			case whyExpired:
				want = "expired"
			case whyKilled:
				want = "killed"
			case whyReused:
				want = "reused"
			}
		}
		got := ""
		for _, span := range x.v.Flow.TimeWait {
			if x.v.named(x.t, string(span.Holder)) == string(side) {
				got = string(span.Ended)
			}
		}
		switch {
		case want == got, x.lost[side]:
		case want == "" && got != "" && !x.v.Tap.own(side) && l.dropped():
			x.out = append(x.out, Difference{unseen, x.v.Tap, side, "time_wait", "the socket was dropped in CLOSING without a packet, before the ACK that passed here came"})
		case want == "killed" && got == "" && !x.v.Tap.own(side) && !x.showsTimeWait(l):
			x.out = append(x.out, Difference{unseen, x.v.Tap, side, "time_wait", "what was sent in TIME_WAIT did not pass here before it ended"})
		case want == "killed" && got == "running" && !x.killed(l):
			x.out = append(x.out, Difference{unseen, x.v.Tap, side, "time_wait", "what ended it did not pass here"})
		case want == "running" && got == "killed" && slices.Contains(x.v.Flow.Codes, analyzer.TimeWaitKilled):
			x.out = append(x.out, Difference{unseen, x.v.Tap, side, "time_wait", "the RST that ends a TIME_WAIT was lost behind the tap, or ignored (tcp_rfc1337): " +
				"neither leaves a trace, and the finding time-wait-killed says that it is presumed"})
		default:
			x.differ(x.owns(side), side, "time_wait", "kernel %q, finscope %q", want, got)
		}
	}
}

// showsTimeWait reports whether something passed the tap that shows a TIME_WAIT that has ended.
func (x *comparison) showsTimeWait(l *Life) bool {
	for i, v := range l.Visits {
		if v.State == "TIME_WAIT" && i+1 < len(l.Visits) {
			return x.w.shows(l, v, l.Visits[i+1].Until, x.v.Tap)
		}
	}
	return false
}

// killed reports whether a RST ended the TIME_WAIT of a life.
func (x *comparison) killed(l *Life) bool {
	gone := l.Visits[len(l.Visits)-1]
	return slices.ContainsFunc(x.w.packets[l.Side], func(p wirePacket) bool {
		return !p.out && p.seg.has(flagRST) && p.time >= gone.After-packetSlack && p.time <= gone.Until && x.w.at[x.v.Tap][p.seg.hash] != 0
	})
}

// reset compares whether a RST ended the connection.
func (x *comparison) reset() {
	r := x.v.Flow.Reset
	for _, side := range []Side{Client, Server} {
		l := x.c.life(side)
		believed := l != nil && len(l.RSTIn) > 0
		switch {
		case x.lost[side]:
		case believed && r == nil && x.v.Flow.Verdict != analyzer.Refused && x.w.passed(l, x.v.Tap):
			x.differ(x.v.Tap.own(side), side, "reset", "the kernel believed a RST in %s, finscope none", x.stateAt(l))
		case l != nil && r != nil && !believed && x.v.named(x.t, string(r.By)) == string(side.other()) && r.Accepted && !l.closedBefore():
			x.differ(x.v.Tap.own(side), side, "reset", "the kernel believed no RST, finscope that of frame %d", r.Frame)
		}
	}
}

// stateAt returns in which state a side believed its first RST.
func (x *comparison) stateAt(l *Life) string {
	state := ""
	for _, v := range l.Visits {
		if v.Until <= l.RSTIn[0] {
			state = v.State
		}
	}
	return state
}

// closedBefore reports whether a side had no socket left that could believe a RST: nothing, TIME_WAIT or the small
// FIN_WAIT_2 of an orphan, which the tracepoint does not know.
func (l *Life) closedBefore() bool {
	for i, v := range l.Visits {
		if v.State == "CLOSED" && i > 0 {
			switch before := l.Visits[i-1].State; {
			case v.Why == whyRSTOut, v.Why == whyKilled, v.Why == whySilent:
				return true
			case v.Why == whyRSTIn || before == "FIN_WAIT_2" || before == "SYN_RECEIVED" || before == "SYN_SENT":
				return true
			}
		}
	}
	return false
}
