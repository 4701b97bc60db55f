package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"finscope/internal/timeline"
	"finscope/internal/units"
)

// lostState is a connection that a host, or something in its name, knew nothing of when it was used.
type lostState struct {
	stream int
	start  int64
	time   int64 // of the RST
	heard  int64 // when the host was last heard of on this connection before that; 0: never
	inVain bool  // its peer had sent the same again and again before the RST came: a path that was down, not a pause
}

// outage is a series of segments of one connection that a host did not answer.
type outage struct {
	stream      int
	peer        netip.Addr // who was not answered
	since       int64      // first segment sent again
	until       int64      // last one
	heard       int64      // when it answered after all; 0: never
	established bool
	told        string // what ICMP said of them meanwhile, and who; "": nothing
}

// presence is what was heard of a host on one of its connections.
type presence struct {
	start        int64
	heard        int64 // last packet; 0: none
	stream       int32
	synchronized bool
}

// leastResent is how many unanswered copies, and leastSilence over what time, mean that nobody is there, and not that a
// packet or a flight of them was lost.
const (
	leastResent  = 3
	leastSilence = 1e9 // ns
)

// leastUnanswered is how long before the end of the capture the first of the copies has to have passed: an answer to one that is not
// as old may still come.
const leastUnanswered = 3e9 // ns

// lookSilent takes up the silences of a connection.
func (t *trouble) lookSilent(s *shard, f *flow, stream int) {
	o := s.odds.At(f.odd)
	for x := range f.e {
		if q := &o.silent[x]; q.resent >= leastResent && q.until-q.since >= leastSilence && t.end-q.since >= leastUnanswered {
			host := s.addr(f, f.peer(x))
			// A host that sends its SYN-ACK again and nothing else has dropped what completes the handshake, as with a full accept queue.
			e := &f.e[f.peer(x)]
			queued := e.has(synAgain) && !e.has(sentPlain|sentData)
			told := ""
			if u := s.undelivered(o, x); u.since(q.since) {
				told = fmt.Sprintf("%v returned packets as ICMP %v (frame %d)", u.by.Netip(), u.why, u.last)
			}
			t.silent[host] = append(t.silent[host], outage{
				stream: stream, peer: s.addr(f, x), since: q.since, until: q.until, established: f.synchronized() && !queued, told: told,
			})
		}
		if q := &s.raritiesIn(o).past[x]; q.since != 0 { // of SYNs: a full accept queue drops them too (Linux, tcp_conn_request)
			host := s.addr(f, f.peer(x))
			t.silent[host] = append(t.silent[host], outage{stream: stream, peer: s.addr(f, x), since: q.since, until: q.heard, heard: q.heard, established: !q.syn})
		}
	}
}

// hostsInTrouble returns the hosts of which something was noted, in order of their addresses.
func (t *trouble) hostsInTrouble() []netip.Addr {
	hosts := map[netip.Addr]bool{}
	for h := range t.lost {
		hosts[h] = true
	}
	for h := range t.silent {
		hosts[h] = true
	}
	return sortedKeys(hosts, netip.Addr.Compare)
}

// hosts reports hosts that were restarted, out of reach, or forgotten by what is between.
func (g *gathering) hosts() {
	if g.watch == nil {
		return
	}
	for i := range g.watch.hosts {
		h, s := &g.watch.hosts[i], g.sightings.of(g.watch, int32(i))
		timeline.SortBy(s.all, func(p *presence) int64 { return int64(p.stream) }, func(a, b presence) int { return 0 })
		restarts := g.restarts(h.addr, s.all)
		g.unreachable(h, s, restarts)
	}
	g.reportVanished()
}

// maxEvents bounds for how many separate events of one host its connections are gone through.
const maxEvents = 64

// restarts reports the RSTs of a host that knew nothing of its connections: if none of those open before went on, it was
// restarted; if others did, what is between lost them. met is what was heard of the host on all its connections, in the order
// of these. It returns the times for which that accounts.
func (g *gathering) restarts(host netip.Addr, met []presence) []timeline.Span {
	all := g.lost[host]
	timeline.SortBy(all, func(l *lostState) int64 { return l.time }, func(a, b lostState) int { return cmp.Compare(a.stream, b.stream) })
	var out []timeline.Span
	for i, n := 0, 0; i < len(all) && n < maxEvents; n++ {
		t0 := all[i].time
		j := i
		for j < len(all) && all[j].start < t0 {
			j++
		}
		j = max(j, i+1)
		out = append(out, g.restart(host, met, all[i:j]))
		i = j
	}
	return out
}

func (g *gathering) restart(host netip.Addr, met []presence, burst []lostState) timeline.Span {
	t0, t1 := burst[0].time, burst[len(burst)-1].time
	member := map[int]bool{}
	var streams []int
	known, shortest := int64(0), int64(timeline.Never)
	alive, inVain := 0, 0
	for _, b := range burst {
		member[b.stream] = true
		inVain += btoi(b.inVain)
		streams = append(streams, b.stream)
		if b.heard != 0 {
			shortest = min(shortest, b.time-b.heard)
		}
		if b.heard > t0 {
			alive++ // it knew this connection after it had forgotten the first
		} else {
			known = max(known, b.heard)
		}
	}
	away := absence(met, member, known, t0)
	silent := away.To-away.From >= leastSilence && known > 0
	fresh := 0
	for _, p := range met {
		switch {
		case member[int(p.stream)] || p.heard == 0:
		case !silent && p.start < t0 && p.heard > t0:
			alive++
		case p.start >= away.To && p.synchronized:
			fresh++
		}
	}
	ran := slices.ContainsFunc(g.ran[host], func(s timeline.Span) bool { return s.From <= away.From && s.To >= away.To })
	at := netip.AddrPortFrom(host, 0)
	switch {
	case ran && alive == 0: // it dropped them itself
	case alive > 0 && known == 0: // it may have forgotten them before the capture began
	case alive > 0 && inVain == len(burst): // or have closed them while nothing of that came through
	case alive > 0:
		idle := ""
		if shortest >= 1e9 && shortest != timeline.Never {
			idle = fmt.Sprintf(", each %s or more after it was last heard of there", human(shortest))
		}
		text := fmt.Sprintf("%s of %v drew the RST of a host that knows no such connection%s, while %s of that host went on: it was not restarted, something on the path lost the state of single connections",
			connections(len(burst)), host, idle, connections(alive))
		g.add(ResetNoConnection, Warning, at, streams, t0, t1, text, fmt.Sprintf("Look for a firewall, NAT or load balancer between the two ends whose idle timeout is shorter than the pauses of these connections "+
			"(on Linux net.netfilter.nf_conntrack_tcp_timeout_established; `conntrack -L -d %v` shows whether it knows the connection, `conntrack -S` what it dropped). "+
			"Raise its timeout, or keep the connections busy: SO_KEEPALIVE with TCP_KEEPIDLE below that timeout on either end.", host))
	case len(burst) >= 2:
		silence, gaveUp := "", ""
		if silent {
			silence, gaveUp = fmt.Sprintf(" after %s of silence", human(away.To-away.From)), " it gave them up while the path to it was down,"
		}
		back := ""
		if fresh > 0 {
			back = fmt.Sprintf("; %s set up anew", counted(int64(fresh), "connection was", "connections were"))
		}
		text := fmt.Sprintf("%v knew none of %s that were open before: it answered them with RST from %s on%s, and none went on%s. It was rebooted, another host took its address over,%s or a firewall in front of it lost all connections",
			host, connections(len(burst)), g.moment(t0), silence, back, gaveUp)
		g.add(HostRestarted, Error, at, streams, max(away.From, burst[0].start), t1, text, restartAdvice(g.a.platform, host))
	}
	return timeline.Span{From: away.From, To: t1}
}

// absence returns the longest time between two moments in which nothing shows that a host lived on: no connection of it that is not
// one of those excepted was open then and heard of after. met is in the order of the connections' starts.
func absence(met []presence, except map[int]bool, from, to int64) timeline.Span {
	out, heard := timeline.Span{From: from, To: from}, from
	until := func(t int64) {
		if t-heard > out.To-out.From {
			out = timeline.Span{From: heard, To: t}
		}
	}
	for _, p := range met {
		if p.heard == 0 || p.start >= to || except[int(p.stream)] {
			continue
		}
		until(p.start)
		heard = max(heard, p.heard)
	}
	until(to)
	return out
}

func restartAdvice(p platform, host netip.Addr) string {
	look, show := "its log of reboots", p.list(Established, "")
	switch p {
	case "linux":
		look, show = "`last -x reboot`, `uptime -s` and the end of `journalctl -b -1`", p.list(Established, fmt.Sprintf("dst %v", host))
	case "freebsd", "macos", "solaris":
		look = "`last reboot` and `uptime`"
	}
	return fmt.Sprintf("On %v look at %s; if it has been up all the time, at the failover of its address (VRRP, keepalived) or of a stateful firewall in front of it. "+
		"Peers notice only when they send: %s on them shows who still believes in such a connection; SO_KEEPALIVE%s finds it sooner.", host, look, show, p.onLinux(" or TCP_USER_TIMEOUT"))
}

// unreachable reports times in which a host answered on none of its connections, and connections that died alone.
func (g *gathering) unreachable(h *watchedHost, s *sighting, explained []timeline.Span) {
	for i := range h.silences {
		c := &h.silences[i]
		if !slices.ContainsFunc(explained, func(s timeline.Span) bool { return c.from <= s.To && c.to >= s.From }) {
			g.silence(h.addr, c, s, s.during(i))
		}
	}
}

// silence reports one time in which connections of a host were not answered. then is what was heard of it on others.
func (g *gathering) silence(host netip.Addr, c *silentTime, s *sighting, then sightingThen) {
	from, to, cluster := c.from, c.to, c.outages
	member := map[int]bool{}
	var streams, dead []int
	established, back := 0, int64(0)
	for _, c := range cluster {
		if !member[c.stream] {
			member[c.stream] = true
			streams = append(streams, c.stream)
		}
		if c.established {
			established++
			if c.heard == 0 {
				dead = append(dead, c.stream)
			}
		}
		if c.heard != 0 && (back == 0 || c.heard < back) {
			back = c.heard
		}
	}
	slices.Sort(dead)
	dead = slices.Compact(dead)
	alive, straddling, lately := then.alive, then.straddling, s.lately
	if back == 0 && g.end-to >= to-from {
		alive, straddling = alive+straddling, 0 // heard of after the next copy was due
	}
	if !s.heard || established == 0 {
		return // a capture of one direction, or an address that never answered a SYN
	}
	at := netip.AddrPortFrom(host, 0)
	switch {
	case alive > 0 && len(dead) > 0:
		g.vanished = append(g.vanished, vanished{host, peerOf(cluster), dead, from, to, alive, toldBy(cluster)})
	case alive > 0 || len(streams) < 2 || straddling > len(streams):
	case back == 0 && lately <= from:
		text := fmt.Sprintf("%v answers on none of %s since %s: data are sent again into silence until %s, and the host is not heard of before the capture ends",
			host, connections(len(streams)), g.moment(from), g.moment(to))
		told := toldBy(cluster)
		if told != "" {
			text += "; " + told
		}
		g.add(HostUnreachable, Error, at, streams, from, g.end, text, unreachableAdvice(g.a.platform, host, told))
	case back == 0: // it is heard of on others at the end; whether all the time, their latest packets do not tell
	default:
		if lately > to && back > lately {
			back = lately
		}
		text := fmt.Sprintf("%v answered on none of %s from %s to %s (%s), then again: an outage of the host or of the path; nothing was restarted, connections went on where they were",
			host, connections(len(streams)), g.moment(from), g.moment(back), human(back-from))
		if len(dead) > 0 {
			text += fmt.Sprintf(", but %s of them did not come back", units.Count(len(dead)))
		}
		g.add(HostUnreachable, Warning, at, streams, from, back, text, unreachableAdvice(g.a.platform, host, ""))
	}
}

// toldBy returns what ICMP said of the packets of some outages, if anything.
func toldBy(cluster []outage) string {
	for i := range cluster {
		if told := cluster[i].told; told != "" {
			return told
		}
	}
	return ""
}

// unreachableAdvice says where to look for what keeps host from answering; told is what ICMP said.
func unreachableAdvice(p platform, host netip.Addr, told string) string {
	neighbour, route, senders := fmt.Sprintf("`arp -n %v`", host), "`traceroute`", ""
	if host.Is6() {
		neighbour = "the neighbour table"
	}
	if p.linux() {
		neighbour, route = fmt.Sprintf("`ip neigh show %v` (FAILED: same link, host down)", host), "`traceroute -T`"
		senders = fmt.Sprintf(" On the senders %s shows the sockets that still try, with their retransmission timers; Linux gives up after about 15 min (net.ipv4.tcp_retries2, or TCP_USER_TIMEOUT for each socket).",
			p.list(Established, fmt.Sprintf("dst %v", host)))
	}
	first := "Packets alone do not tell a dead host from a dead path: try"
	if told != "" {
		first = "Look first where the ICMP message comes from; then try"
	}
	return fmt.Sprintf("%s `ping` and %s, %s from the sender, switch and routing logs for that time.%s", first, neighbour, route, senders)
}
