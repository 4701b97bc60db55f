package lab

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Visit is a stay of an endpoint in a state, as the kernel tells it.
type Visit struct {
	State string
	// The state was entered between After and Until: the same for what tracefs shows, some ms apart for what polling does.
	After, Until Moment
	Why          string // how a connection came to its end; see the why constants
}

// How a socket came to be CLOSED.
const (
	whyAcked   = "its FIN was acknowledged"
	whyRSTIn   = "it believed a RST"
	whyRSTOut  = "it sent a RST"
	whyExpired = "TIME_WAIT ran out"
	whyKilled  = "TIME_WAIT was ended early"
	whyReused  = "TIME_WAIT gave way to a new connection"
	whySilent  = "without a packet" // and the state before tells which kind of giving up it was
)

// Life is what the kernel of one host tells of one end of one connection.
type Life struct {
	Side   Side
	Local  netip.AddrPort
	Remote netip.AddrPort
	Start  Moment
	Visits []Visit
	RSTIn  []Moment // RSTs that it believed
}

// state returns the last state.
func (l *Life) state() string {
	if l == nil || len(l.Visits) == 0 {
		return "CLOSED"
	}
	return l.Visits[len(l.Visits)-1].State
}

func (l *Life) visited(state string) bool {
	return l != nil && slices.ContainsFunc(l.Visits, func(v Visit) bool { return v.State == state })
}

// dropped reports whether a socket was closed in CLOSING without a packet.
func (l *Life) dropped() bool {
	if l == nil || len(l.Visits) < 2 {
		return false
	}
	end := l.Visits[len(l.Visits)-2:]
	return end[0].State == "CLOSING" && end[1].Why == whySilent
}

// tuple names one end of a connection.
type tuple struct{ local, remote netip.AddrPort }

// undecided stands for FIN_WAIT_2>CLOSED and CLOSING>CLOSED in the tracepoint: the full socket has made way for a small
// one, which is in TIME_WAIT or, if it is an orphan, in FIN_WAIT_2. What sock_diag shows next tells.
const undecided = "?"

// lives puts together what tracefs and sock_diag told of the sockets of one host. host are the frames of that host's own
// tap.
func lives(t *Truth, side Side, host []Frame) []*Life {
	type moment struct {
		at  Moment
		ev  *Event
		see *Sighting
	}
	var all []moment
	for i := range t.Events {
		if t.Events[i].Who == side {
			all = append(all, moment{at: t.Events[i].Time, ev: &t.Events[i]})
		}
	}
	for i := range t.Sightings {
		if t.Sightings[i].Who == side {
			all = append(all, moment{at: t.Sightings[i].Until, see: &t.Sightings[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	b := lifeBuilder{side: side, current: map[tuple]*Life{}, lastRST: map[tuple]Moment{}, sentRST: map[tuple]Moment{}, expires: map[tuple]Moment{}, host: host, calls: t.Calls}
	for _, m := range all {
		if m.ev != nil {
			b.event(m.ev)
		} else {
			b.sighting(m.see)
		}
	}
	for _, l := range b.out {
		b.resolve(l)
		b.reasons(l)
	}
	b.dropAttempts()
	slices.SortStableFunc(b.out, func(a, c *Life) int { return cmp.Compare(a.Start, c.Start) })
	return b.out
}

type lifeBuilder struct {
	side    Side
	host    []Frame
	calls   []Call
	out     []*Life
	current map[tuple]*Life
	lastRST map[tuple]Moment // believed
	sentRST map[tuple]Moment
	expires map[tuple]Moment
	dialed  Moment // when a socket without a port was last connected, or that failed
}

// begin starts a life.
func (b *lifeBuilder) begin(k tuple, state string, after, until Moment) *Life {
	if old := b.current[k]; old != nil && old.state() == "TIME_WAIT" {
		old.Visits = append(old.Visits, Visit{State: "CLOSED", After: after, Until: until, Why: whyReused})
	}
	l := &Life{Side: b.side, Local: k.local, Remote: k.remote, Start: after, Visits: []Visit{{State: state, After: after, Until: until}}}
	b.current[k] = l
	b.out = append(b.out, l)
	return l
}

func (b *lifeBuilder) event(ev *Event) {
	k := tuple{ev.Local, ev.Remote}
	switch ev.What {
	case evRecvRST:
		b.lastRST[k] = ev.Time
		if l := b.current[k]; l != nil {
			l.RSTIn = append(l.RSTIn, ev.Time)
		}
		return
	case evSendRST:
		b.sentRST[k] = ev.Time
		// Linux deals with data for a closed socket as with a RST, and then sends one (TCP_ABORT_ON_DATA).
		if l := b.current[k]; l != nil && strings.HasPrefix(ev.Reason, "TCP_ABORT") && len(l.RSTIn) > 0 && ev.Time-l.RSTIn[len(l.RSTIn)-1] < 1e6 {
			l.RSTIn = l.RSTIn[:len(l.RSTIn)-1]
			if last := &l.Visits[len(l.Visits)-1]; last.Why == whyRSTIn {
				last.Why = whyRSTOut
			}
		}
		return
	case evState:
	default:
		return
	}
	if ev.New == "LISTEN" || ev.Old == "LISTEN" && ev.New == "CLOSED" || ev.Remote.Port() == 0 {
		return
	}
	if ev.Local.Port() == 0 {
		b.dialed = ev.Time // connect has not chosen a port so far
		return
	}
	l := b.current[k]
	switch {
	case ev.Old == "CLOSED" && ev.New == "SYN_SENT":
		b.begin(k, "SYN_SENT", ev.Time, ev.Time)
		return
	case ev.Old == "LISTEN" && ev.New == "SYN_RECEIVED":
		if l == nil || l.state() != "SYN_RECEIVED" { // no request was seen: it did not live long
			b.begin(k, "SYN_RECEIVED", ev.Time, ev.Time)
		}
		return
	case ev.Old == "SYN_SENT" && (l == nil || l.state() != "SYN_SENT"):
		l = b.begin(k, ev.Old, b.dialed, b.dialed)
	case l == nil:
		l = b.begin(k, ev.Old, ev.Time, ev.Time)
	}
	v := Visit{State: ev.New, After: ev.Time, Until: ev.Time}
	if ev.New == "CLOSED" {
		rst, ok := b.lastRST[k]
		switch {
		case ok && ev.Time-rst >= 0 && ev.Time-rst < 1e6:
			v.Why = whyRSTIn
		case ev.Old == "FIN_WAIT_2" || ev.Old == "CLOSING":
			v.State = undecided
		}
	}
	if l.state() == ev.New {
		return
	}
	l.Visits = append(l.Visits, v)
}

func (b *lifeBuilder) sighting(s *Sighting) {
	k := tuple{s.Local, s.Remote}
	l := b.current[k]
	small := s.Small || s.State == ""
	if !small {
		return // tracefs tells the states of full sockets, and better
	}
	switch {
	case s.State == "SYN_RECEIVED":
		if l == nil || l.state() == "CLOSED" || l.state() == "TIME_WAIT" || l.state() == undecided {
			b.begin(k, s.State, s.After, s.Until)
		}
	case l == nil:
	case s.State == "":
		last := &l.Visits[len(l.Visits)-1]
		v := Visit{State: "CLOSED", After: s.After, Until: s.Until}
		switch {
		case last.State == "CLOSED" || s.Until < last.Until:
			return
		case last.State == "TIME_WAIT":
			v.Why = whyKilled
			if due := b.expires[k]; due != 0 && due-s.Until < 20e6 {
				v.Why = whyExpired
			}
		case last.State == "FIN_WAIT_2":
			// A small FIN_WAIT_2 that is gone: it ran out, or a RST ended it, or it was in TIME_WAIT in between.
			if b.answeredFIN(k, s.After, s.Until) {
				l.Visits = append(l.Visits, Visit{State: "TIME_WAIT", After: s.After, Until: s.Until})
				v.Why = whyKilled
			}
		case last.State == "SYN_RECEIVED":
		case last.State == undecided:
			if s.After < last.Until {
				return // the poll ran while one socket made way for the other
			}
		default:
			return // the tracepoint tells
		}
		l.Visits = append(l.Visits, v)
	case l.state() == undecided:
		l.Visits[len(l.Visits)-1].State = s.State
		b.expires[k] = s.Expires
	case s.State == "TIME_WAIT" && l.state() == "FIN_WAIT_2":
		l.Visits = append(l.Visits, Visit{State: s.State, After: s.After, Until: s.Until})
		b.expires[k] = s.Expires
	case s.State == "TIME_WAIT":
		b.expires[k] = s.Expires
	}
}

// dropAttempts takes out the lives of sockets that went to SYN_SENT and sent nothing, because the port was not free: the
// kernel enters the state first and then looks.
func (b *lifeBuilder) dropAttempts() {
	b.out = slices.DeleteFunc(b.out, func(l *Life) bool {
		if len(l.Visits) != 2 || l.Visits[0].State != "SYN_SENT" || l.Visits[1].State != "CLOSED" {
			return false
		}
		for i := range b.host {
			f := &b.host[i]
			s, ok := parse(f.Data)
			if ok && f.Out && s.Src == l.Local && s.Dst == l.Remote && Moment(f.Time) >= l.Start && Moment(f.Time) <= l.Visits[1].Until {
				return false
			}
		}
		for _, old := range b.out {
			last := len(old.Visits) - 1
			if old != l && old.Local == l.Local && old.Remote == l.Remote && old.Visits[last].Why == whyReused && old.Visits[last].After == l.Start {
				old.Visits = old.Visits[:last]
			}
		}
		return true
	})
}

// resolve decides what no poll has seen: a small socket that lived for less than the time between two polls, or none at
// all.
func (b *lifeBuilder) resolve(l *Life) {
	for i := 0; i < len(l.Visits); i++ {
		v := &l.Visits[i]
		if v.State != undecided {
			continue
		}
		v.State = "CLOSED"
		closing := i > 0 && l.Visits[i-1].State == "CLOSING"
		from := v.After
		if b.called(l, v.After) {
			from += 1e6 // a FIN that came before the application closed did not bring about this
		}
		if b.entersTimeWait(l, v.After, closing) || !closing && b.answeredFIN(tuple{l.Local, l.Remote}, from, v.After+2*Moment(pollPeriod)) {
			v.State = "TIME_WAIT"
			if i+1 == len(l.Visits) {
				l.Visits = append(l.Visits, Visit{State: "CLOSED", After: v.After, Until: v.After + 10e6})
			}
			if n := &l.Visits[i+1]; n.State == "CLOSED" && n.Why == "" {
				n.Why = whyKilled
			}
		}
	}
	for i := range l.Visits {
		// Linux sends the ACK of a FIN that it receives in FIN_WAIT_1 or FIN_WAIT_2 just before it changes the state.
		if v := &l.Visits[i]; v.State == "CLOSING" || v.State == "TIME_WAIT" {
			v.After = b.received(l, v.After)
		}
	}
	// The small FIN_WAIT_2 of an orphan is the same state as the full one, and what was gone is gone.
	l.Visits = slices.CompactFunc(l.Visits, func(a, b Visit) bool { return a.State == b.State })
}

// entersTimeWait reports whether what a host received just before a moment takes a socket to TIME_WAIT: from CLOSING an
// acknowledgment, from FIN_WAIT_2 a FIN that is not answered with a RST.
func (b *lifeBuilder) entersTimeWait(l *Life, at Moment, closing bool) bool {
	if b.called(l, at) {
		return false
	}
	yes, when := false, Moment(0)
	for i := range b.host {
		f := &b.host[i]
		s, ok := parse(f.Data)
		switch {
		case !ok:
		case Moment(f.Time) <= at && Moment(f.Time) > at-packetSlack && !f.Out && s.Src == l.Remote && s.Dst == l.Local:
			yes, when = s.has(flagFIN) || closing && s.has(flagACK) && !s.has(flagRST), Moment(f.Time)
		case yes && f.Out && Moment(f.Time) > when && Moment(f.Time) < at+2e6 && s.Src == l.Local && s.Dst == l.Remote:
			return !s.has(flagRST)
		}
	}
	return yes
}

// called reports whether a socket changed its state at a moment because its application closed it.
func (b *lifeBuilder) called(l *Life, at Moment) bool {
	port := l.Local.Port()
	if b.side == Server {
		port = l.Remote.Port()
	}
	return slices.ContainsFunc(b.calls, func(c Call) bool {
		const rounding = 2e3 // of the trace clock
		return c.Who == b.side && c.Port == port && c.Began-rounding <= at && at <= c.Time+rounding &&
			(strings.HasPrefix(c.Call, "close(") || strings.HasPrefix(c.Call, "shutdown(") || strings.HasPrefix(c.Call, "ss -K"))
	})
}

// received returns when a host got the packet of a connection that it acted on at a moment; the moment itself if it was
// none.
func (b *lifeBuilder) received(l *Life, at Moment) Moment {
	out := at
	for i := range b.host {
		f := &b.host[i]
		if Moment(f.Time) > at {
			break
		}
		if s, ok := parse(f.Data); ok && !f.Out && s.Src == l.Remote && s.Dst == l.Local && Moment(f.Time) > at-packetSlack {
			out = Moment(f.Time)
		}
	}
	return out
}

// pollPeriod is about how long a small socket may live unseen, in ns.
const pollPeriod = 5e6

// packetSlack is how long after its time stamp a packet may take effect on a busy machine.
const packetSlack = 20e6

// answeredFIN reports whether within a span a FIN came in for a socket and an ACK, and no RST, went out.
func (b *lifeBuilder) answeredFIN(k tuple, after, until Moment) bool {
	var fin, ack bool
	for i := range b.host {
		f := &b.host[i]
		if Moment(f.Time) < after-1e6 || Moment(f.Time) > until+1e6 {
			continue
		}
		s, ok := parse(f.Data)
		switch {
		case !ok:
		case !f.Out && s.Src == k.remote && s.Dst == k.local && s.has(flagFIN):
			fin = true
		case f.Out && s.Src == k.local && s.Dst == k.remote && fin:
			if s.has(flagRST) {
				return ack
			}
			ack = true
		}
	}
	return ack
}

// reasons says of each CLOSED how it came about, by what passed the host at that moment.
func (b *lifeBuilder) reasons(l *Life) {
	for i := range l.Visits {
		v := &l.Visits[i]
		if v.State != "CLOSED" || v.Why != "" {
			continue
		}
		v.Why = whySilent
		app := b.called(l, v.After)
		for j := range b.host {
			f := &b.host[j]
			if Moment(f.Time) < v.After-packetSlack || Moment(f.Time) > v.Until+packetSlack {
				continue
			}
			s, ok := parse(f.Data)
			switch {
			case !ok:
			case f.Out && s.Src == l.Local && s.Dst == l.Remote && s.has(flagRST):
				// Linux lets go of a socket in CLOSING or LAST_ACK without a RST if all it had was sent (tcp_disconnect): a bare
				// one that follows answers something that meets no socket.
				if v.Why == whySilent && !(app && !s.has(flagACK) && i > 0 && (l.Visits[i-1].State == "CLOSING" || l.Visits[i-1].State == "LAST_ACK")) {
					v.Why = whyRSTOut
				}
			case !f.Out && s.Src == l.Remote && s.Dst == l.Local && Moment(f.Time) <= v.Until && !app:
				switch {
				case s.has(flagRST) && v.Why != whyRSTOut:
					v.Why = whyRSTIn
				case s.has(flagACK) && i > 0 && l.Visits[i-1].State == "LAST_ACK":
					v.Why = whyAcked
				}
			}
		}
	}
}
