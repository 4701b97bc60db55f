package analyzer

import (
	"fmt"
	"slices"
	"strings"
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
	if s.server.now > 0 {
		out = append(out, l.bindBlocked(acc, s))
	}
	if s.server.peak >= manyBlocked {
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
	fmt.Fprintf(&b, "%v held %d TIME_WAIT at the end of the capture: restarted now without SO_REUSEADDR it could not bind before %s (%s)",
		acc.at, n, l.clock(until), human(until-l.end))
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
	first, last := int64(maxTime), int64(0)
	for _, e := range s.refused {
		if e.time > since {
			first, last = min(first, e.time), max(last, e.time)
		}
	}
	return last-first >= outageFrom
}

// outageFrom is for how long a service has to refuse SYNs before a bind that fails is likelier than a restart.
const outageFrom = 5e9

// closeAdvice is the article's: who should close first, and what else helps.
func (l *ledger) closeAdvice(acc *account) string {
	who := "let the client close first"
	if server := acc.closedFirst(ServerFirst); server > 0 {
		who = fmt.Sprintf("let the client close first (the server did in %d of %d connections): end the answer, wait for the client's end of file for a few seconds, then close",
			server, server+acc.closedFirst(ClientFirst))
	}
	return who + "; or set SO_REUSEADDR on the old and the new listening socket (on Linux the new one alone is not enough)"
}

// serverHolds says that a server carries the TIME_WAITs of a service because it closes first.
func (l *ledger) serverHolds(acc *account, s *survey) GroupFinding {
	c := s.server
	port := acc.at.Port()
	f := GroupFinding{
		Code: ServerHoldsTimeWait, Severity: Info, IP: acc.at.Addr(), Port: &port, Count: c.peak, Streams: s.standAt(c.peakTime).streams,
		Start: at(c.first), End: at(l.end),
	}
	if c.peak >= crowded {
		f.Severity = Warning
	}
	f.Text = fmt.Sprintf("%v closed first in %d of %d connections and pays for it: up to %d TIME_WAITs at once (at %s), %d at the end of the capture. They take memory, not ports: "+
		"a client that comes back on the same port is accepted if its sequence number or timestamp is newer",
		acc.at, acc.closedFirst(ServerFirst), acc.flows, c.peak, l.clock(c.peakTime), c.now)
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
	var left []span
	for _, p := range acc.pages {
		left = append(left, p.account().left...)
	}
	if len(s.refused) == 0 || len(s.server.starts)+len(left) == 0 {
		return nil
	}
	behind := crowdOf(left)
	for i := 0; i < len(s.refused); {
		again := s.again(s.refused[i].time)
		j := i
		for j < len(s.refused) && s.refused[j].time < again {
			j++
		}
		if f, ok := l.outage(acc, s, behind, s.refused[i:max(j, i+1)], again); ok {
			out = append(out, f)
		}
		i = max(j, i+1)
	}
	return out
}

// crowd tells of many holds how many there are at a moment, without looking at each.
type crowd struct {
	since, until []int64 // sorted, each for itself
	last         []int64 // by since: when the last of those that began until then ends
}

// crowdOf makes the crowd of what was there in these times. It puts them in order.
func crowdOf(times []span) *crowd {
	lasting := slices.DeleteFunc(times, func(t span) bool { return t.from >= t.to })
	sortBy(lasting, func(t *span) int64 { return t.from }, func(a, b span) int { return 0 })
	c := &crowd{since: make([]int64, 0, len(lasting)), until: make([]int64, 0, len(lasting)), last: make([]int64, 0, len(lasting))}
	var last int64
	for i := range lasting {
		last = max(last, lasting[i].to)
		c.since, c.until, c.last = append(c.since, lasting[i].from), append(c.until, lasting[i].to), append(c.last, last)
	}
	sortTimes(c.until)
	return c
}

// at returns how many holds there are at a time, and when the last of them ends; 0 if there are none.
func (c *crowd) at(t int64) (n int, gone int64) {
	begun, _ := slices.BinarySearch(c.since, t+1)
	over, _ := slices.BinarySearch(c.until, t+1)
	if begun == over {
		return 0, 0
	}
	return begun - over, c.last[begun-1]
}

// soonAfter is within which time after the last obstacle has gone a service that waited for that is back: programs that
// start others try again every few seconds, with growing pauses.
const soonAfter = 30e9

// outage judges one stretch of refusals; again is when the service accepted next.
func (l *ledger) outage(acc *account, s *survey, leaving *crowd, refused []incident, again int64) (GroupFinding, bool) {
	from, to := refused[0].time, refused[len(refused)-1].time
	waits, gone := s.waiting(from)
	left, later := leaving.at(from)
	gone = max(gone, later) // when the last obstacle went
	over := again != maxTime
	switch {
	case waits+left == 0:
		return GroupFinding{}, false
	case !over && to-from < outageFrom: // it may be about to start
		return GroupFinding{}, false
	case !over && (l.end >= gone || to < l.end-soonAfter): // refused although nothing is in the way, or not tried of late
		return GroupFinding{}, false
	case over && (again < gone-1e9 || again > gone+soonAfter):
		return GroupFinding{}, false
	}
	port := acc.at.Port()
	f := GroupFinding{Code: RefusedWhileTimeWait, Severity: Error, IP: acc.at.Addr(), Port: &port, Count: len(refused), Streams: []int{}, Start: at(from), End: at(to)}
	for _, e := range refused {
		f.Streams = append(f.Streams, int(e.stream))
	}
	var held []string
	if waits > 0 {
		held = append(held, fmt.Sprintf("%d TIME_WAIT", waits))
	}
	if left > 0 {
		held = append(held, fmt.Sprintf("%d CLOSE_WAIT that its application never closed", left))
	}
	obstacles := strings.Join(held, " and ")
	if over {
		f.Severity, f.End = Warning, at(again)
		f.Text = fmt.Sprintf("%v refused %s from %s on, while the port had %s, and accepted again at %s, %s after the last of them was gone: "+
			"likely a bind that failed with \"address already in use\"; out of service for %.1f s",
			acc.at, counted(int64(len(refused)), "connection", "connections"), l.clock(from), obstacles, l.clock(again), human(again-gone), float64(again-from)/1e9)
	} else {
		until := "for as long as that stays"
		if gone != maxTime {
			until = "until " + l.clock(gone)
		}
		f.Text = fmt.Sprintf("%v refuses connections since %s (%d so far) while the port has %s: likely a bind that fails with \"address already in use\" %s; out of service for %.1f s so far",
			acc.at, l.clock(from), len(refused), obstacles, until, float64(l.end-from)/1e9)
	}
	f.Advice = l.closeAdvice(acc)
	if left > 0 {
		f.Advice = "find the process that still has the old connections (ss -tnp state close-wait) and end it: it never called close() after the client had; " + f.Advice
	}
	return f, true
}
