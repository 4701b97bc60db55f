package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"finscope/internal/timeline"
)

// trouble is what connections tell of their services and hosts, gathered from those that did not simply close. In a book,
// streams are births.
type trouble struct {
	end int64 // time of the latest packet
	a   *assumptions

	leaks    map[leakKey][]leak
	late     map[leakKey][]int64 // when a side that owed a FIN for long sent it after all
	services map[netip.AddrPort]*troubled
	lost     map[netip.Addr][]lostState     // by the host that did not know its connections
	ran      map[netip.Addr][]timeline.Span // times in which a host was not restarted, by the numbers of its SYNs
	silent   map[netip.Addr][]outage        // by the host that did not answer
	gaps     []int                          // streams of which the capture lacks packets
}

func newTrouble(end int64, a *assumptions) trouble {
	return trouble{
		end: end, a: a,
		leaks:    map[leakKey][]leak{},
		late:     map[leakKey][]int64{},
		services: map[netip.AddrPort]*troubled{},
		lost:     map[netip.Addr][]lostState{},
		ran:      map[netip.Addr][]timeline.Span{},
		silent:   map[netip.Addr][]outage{},
	}
}

// look takes up what is telling of one connection of acc, which ended as o says. Most have nothing: they cost a glance.
func (t *trouble) look(s *shard, f *flow, o *outcome, acc *account) {
	stream := int(f.birth)
	if s.unseenAcked(f) {
		if s.captureDoubts(f)&gap != 0 {
			t.gaps = append(t.gaps, stream)
		}
	}
	if f.odd != 0 {
		t.lookSilent(s, f, stream)
	}
	if f.closing == 0 || f.flags&self != 0 {
		return
	}
	c := s.closings.At(f.closing)
	n, m := &c.fin[0], &c.fin[1]
	switch {
	case s.resets.At(c.resets).rst.accepted:
		t.lookReset(s, f, o, acc)
	case n.sent != m.sent:
		t.lookHalfClosed(s, f, o, n.sent, stream)
	case n.sent && m.sent:
		t.lookClosed(s, f, c, o.client, acc)
	}
}

// merge adds what a book has. numbers are the stream numbers of its births.
func (t *trouble) merge(b *trouble, numbers streams) {
	number := func(stream *int) { *stream = int(numbers.of(int32(*stream))) }
	for _, stream := range b.gaps {
		t.gaps = append(t.gaps, int(numbers.of(int32(stream))))
	}
	mergeLists(t.leaks, b.leaks, func(e *leak) { number(&e.stream) })
	mergeLists(t.late, b.late, func(*int64) {})
	mergeLists(t.lost, b.lost, func(e *lostState) { number(&e.stream) })
	mergeLists(t.ran, b.ran, func(*timeline.Span) {})
	mergeLists(t.silent, b.silent, func(e *outage) { number(&e.stream) })
	for at, from := range b.services {
		to := t.serviceOf(at)
		to.refused += from.refused
		for _, p := range from.pending {
			number(&p.stream)
			to.pending = append(to.pending, p)
		}
	}
}

// mergeLists appends the lists of from to those of into, with each element changed.
func mergeLists[K comparable, E any](into, from map[K][]E, change func(*E)) {
	for k, list := range from {
		n := len(into[k])
		into[k] = append(into[k], list...)
		for i := range into[k][n:] {
			change(&into[k][n+i])
		}
	}
}

// gathering makes findings of what connections have in common.
type gathering struct {
	trouble
	summary *Summary
	watch   *watch // nil: no host is in trouble
	sightings
	out []GroupFinding

	vanished []vanished
}

// gather takes up the troubles that are in books.
func (r *Report) gather(books []*book) *gathering {
	g := &gathering{trouble: newTrouble(r.run.end, &r.assumptions), summary: &r.Summary, sightings: sightings{}}
	for _, b := range books {
		g.trouble.merge(&b.trouble, b.streams)
	}
	g.watch = g.watchHosts()
	return g
}

// findings says what went wrong across the connections of a service, a host or the capture, but for what is judged service by
// service. The cost is that of sorting what did not simply close.
func (g *gathering) findings(accounts []*account) {
	g.closeWaitLeaks()
	g.hosts()
	g.idleRaces(accounts)
	g.captureItself()
}

// service returns the server address and port of a connection.
func (s *shard) service(f *flow, server int) netip.AddrPort {
	return netip.AddrPortFrom(s.addr(f, server), f.port(server))
}

// add appends a finding. A port of 0 is the host as a whole.
func (g *gathering) add(code Code, sev Severity, who netip.AddrPort, streams []int, from, to int64, text, advice string) {
	slices.Sort(streams)
	fd := GroupFinding{
		Code: code, Severity: sev, IP: who.Addr(), Count: len(streams), Streams: streams,
		Start: at(from), End: at(to), Text: text, Advice: advice,
	}
	if p := who.Port(); p != 0 {
		fd.Port = &p
	}
	g.out = append(g.out, fd)
}

func (g *gathering) moment(ns int64) string { return moment(ns, g.end) }

func (l *ledger) clock(ns int64) string { return clock(ns, l.end) }

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
	m := g.summary
	if m.Start == nil {
		return
	}
	from, to := m.Start.UnixNano(), m.End.UnixNano()
	if n := m.CaptureDuplicates; n > 0 {
		g.add(CaptureDuplicates, Info, netip.AddrPort{}, []int{}, from, to,
			fmt.Sprintf("%s captured twice (%s of the TCP packets): counted once, and not taken for retransmissions", counted(int64(n), "packet was", "packets were"), percentage(n, m.TCPPackets)),
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
	case len(g.gaps) > 0 && g.a.controlOnly:
		g.add(CaptureLoss, Info, netip.AddrPort{}, g.gaps, from, to,
			fmt.Sprintf("the capture has no segment but SYN, FIN and RST: data and acknowledgments of %s are not in it, so that lost packets, half-closes and most causes cannot be told", connections(len(g.gaps))),
			"Capture all segments of the port in question, their headers only (`tcpdump -s 128 port 443`): closes need the acknowledgments.")
	case len(g.gaps) > 0:
		g.add(CaptureLoss, Info, netip.AddrPort{}, g.gaps, from, to,
			fmt.Sprintf("in %s bytes were acknowledged that the capture never saw: the capture lost packets, or they took another path (the network did not lose them: they arrived)", connections(len(g.gaps))),
			"Look for `packets dropped by kernel` in the last lines of tcpdump, use a larger buffer (`-B 65536`) and a shorter snapshot length (`-s 128`), "+
				"and capture on every path where the two directions are routed apart (bonds, ECMP, asymmetric routing).")
	}
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
		return cmp.Or(b.Severity.Compare(a.Severity), cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Code, b.Code), a.IP.Compare(b.IP), cmp.Compare(port(&a), port(&b)), a.Start.Compare(b.Start), strings.Compare(a.Text, b.Text))
	})
}
