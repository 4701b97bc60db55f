package analyzer

import (
	"fmt"
	"strings"

	"finscope/internal/timeline"
	"finscope/internal/units"
)

// From how many TIME_WAITs of a listening port a blocked bind is more than a note. One is enough to make bind() fail, but
// only on a server that does not set SO_REUSEADDR, which nearly all do and no packet shows; and a port with a few of them
// is free again in a moment. From a hundred (two closes a second) the port is hardly ever free, so a restart at any time
// would fail; from a thousand it would be an outage of a minute for a busy service.
const (
	manyBlocked    = 100
	serviceBlocked = 1000
)

// serverWaits says what the TIME_WAITs of a server are in the way of.
func (l *ledger) serverWaits(acc *account, s *survey) (out []GroupFinding) {
	if s.server.Now > 0 && !s.rebound() {
		out = append(out, l.bindBlocked(acc, s))
	}
	if s.server.Peak >= manyBlocked {
		out = append(out, l.serverHolds(acc, s))
	}
	return out
}

// bindBlocked says until when a bind to a listening port fails if its server restarts now without SO_REUSEADDR: Linux,
// inet_csk_bind_conflict; every connection of the port is in the way, and TIME_WAITs are left when all others are gone.
func (l *ledger) bindBlocked(acc *account, s *survey) GroupFinding {
	running := s.standAt(l.end)
	n, until := len(running.streams), running.until
	port := acc.at.Port()
	f := GroupFinding{
		Code: BindBlocked, Severity: Info, IP: acc.at.Addr(), Port: &port, Count: n, Streams: running.streams,
		Start: at(running.since), End: at(until),
	}
	refusing := s.refusing(l.end - l.length)
	switch {
	case n >= serviceBlocked || refusing:
		f.Severity = Error
	case n >= manyBlocked:
		f.Severity = Warning
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v held %s TIME_WAIT at the end of the capture: restarted now without SO_REUSEADDR it could not bind before %s (%s)",
		acc.at, units.Count(n), l.clock(until), human(until-l.end))
	if acc.open > 0 {
		fmt.Fprintf(&b, "; %s still open would add theirs, %s from when the server closes them", counted(int64(acc.open), "connection", "connections"), human(l.length))
	}
	if refusing {
		b.WriteString("; it refuses connections now: that may be what a failed bind looks like")
	}
	f.Text = b.String()
	f.Advice = l.closeAdvice(acc)
	return f
}

// refusing reports whether the service has refused all SYNs since a time, or since it last accepted one, for as long as
// outageFrom.
func (s *survey) refusing(since int64) bool {
	since = max(since, s.latest)
	first, last := int64(timeline.Never), int64(0)
	for _, e := range s.refused {
		if e.Time > since {
			first, last = min(first, e.Time), max(last, e.Time)
		}
	}
	return last-first >= outageFrom
}

// rebound reports whether the port of the service was bound anew while TIME_WAITs stood in the way: SYNs were refused for a while and
// accepted again with more than a second of them to go. Only SO_REUSEADDR on the old and the new socket lets that happen.
func (s *survey) rebound() bool {
	for _, e := range s.refused {
		again := s.again(e.Time)
		if again == timeline.Never || again-e.Time < restartTakes {
			continue
		}
		if n, gone := s.waiting(e.Time); n > 0 && again < gone-freedAt {
			return true
		}
	}
	return false
}

const (
	// restartTakes is for how long at least nobody is accepted while a service restarts. A filter that refuses some clients lets others
	// in meanwhile: a service with as many TIME_WAITs as matter accepts several a second.
	restartTakes = 500e6 // ns

	// freedAt is how much earlier than expected the last TIME_WAIT may be gone: clocks of kernels are that coarse. ns.
	freedAt = 1e9
)

// outageFrom is for how long a service has to refuse SYNs before a bind that fails is likelier than a restart.
const outageFrom = 5e9 // ns

// closeAdvice is the article's: who should close first, and what else helps.
func (l *ledger) closeAdvice(acc *account) string {
	who := "let the client close first"
	if server := acc.closedFirst(ServerFirst); server > 0 {
		who = fmt.Sprintf("let the client close first (the server did in %s of %s connections): end the answer, wait for the client's end of file for a few seconds, then close",
			units.Count(server), units.Count(server+acc.closedFirst(ClientFirst)))
	}
	return who + "; or set SO_REUSEADDR on the old and the new listening socket (on Linux the new one alone is not enough)"
}

// serverHolds says that a server carries the TIME_WAITs of a service because it closes first.
func (l *ledger) serverHolds(acc *account, s *survey) GroupFinding {
	c := s.server
	port := acc.at.Port()
	f := GroupFinding{
		Code: ServerHoldsTimeWait, Severity: Info, IP: acc.at.Addr(), Port: &port, Count: c.Peak, Streams: s.standAt(c.PeakTime).streams,
		Start: at(c.First), End: at(l.end),
	}
	if c.Peak >= crowded {
		f.Severity = Warning
	}
	f.Text = fmt.Sprintf("%v closed first in %s of %s connections and pays for it: up to %s TIME_WAITs at once (at %s), %s at the end of the capture. They take memory, not ports: "+
		"a client that comes back on the same port is accepted if its sequence number or timestamp is newer",
		acc.at, units.Count(acc.closedFirst(ServerFirst)), units.Count(acc.flows), units.Count(c.Peak), l.clock(c.PeakTime), units.Count(c.Now))
	f.Advice = "let the clients close first, or keep connections open for several requests (keep-alive)"
	if l.linux {
		f.Advice += "; tcp_tw_reuse does not help a server; beyond net.ipv4.tcp_max_tw_buckets Linux drops TIME_WAITs at once, and late packets are answered with RST"
	}
	return f
}

// crowded is how many TIME_WAITs of one listening port are a load of their own: with them, at Linux's 60 s, a server
// closes more than 500 connections a second, and a quarter of the usual limit (tcp_max_tw_buckets, 131,072) is taken.
const crowded = 32768

// outages reports stretches in which a service refused SYNs while TIME_WAITs, or CLOSE_WAITs that were left behind, kept
// its port, and accepted once they were gone: what a bind that fails looks like from outside. A server that is merely
// restarted accepts before that; one that is down accepts at any time.
func (l *ledger) outages(acc *account, s *survey) (out []GroupFinding) {
	var left []timeline.Span
	for _, p := range acc.pages {
		left = append(left, p.account().left...)
	}
	if len(s.refused) == 0 || s.server.Peak+len(left) == 0 {
		return nil
	}
	behind := timeline.CrowdOf(left)
	for i := 0; i < len(s.refused); {
		again := s.again(s.refused[i].Time)
		j := i
		for j < len(s.refused) && s.refused[j].Time < again {
			j++
		}
		if f, ok := l.outage(acc, s, behind, s.refused[i:max(j, i+1)], again); ok {
			out = append(out, f)
		}
		i = max(j, i+1)
	}
	return out
}

// soonAfter is within which time after the last obstacle has gone a service that waited for that is back: programs that
// start others try again every few seconds, with growing pauses.
const soonAfter = 30e9 // ns

// outage judges one stretch of refusals; again is when the service accepted next.
func (l *ledger) outage(acc *account, s *survey, leaving *timeline.Crowd, refused []timeline.Incident, again int64) (GroupFinding, bool) {
	from, to := refused[0].Time, refused[len(refused)-1].Time
	waits, gone := s.waiting(from)
	left, later := leaving.At(from)
	gone = max(gone, later) // when the last obstacle went
	over := again != timeline.Never
	switch {
	case waits+left == 0:
		return GroupFinding{}, false
	case !over && to-from < outageFrom: // it may be about to start
		return GroupFinding{}, false
	case !over && (l.end >= gone || to < l.end-soonAfter): // refused although nothing is in the way, or not tried of late
		return GroupFinding{}, false
	case over && (again < gone-freedAt || again > gone+soonAfter):
		return GroupFinding{}, false
	}
	port := acc.at.Port()
	f := GroupFinding{Code: RefusedWhileTimeWait, Severity: Error, IP: acc.at.Addr(), Port: &port, Count: len(refused), Streams: []int{}, Start: at(from), End: at(to)}
	for _, e := range refused {
		f.Streams = append(f.Streams, int(e.Stream))
	}
	var held []string
	if waits > 0 {
		held = append(held, units.Count(waits)+" TIME_WAIT")
	}
	if left > 0 {
		held = append(held, units.Count(left)+" CLOSE_WAIT that its application never closed")
	}
	obstacles := strings.Join(held, " and ")
	if over {
		f.Severity, f.End = Warning, at(again)
		f.Text = fmt.Sprintf("%v refused %s from %s on, while the port had %s, and accepted again at %s, %s after the last of them was gone: "+
			"likely a bind that failed with \"address already in use\"; out of service for %.1f s",
			acc.at, counted(int64(len(refused)), "connection", "connections"), l.clock(from), obstacles, l.clock(again), human(again-gone), float64(again-from)/1e9)
	} else {
		until := "for as long as that stays"
		if gone != timeline.Never {
			until = "until " + l.clock(gone)
		}
		f.Text = fmt.Sprintf("%v refuses connections since %s (%s so far) while the port has %s: likely a bind that fails with \"address already in use\" %s; out of service for %.1f s so far",
			acc.at, l.clock(from), units.Count(len(refused)), obstacles, until, float64(l.end-from)/1e9)
	}
	f.Advice = l.closeAdvice(acc)
	if left > 0 {
		f.Advice = "find the process that still has the old connections (ss -tnp state close-wait) and end it: it never called close() after the client had; " + f.Advice
	}
	return f, true
}
