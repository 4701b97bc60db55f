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

// openings is how many connections of a service, or of several, began to close in each way.
type openings [numOpenings]int

// flows returns how many connections there are.
func (n *openings) flows() (sum int) {
	for _, v := range n {
		sum += v
	}
	return sum
}

func (n *openings) add(more *openings) {
	for o, v := range more {
		n[o] += v
	}
}

// closes counts, for each service, how its connections began to close.
type closes map[netip.AddrPort]*openings

func closesOf(services []analyzer.Service) closes {
	c := make(closes, len(services))
	for i := range services {
		n := new(openings)
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
	var sum openings
	all := make([]service, 0, len(c))
	for addr, n := range c {
		all = append(all, service{addr, n.flows()})
		sum.add(n)
	}
	slices.SortFunc(all, func(a, b service) int {
		return cmp.Or(cmp.Compare(b.flows, a.flows), a.addr.Compare(b.addr))
	})
	top := all
	if len(all) > topServices+1 { // never a line that says "1 more" where the one could stand
		top = all[:topServices]
	}
	t := newClosesTable(&sum)
	for _, s := range top {
		t.row(s.addr.String(), c[s.addr])
	}
	if rest := all[len(top):]; len(rest) > 0 {
		var n openings
		for _, s := range rest {
			n.add(c[s.addr])
		}
		t.row(plural(len(rest), "more service"), &n)
	}
	p.end()
	t.write(p)
}

// closesTable is the table CLOSED FIRST.
type closesTable struct {
	table
	shown []opening // its columns
}

// newClosesTable has columns for the three sides always, for the others if any connection of the sum is one.
func newClosesTable(sum *openings) *closesTable {
	t := &closesTable{table: table{head: []string{"CLOSED FIRST", "flows"}, aligns: []align{left, right}}}
	for o, name := range [numOpenings]string{"client", "server", "both", "reset", "not set up", "open", "unknown"} {
		if opening(o) <= bothFIN || sum[o] > 0 {
			t.shown = append(t.shown, opening(o))
			t.head = append(t.head, pad(name))
			t.aligns = append(t.aligns, right)
		}
	}
	return t
}

func (t *closesTable) row(name string, n *openings) {
	flows := n.flows()
	cells := []cell{text(name), text(units.Count(flows))}
	for _, o := range t.shown {
		c := text(percent(n[o], flows))
		if o == anyRST && n[o] > 0 {
			c.style = rst
		}
		cells = append(cells, c)
	}
	t.add(cells...)
}

// pad makes a column head at least as wide as a percentage, so that tables of different captures look alike.
func pad(s string) string {
	for len(s) < 6 {
		s = " " + s
	}
	return s
}
