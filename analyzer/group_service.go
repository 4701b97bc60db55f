package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"
	"sort"

	"finscope/internal/timeline"
	"finscope/internal/units"
)

// leakKey names who leaks sockets: the endpoints of one service, or one client of it.
type leakKey struct {
	service netip.AddrPort
	client  netip.Addr // of the client that owes its FINs; invalid: the server does
}

// owes returns the key of the connections in which x owes its FIN.
func (s *shard) owes(f *flow, x, client int) leakKey {
	k := leakKey{service: s.service(f, f.peer(client))}
	if x == client {
		k.client = s.addr(f, client)
	}
	return k
}

func (k leakKey) compare(o leakKey) int {
	return cmp.Or(k.service.Compare(o.service), k.client.Compare(o.client))
}

// leak is a connection whose peer has closed and whose owner has not.
type leak struct {
	stream int
	since  int64
}

// lookHalfClosed takes up a connection of which one side has closed: endpoint 0 if by0 is set.
func (t *trouble) lookHalfClosed(s *shard, f *flow, o *outcome, by0 bool, stream int) {
	x := 1
	if by0 {
		x = 0
	}
	y := f.peer(x)
	since, hangs := s.hangs(f, o, x)
	if !hangs || o.state[x] != FinWait2 || o.state[y] != CloseWait || o.c.fin[y].sent {
		return
	}
	k := s.owes(f, y, o.client)
	t.leaks[k] = append(t.leaks[k], leak{stream, since})
}

// lookClosed takes up a connection of acc that both sides closed.
func (t *trouble) lookClosed(s *shard, f *flow, c *closing, client int, acc *account) {
	n, m := &c.fin[0], &c.fin[1]
	if n.inferred || m.inferred {
		return
	}
	first := 0
	if m.passive(n) == n.passive(m) {
		return
	}
	if n.passive(m) {
		first = 1
	}
	second := f.peer(first)
	x, y := &c.fin[first], &c.fin[second]
	if y.time-x.time >= t.a.stuckAfter {
		k := s.owes(f, second, client)
		t.late[k] = append(t.late[k], y.time)
	}
	if x.idle >= minIdle {
		side := btoi(first == client)
		acc.idle[side].Add(x.idle)
	}
}

// leakFrom is how many connections with the same stall are a leak.
const leakFrom = 2

// isLeak reports whether so many connections that somebody does not close are a leak. One who closes late by habit leaks nothing: there,
// as many were closed after such a time as hang now.
func isLeak(hanging, late int) bool { return hanging >= leakFrom && hanging > late }

// oneAct is within what time closes are one act: a process that ends closes all it had at once.
const oneAct = 1e9 // ns

// closeWaitLeaks reports sockets in CLOSE_WAIT that nobody closes.
func (g *gathering) closeWaitLeaks() {
	end := g.end
	for _, k := range sortedKeys(g.leaks, leakKey.compare) {
		all := g.leaks[k]
		timeline.SortBy(all, func(l *leak) int64 { return l.since }, func(a, b leak) int { return cmp.Compare(a.stream, b.stream) })
		old := sort.Search(len(all), func(i int) bool { return end-all[i].since < g.a.stuckAfter })
		if !isLeak(old, acts(g.late[k])) {
			continue
		}
		var streams []int
		for _, l := range all[:old] {
			streams = append(streams, l.stream)
		}
		first, last := all[0].since, all[old-1].since
		growth := "all since the same time"
		if spread := last - first; spread >= 1e9 {
			growth = fmt.Sprintf("growing, from 1 at %s to %s at %s (%s a minute)", g.moment(first), units.Count(old), g.moment(last), number(float64(old-1)/(float64(spread)/60e9)))
		}
		if n := len(all) - old; n > 0 {
			growth += "; " + counted(int64(n), "younger one waits too", "younger ones wait too")
		}
		where, owner, other := k.service, "the server", "clients"
		if k.client.IsValid() {
			where, owner, other = netip.AddrPortFrom(k.client, 0), "the client", "the server"
		}
		subject := fmt.Sprintf("%s of %v", connections(old), k.service)
		if k.client.IsValid() {
			subject = fmt.Sprintf("%s from %v to %v", connections(old), k.client, k.service)
		}
		hold := "has"
		if other == "clients" {
			other, hold = "the clients", "have"
		}
		text := fmt.Sprintf("%s: %s %s closed and %s has not (CLOSE_WAIT), the oldest for %s; %s", subject, other, hold, owner, human(end-first), growth)
		g.add(CloseWaitLeak, Warning, where, streams, first, end, text, leakAdvice(g.a.platform, g.a.finTimeout, k))
	}
}

func leakAdvice(p platform, finTimeout int64, k leakKey) string {
	far := p.list(FinWait2, "")
	conntrack, descriptors := "", ""
	if p.linux() {
		far = p.list(FinWait2, fmt.Sprintf("dst %v", k.service.Addr()))
		conntrack = "; a conntrack on the way says CLOSE_WAIT, for 60 s (nf_conntrack_tcp_timeout_close_wait)"
		descriptors = " and `ls /proc/PID/fd | wc -l` its descriptors"
	}
	if k.client.IsValid() {
		if p.linux() {
			far = p.list(FinWait2, fmt.Sprintf("sport = :%d", k.service.Port()))
		}
		return fmt.Sprintf("No timer ends CLOSE_WAIT (SO_KEEPALIVE may): each holds a file descriptor until the process closes it. On %v, %s names the process%s. "+
			"The program must close a connection when read() returns 0: look at its connection pool (check idle connections before use, or keep them for less time than the server does). "+
			"On the server, %s shows the other end, for %s after close() and without limit after shutdown(SHUT_WR)%s.",
			k.client, p.owner(CloseWait, k.service.Port(), fmt.Sprintf("dst %v", k.service)), descriptors, far, human(finTimeout), conntrack)
	}
	return fmt.Sprintf("No timer ends CLOSE_WAIT (SO_KEEPALIVE may): each holds a file descriptor until the process closes it, and accept() fails with EMFILE when they are used up. On %v, %s names the process. "+
		"Its code must close a connection when read() returns 0: look for a path that returns without close (error, timeout), or a worker that is stuck (take a stack dump). "+
		"Restarting the process frees them for now. On the clients, %s shows the other end, for %s after close() and without limit after shutdown(SHUT_WR)%s.",
		k.service.Addr(), p.owner(CloseWait, k.service.Port(), fmt.Sprintf("sport = :%d", k.service.Port())), far, human(finTimeout), conntrack)
}

// acts counts the acts of which these are the moments.
func acts(moments []int64) int {
	timeline.SortTimes(moments)
	n := 0
	last := int64(-1 << 62)
	for _, t := range moments {
		if t-last >= oneAct {
			n++
			last = t
		}
	}
	return n
}
