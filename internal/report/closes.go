package report

import (
	"cmp"
	"net/netip"
	"slices"

	"finscope/analyzer"
	"finscope/internal/units"
)

// topServices is how many services the text report lists one by one.
const topServices = 10

// opening is how a connection's close began, or why it did not: the columns of CLOSED FIRST. Each flow has exactly one,
// so that a row adds up to 100 %.
type opening uint8

const (
	clientFIN opening = iota
	serverFIN
	bothFIN
	anyRST    // the first thing any side sent to close was a RST
	notSetUp  // refused, or no reply
	stillOpen // no FIN and no RST
	openingUnknown

	numOpenings
)

func openingOf(e analyzer.End) opening {
	switch {
	case e.Verdict == analyzer.Refused || e.Verdict == analyzer.NoReply:
		return notSetUp
	case e.ClosedBy == analyzer.ByRST:
		return anyRST
	}
	switch e.ClosedFirst {
	case analyzer.ClientFirst:
		return clientFIN
	case analyzer.ServerFirst:
		return serverFIN
	case analyzer.BothFirst:
		return bothFIN
	case analyzer.NoneFirst:
		if e.Verdict == analyzer.Open {
			return stillOpen
		}
	}
	return openingUnknown
}

// closes counts, for each service, how its connections began to close.
type closes map[netip.AddrPort]*[numOpenings]int

func closesOf(services []analyzer.Service) closes {
	c := make(closes, len(services))
	for i := range services {
		n := new([numOpenings]int)
		for e, flows := range services[i].Ends {
			n[openingOf(e)] += flows
		}
		c[netip.AddrPortFrom(services[i].IP, services[i].Port)] = n
	}
	return c
}

func (c closes) write(p *page) {
	if len(c) == 0 {
		return
	}
	type service struct {
		addr  netip.AddrPort
		flows int
	}
	var sum [numOpenings]int
	all := make([]service, 0, len(c))
	for addr, n := range c {
		s := service{addr: addr}
		for o, v := range n {
			s.flows += v
			sum[o] += v
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b service) int {
		return cmp.Or(cmp.Compare(b.flows, a.flows), a.addr.Compare(b.addr))
	})

	var shown []opening // the three sides always; the others if any flow is one
	t := table{head: []string{"CLOSED FIRST", "flows"}, aligns: []align{left, right}}
	for o, name := range [numOpenings]string{"client", "server", "both", "reset", "not set up", "open", "unknown"} {
		if opening(o) <= bothFIN || sum[o] > 0 {
			shown = append(shown, opening(o))
			t.head = append(t.head, pad(name))
			t.aligns = append(t.aligns, right)
		}
	}
	row := func(name string, flows int, n *[numOpenings]int) {
		cells := []cell{text(name), text(units.Count(flows))}
		for _, o := range shown {
			c := text(percent(n[o], flows))
			if o == anyRST && n[o] > 0 {
				c.style = rst
			}
			cells = append(cells, c)
		}
		t.add(cells...)
	}
	top := all
	if len(all) > topServices+1 { // never a line that says "1 more" where the one could stand
		top = all[:topServices]
	}
	for _, s := range top {
		row(s.addr.String(), s.flows, c[s.addr])
	}
	if rest := all[len(top):]; len(rest) > 0 {
		var n [numOpenings]int
		flows := 0
		for _, s := range rest {
			flows += s.flows
			for o, v := range c[s.addr] {
				n[o] += v
			}
		}
		row(plural(len(rest), "more service"), flows, &n)
	}
	p.end()
	t.write(p)
}

// pad makes a column head at least as wide as a percentage, so that tables of different captures look alike.
func pad(s string) string {
	for len(s) < 6 {
		s = " " + s
	}
	return s
}
