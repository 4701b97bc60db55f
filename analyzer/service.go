package analyzer

import (
	"net/netip"
	"slices"

	"finscope/internal/durations"
)

// tally counts the connections of one service.
type tally struct {
	flows int
	ends  []endCount // few: a list is faster than a map
	stuck map[State]int
	gaps  durations.List // between the two FINs, ns
}

func newTally() tally { return tally{stuck: map[State]int{}} }

// unserved reports whether none of the connections was answered otherwise than by refusing.
func (t *tally) unserved() bool {
	return !slices.ContainsFunc(t.ends, func(e endCount) bool { return !e.end.Verdict.unserved() })
}

// endCount is how many connections ended in the same way.
type endCount struct {
	end End
	n   int
}

// count counts n connections that ended in this way.
func (t *tally) count(e End, n int) {
	t.flows += n
	for i := range t.ends {
		if t.ends[i].end == e {
			t.ends[i].n += n
			if i > 0 {
				t.ends[i], t.ends[i-1] = t.ends[i-1], t.ends[i] // what is frequent comes to the front
			}
			return
		}
	}
	t.ends = append(t.ends, endCount{e, n})
}

// add counts a connection that ended as o says. end is the time of the latest packet.
func (t *tally) add(s *shard, f *flow, o *outcome, end, stuckAfter int64) {
	t.count(End{o.verdict, o.closedFirstName(), o.closedBy}, 1)
	n, m := &o.c.fin[0], &o.c.fin[1]
	if n.sent && m.sent && !n.inferred && !m.inferred {
		t.gaps.Add(max(n.time-m.time, m.time-n.time))
	}
	for x := range f.e {
		if o.twin(f, x) {
			continue
		}
		if since, hangs := s.hangs(f, o, x); hangs && end-since >= stuckAfter {
			t.stuck[o.state[x]]++
		}
	}
}

// merge adds what another tally of the same service counted, but for its gaps.
func (t *tally) merge(from *tally) {
	for _, e := range from.ends {
		t.count(e.end, e.n)
	}
	for st, n := range from.stuck {
		t.stuck[st] += n
	}
}

// closedFirst returns how many connections one side closed first, by FIN.
func (t *tally) closedFirst(side ClosedFirst) int {
	n := 0
	for _, e := range t.ends {
		if e.end.ClosedBy == ByFIN && e.end.ClosedFirst == side {
			n += e.n
		}
	}
	return n
}

// service makes what a report says of the service: gaps are those of all its connections.
func (t *tally) service(at netip.AddrPort, gaps [][]int64) Service {
	s := Service{
		IP: at.Addr(), Port: at.Port(), Stuck: t.stuck, FINToFIN: quantilesOf(gaps),
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

// quantilesOf returns what a report says of durations in ns.
func quantilesOf(lists [][]int64) Quantiles {
	q, ok := durations.QuantilesOf(lists)
	if !ok {
		return Quantiles{}
	}
	pointer := func(ns int64) *Seconds {
		v := seconds(ns)
		return &v
	}
	return Quantiles{P50: pointer(q.P50), P90: pointer(q.P90), P99: pointer(q.P99), Max: pointer(q.Max)}
}
