package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// groupFindings says what went wrong across the reported connections of a service, a host or the capture. It looks at the
// connections that did not simply close, gathers them by service and by host, and sorts each gathering by time: the cost
// is that of sorting.
func (r *Report) groupFindings() []GroupFinding {
	g := &gathering{
		r:        r,
		leaks:    map[leakKey][]leak{},
		late:     map[leakKey][]int64{},
		services: map[netip.AddrPort]*troubled{},
		lost:     map[netip.Addr][]lostState{},
		silent:   map[netip.Addr][]outage{},
		idle:     map[idleKey][]idleClose{},
	}
	for _, ref := range r.flows {
		s := r.run.shards[ref.shard]
		g.look(s, s.flows.at(ref.flow), int(ref.stream))
	}
	g.lookAgain()
	g.closeWaitLeaks()
	g.exits()
	g.hosts()
	g.idleRaces()
	g.captureItself()
	return g.out
}

// gathering is what connections in trouble have in common.
type gathering struct {
	r        *Report
	leaks    map[leakKey][]leak
	late     map[leakKey][]int64 // when a side that owed a FIN for long sent it after all
	services map[netip.AddrPort]*troubled
	lost     map[netip.Addr][]lostState // by the host that did not know its connections
	silent   map[netip.Addr][]outage    // by the host that did not answer
	idle     map[idleKey][]idleClose
	gaps     []int // streams of which the capture lacks packets
	peers    map[netip.Addr][]presence

	out []GroupFinding
}

// look takes up what is telling of one connection. Most have nothing: they cost a glance.
func (g *gathering) look(s *shard, f *flow, stream int) {
	if f.e[0].out.UnseenAcked() || f.e[1].out.UnseenAcked() {
		if s.captureDoubts(f)&gap != 0 {
			g.gaps = append(g.gaps, stream)
		}
	}
	if f.odd != 0 {
		g.lookSilent(s, f, stream)
	}
	if f.closing == 0 || f.flags&self != 0 {
		return
	}
	c := s.closings.at(f.closing)
	n, m := &c.fin[0], &c.fin[1]
	switch {
	case c.rst.accepted:
		g.lookReset(s, f, stream)
	case n.sent != m.sent:
		g.lookHalfClosed(s, f, stream)
	case n.sent && m.sent:
		g.lookClosed(f, c, stream)
	}
}

// service returns the server address and port of a connection.
func (f *flow) service(server int) netip.AddrPort {
	return netip.AddrPortFrom(f.addr(server), f.port(server))
}

// add appends a finding. A port of 0 is the host as a whole.
func (g *gathering) add(code Code, sev Severity, at netip.AddrPort, streams []int, from, to int64, text, advice string) {
	slices.Sort(streams)
	fd := GroupFinding{
		Code: code, Severity: sev, IP: at.Addr(), Count: len(streams), Streams: streams,
		Start: time.Unix(0, from).UTC(), End: time.Unix(0, to).UTC(), Text: text, Advice: advice,
	}
	if p := at.Port(); p != 0 {
		fd.Port = &p
	}
	g.out = append(g.out, fd)
}

// moment writes a point in time for people.
func moment(ns int64) string { return at(ns).Format("15:04:05.000 UTC") }

// connections writes how many connections there are.
func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

// sortedKeys returns the keys of a map in order, so that reports do not change from run to run.
func sortedKeys[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	return keys
}

// captureItself says what is wrong with the capture.
func (g *gathering) captureItself() {
	m := &g.r.Summary
	if m.Start == nil {
		return
	}
	from, to := m.Start.UnixNano(), m.End.UnixNano()
	if n := m.CaptureDuplicates; n > 0 {
		g.add(CaptureDuplicates, Info, netip.AddrPort{}, []int{}, from, to,
			fmt.Sprintf("%s captured twice (%.2g%% of the TCP packets): counted once, and not taken for retransmissions", counted(int64(n), "packet was", "packets were"), 100*float64(n)/float64(max(m.TCPPackets, 1))),
			"A mirror port that copies both directions, or `tcpdump -i any` on a host that routes, sees each packet on its way in and on its way out. "+
				"Capture on one interface (`-i eth0`), or mirror one direction only; `editcap -d` takes the copies out of a file.")
		g.out[len(g.out)-1].Count = int(n)
	}
	switch {
	case m.KernelDropped > 0:
		g.add(CaptureLoss, Warning, netip.AddrPort{}, g.gaps, from, to,
			fmt.Sprintf("the capturing host dropped %s unwritten: any verdict may lack one, and all are marked kernel-drops", counted(int64(m.KernelDropped), "packet", "packets")),
			"Capture again with a larger buffer (`tcpdump -B 65536`, `finscope -B 65536`), a shorter snapshot length (`-s 128`) and a filter for the port in question; "+
				"`ethtool -S` and /proc/net/softnet_stat on the capturing host show where packets are dropped.")
		g.out[len(g.out)-1].Count = int(min(m.KernelDropped, 1<<31))
	case len(g.gaps) > 0:
		g.add(CaptureLoss, Info, netip.AddrPort{}, g.gaps, from, to,
			fmt.Sprintf("in %s bytes were acknowledged that the capture never saw: the capture lost packets, or they took another path (the network did not lose them: they arrived)", connections(len(g.gaps))),
			"Look for `packets dropped by kernel` in the last lines of tcpdump, use a larger buffer (`-B 65536`) and a shorter snapshot length (`-s 128`), "+
				"and capture on every path where the two directions are routed apart (bonds, ECMP, asymmetric routing).")
	}
}

// rank orders severities, the worst first.
func (s Severity) rank() int {
	return slices.Index([]Severity{Error, Warning, Info}, s)
}

// sortFindings puts group findings in the order of reports: worst first, then the most connections.
func sortFindings(all []GroupFinding) {
	port := func(f *GroupFinding) uint16 {
		if f.Port == nil {
			return 0
		}
		return *f.Port
	}
	slices.SortStableFunc(all, func(a, b GroupFinding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Code, b.Code), a.IP.Compare(b.IP), cmp.Compare(port(&a), port(&b)), a.Start.Compare(b.Start), strings.Compare(a.Text, b.Text))
	})
}
