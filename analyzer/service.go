package analyzer

import (
	"cmp"
	"net/netip"
	"slices"
)

// count fills the services and the counts of the summary from the reported connections.
func (r *Report) count() {
	r.Summary.Flows = len(r.flows)
	r.Summary.Verdicts = map[Verdict]int{}
	r.Summary.ClosedFirst = map[ClosedFirst]int{}
	for _, c := range ClosedFirsts() {
		r.Summary.ClosedFirst[c] = 0
	}
	r.Summary.Codes = map[Code]int{}
	services := map[netip.AddrPort]*tally{}
	r.ledger = newLedger(r)
	var o outcome // one for all: it escapes
	for i := range r.flows {
		ref := &r.flows[i]
		s := r.run.shards[ref.shard]
		f := s.flows.at(ref.flow)
		o = s.conclude(f, r.run.end)
		server := f.peer(o.client)
		at := netip.AddrPortFrom(f.addr(server), f.port(server))
		t := services[at]
		if t == nil {
			t = &tally{stuck: map[State]int{}, held: r.ledger.account(at)}
			services[at] = t
		}
		t.add(r, f, &o)
		r.ledger.add(t.held, i, s, f, &o, &r.assumptions)
		codes := s.codes(f, &o, r.run.end, &r.assumptions)
		for _, code := range codes {
			r.Summary.Codes[code]++
		}
		ref.marked = len(codes) > 0
	}
	r.Services = make([]Service, 0, len(services))
	for at, t := range services {
		sv := t.service(at)
		sv.TimeWait = r.ledger.counts(t.held)
		for v, n := range sv.Verdicts {
			r.Summary.Verdicts[v] += n
		}
		for c, n := range sv.ClosedFirst {
			r.Summary.ClosedFirst[c] += n
		}
		r.Services = append(r.Services, sv)
	}
	r.TimeWait = r.timeWaitRecords()
	r.Findings = append(r.groupFindings(), r.timeWaitFindings()...)
	sortFindings(r.Findings)
	slices.SortFunc(r.Services, func(a, b Service) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), a.IP.Compare(b.IP), cmp.Compare(a.Port, b.Port))
	})
}

// tally counts the connections of one service.
type tally struct {
	ends  []endCount // few: a list is faster than a map
	stuck map[State]int
	gaps  []int64 // between the two FINs, ns
	held  *account
}

// endCount is how many connections ended in the same way.
type endCount struct {
	end End
	n   int
}

// count counts one connection that ended in this way.
func (t *tally) count(e End) {
	for i := range t.ends {
		if t.ends[i].end == e {
			t.ends[i].n++
			return
		}
	}
	t.ends = append(t.ends, endCount{e, 1})
}

func (t *tally) add(r *Report, f *flow, o *outcome) {
	t.count(End{o.verdict, o.closedFirstName(), o.closedBy})
	n, m := &o.c.fin[0], &o.c.fin[1]
	if n.sent && m.sent && !n.inferred && !m.inferred {
		t.gaps = append(t.gaps, max(n.time-m.time, m.time-n.time))
	}
	for x := range f.e {
		if f.flags&self != 0 && x != o.client {
			continue
		}
		if o.stuck(x, r.run.end, r.stuckAfter) {
			t.stuck[o.state[x]]++
		}
	}
}

// stuck reports whether endpoint x has been in a state of the close for longer than after at the end of the capture.
func (o *outcome) stuck(x int, end, after int64) bool {
	switch o.state[x] {
	case FinWait1, FinWait2, Closing, CloseWait, LastAck:
		return end-o.since[x] >= after
	}
	return false
}

func (t *tally) service(at netip.AddrPort) Service {
	s := Service{
		IP: at.Addr(), Port: at.Port(), Stuck: t.stuck, FINToFIN: quantiles(t.gaps),
		Ends: map[End]int{}, Verdicts: map[Verdict]int{}, ClosedFirst: map[ClosedFirst]int{},
	}
	for _, c := range ClosedFirsts() {
		s.ClosedFirst[c] = 0
	}
	for _, e := range t.ends {
		s.Flows += e.n
		s.Ends[e.end] = e.n
		s.Verdicts[e.end.Verdict] += e.n
		s.ClosedFirst[e.end.ClosedFirst] += e.n
	}
	return s
}

// quantiles sorts durations in ns and picks the nearest ranks.
func quantiles(ns []int64) Quantiles {
	if len(ns) == 0 {
		return Quantiles{}
	}
	slices.Sort(ns)
	pick := func(percent int) *Seconds {
		v := seconds(ns[(len(ns)*percent+99)/100-1])
		return &v
	}
	return Quantiles{P50: pick(50), P90: pick(90), P99: pick(99), Max: pick(100)}
}
