package lab

import (
	"fmt"
	"net/netip"
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

// Connection is one connection of a run as the kernels of both hosts know it. A side without a socket is nil.
type Connection struct {
	ClientPort uint16
	Client     *Life
	Server     *Life
	Start      Moment
}

func (c *Connection) life(s Side) *Life {
	if s == Client {
		return c.Client
	}
	return c.Server
}

// Connections puts the lives of both hosts together.
func Connections(t *Truth, captures map[Tap][]Frame) []*Connection {
	client := lives(t, Client, captures[AtClient])
	server := lives(t, Server, captures[AtServer])
	var out []*Connection
	for _, l := range client {
		out = append(out, &Connection{ClientPort: l.Local.Port(), Client: l, Start: l.Start})
	}
	for _, l := range server {
		var best *Connection
		var first *Connection
		for _, c := range out {
			if c.Client == nil || c.Client.Local != l.Remote || c.Client.Remote != l.Local {
				continue
			}
			if first == nil {
				first = c
			}
			if c.Start <= l.Start+1e6 {
				best = c
			}
		}
		if best == nil {
			best = first // a simultaneous open may begin at the server
		}
		switch {
		case best == nil || best.Server != nil:
			out = append(out, &Connection{ClientPort: l.Remote.Port(), Server: l, Start: l.Start})
		default:
			best.Server = l
		}
	}
	return out
}

// View is what one tap saw of one connection: its record, ladder and the packets.
type View struct {
	Tap    Tap
	Flow   *analyzer.Flow
	Ladder []analyzer.Rung
}

// side returns which end of the laboratory finscope calls client.
func (v *View) clientIs(t *Truth) Side {
	if v.Flow.Client.IP == t.Client {
		return Client
	}
	return Server
}

// state returns the state of a side at the end.
func (v *View) endpoint(t *Truth, s Side) *analyzer.Endpoint {
	if v.clientIs(t) == s {
		return &v.Flow.Client
	}
	return &v.Flow.Server
}

// named translates finscope's client or server into a side of the laboratory.
func (v *View) named(t *Truth, name string) string {
	if v.clientIs(t) == Server {
		switch name {
		case "client":
			return "server"
		case "server":
			return "client"
		}
	}
	return name
}

// path returns the states of a side in their order.
func (v *View) path(t *Truth, s Side) []string {
	var out []string
	add := func(st analyzer.State) {
		if st == analyzer.Unknown || len(out) == 0 && st == analyzer.Closed {
			return
		}
		if name := st.String(); len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	for _, r := range v.Ladder {
		if v.clientIs(t) == s {
			add(r.Client)
		} else {
			add(r.Server)
		}
	}
	add(v.endpoint(t, s).State)
	if v.Tap.own(s) {
		return out
	}
	// What passed here is presumed to have arrived until a retransmission disproves that: then finscope goes back. No
	// connection is twice in the same state, so what came after the first time was taken back.
	for i := 0; i < len(out); i++ {
		if j := slices.Index(out[:i], out[i]); j >= 0 {
			out = append(out[:j], out[i:]...)
			i = j
		}
	}
	return out
}

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
		if i+1 < len(l.Visits) {
			next := l.Visits[i+1]
			s.required = w.shows(l, v, next.After, tap)
			if v.State == "FIN_WAIT_1" && s.required && !w.sentFIN(l, next.After, tap) {
				s.required = false
				if !w.sentFIN(l, next.After, hostOf(l.Side)) {
					silent = append(silent, "FIN_WAIT_1 while the FIN waited behind data")
				}
			}
			if v.State == "SYN_RECEIVED" {
				s.required = false
			}
		} else {
			s.required = tap.own(l.Side) || w.evident(l, v, tap)
			if v.State == "FIN_WAIT_1" && !w.sentFIN(l, v.Until+1<<62, hostOf(l.Side)) {
				s.required = false
				silent = append(silent, "FIN_WAIT_1 while the FIN waits behind data")
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
			}
		}
		if v.State == "CLOSED" && i > 0 && l.Visits[i-1].State == "SYN_RECEIVED" && (v.Why == whyRSTOut || !tap.own(l.Side)) {
			// The last packet of the handshake met a listener that was gone: elsewhere it counts as having arrived.
			out = append(out, step{state: "ESTABLISHED"})
		}
		out = append(out, s)
		if v.State == "FIN_WAIT_1" && i+1 < len(l.Visits) && l.Visits[i+1].State == "CLOSED" && !tap.own(l.Side) {
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
	if !tap.own(l.Side) {
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
		return p.time > from && p.time <= until && at != 0 && at < limit && (!byFIN || p.out) && (!sendsFIN || p.out && p.seg.has(flagFIN))
	})
}

// evident reports whether of the packets that took an endpoint to its last state, or that it sent there, one passed a
// tap.
func (w *onWire) evident(l *Life, v Visit, tap Tap) bool {
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

// hostOf returns the tap on the host of a side.
func hostOf(s Side) Tap { return Tap(s) }

// sentFIN reports whether a life's FIN passed a tap, having left before a moment.
func (w *onWire) sentFIN(l *Life, until Moment, tap Tap) bool {
	return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
		return p.out && p.seg.has(flagFIN) && p.time >= l.Start && p.time <= until && w.at[tap][p.seg.hash] != 0
	})
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

// Compare holds the record of one tap against the kernel.
func Compare(t *Truth, c *Connection, w *onWire, v *View) []Difference {
	cmp := comparison{t: t, c: c, w: w, v: v}
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

	forged bool // the RST or SYN that decides was made up in the middle
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
	own := x.v.Tap.own(side)
	got := x.v.endpoint(x.t, side).State.String()
	var allowed []string
	for i := len(steps) - 1; i >= 0; i-- {
		allowed = append(allowed, steps[i].state)
		if steps[i].required {
			break
		}
	}
	switch {
	case got == "UNKNOWN" && !own:
		x.out = append(x.out, Difference{doubted, x.v.Tap, side, "state", fmt.Sprintf("kernel %s, finscope does not know", allowed[0])})
	case !slices.Contains(allowed, got):
		x.differ(own, side, "state", "kernel %s, finscope %s", allowed[0], got)
	case !fits(path, steps) && !own && fits(path, uncrossed(steps)):
		x.out = append(x.out, Difference{unseen, x.v.Tap, side, "path",
			"CLOSING or FIN_WAIT_2: which of the peer's FIN and ACK it received first, nothing shows before its own ACK passes here"})
	case !fits(path, steps):
		x.differ(own, side, "path", "kernel %v, finscope %v", words(steps), path)
	}
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

// aborted reports whether the RST with which a life ended passed the tap.
func (x *comparison) aborted(l *Life, v Visit) bool {
	for _, p := range x.w.packets[l.Side] {
		if p.out && p.seg.has(flagRST) && p.time >= v.After-1e6 {
			return x.w.at[x.v.Tap][p.seg.hash] != 0
		}
	}
	return false
}

func (x *comparison) closedFirst() {
	want := x.first()
	got := x.v.named(x.t, string(x.v.Flow.ClosedFirst))
	if want == got {
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
				got = span.Ended
			}
		}
		switch {
		case want == got:
		case want == "killed" && got == "" && !x.v.Tap.own(side) && !x.showsTimeWait(l):
			x.out = append(x.out, Difference{unseen, x.v.Tap, side, "time_wait", "what was sent in TIME_WAIT did not pass here before it ended"})
		case want == "killed" && got == "running" && !x.killed(l):
			x.out = append(x.out, Difference{unseen, x.v.Tap, side, "time_wait", "what ended it did not pass here"})
		default:
			x.differ(x.v.Tap.own(side), side, "time_wait", "kernel %q, finscope %q", want, got)
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
		case believed && r == nil && x.v.Flow.Verdict != analyzer.Refused && x.w.passed(l, x.v.Tap):
			x.differ(x.v.Tap.own(side), side, "reset", "the kernel believed a RST in %s, finscope none", x.stateAt(l))
		case l != nil && r != nil && !believed && x.v.named(x.t, string(r.By)) == string(side.other()) && r.Accepted && !x.closedBefore(l, r):
			x.differ(x.v.Tap.own(side), side, "reset", "the kernel believed no RST, finscope that of frame %d", r.Frame)
		}
	}
}

// passed reports whether the RST that a side believed passed a tap.
func (w *onWire) passed(l *Life, tap Tap) bool {
	return slices.ContainsFunc(w.packets[l.Side], func(p wirePacket) bool {
		return !p.out && p.seg.has(flagRST) && p.time >= l.Start && w.at[tap][p.seg.hash] != 0
	})
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
func (x *comparison) closedBefore(l *Life, r *analyzer.Reset) bool {
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
