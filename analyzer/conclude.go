package analyzer

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
)

// count fills what the report says of services, hosts and the capture from the reported connections. numbers are
// those of each shard's births.
func (r *Report) count(numbers []streams) {
	books := r.keepBooks(numbers)
	m := &r.Summary
	m.Verdicts, m.ClosedFirst, m.Codes = map[Verdict]int{}, map[ClosedFirst]int{}, map[Code]int{}
	for _, c := range ClosedFirsts() {
		m.ClosedFirst[c] = 0
	}
	m.Flows = 0
	for _, b := range books {
		m.Flows += b.flows
		for code, n := range b.codes {
			m.Codes[code] += n
		}
		for _, e := range b.rest.ends {
			m.Verdicts[e.end.Verdict] += e.n
			m.ClosedFirst[e.end.ClosedFirst] += e.n
		}
	}
	l := newLedger(r, books)
	accounts := l.all()
	judged := make([]judgement, len(accounts))
	g := r.gather(books)
	forEach(l.jobs, len(accounts), func(i int) { judged[i] = l.judge(accounts[i], g) })
	for i := range judged {
		g.sightings.merge(judged[i].met)
	}
	g.findings(accounts)
	r.Services = make([]Service, 0, len(accounts))
	for i := range judged {
		sv := judged[i].service
		for v, n := range sv.Verdicts {
			m.Verdicts[v] += n
		}
		for c, n := range sv.ClosedFirst {
			m.ClosedFirst[c] += n
		}
		r.Services = append(r.Services, sv)
	}
	slices.SortFunc(r.Services, func(a, b Service) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), a.IP.Compare(b.IP), cmp.Compare(a.Port, b.Port))
	})
	r.TimeWait, r.Findings = l.timeWaits(judged)
	r.Findings = append(r.Findings, g.out...)
	sortFindings(r.Findings)
}

// keepBooks concludes the reported connections and enters them in a book for each shard, all shards at once, and marks
// examples of each finding. It returns these books, after those of connections that were retired.
func (r *Report) keepBooks(numbers []streams) []*book {
	var books []*book
	var wg sync.WaitGroup
	for i, s := range r.run.shards {
		own := []*book{s.retired.sums, s.retired.older, s.retired.book}
		if r.selected {
			own = nil
		}
		b := newBook(s, r.run.end, &r.assumptions)
		own = slices.DeleteFunc(append(own, b), func(b *book) bool { return b == nil })
		books = append(books, own...)
		keep := func() {
			v := s.viewer()
			defer v.close()
			var o outcome // one for all: it escapes
			first := examples{}
			for some := range slices.Chunk(r.flows, fetchAtOnce) {
				s.fetchListed(some, i)
				for j := range some {
					if ref := &some[j]; int(ref.shard) == i && (!ref.entered || r.selected) {
						f := v.at(ref.flow)
						s.concludeTo(&o, f, r.run.end)
						ref.marked = b.enter(f, &o) && first.wants(b.found, f.birth)
					}
				}
			}
			for _, b := range own {
				b.streams = numbers[i]
			}
		}
		if len(numbers) == 1 {
			keep()
		} else {
			wg.Go(keep)
		}
	}
	wg.Wait()
	return books
}

// newLedger merges the books of all shards.
func newLedger(r *Report, books []*book) *ledger {
	l := &ledger{services: map[netip.AddrPort]*account{}, length: r.timeWait, jobs: len(r.run.shards)}
	l.ports, l.first, l.end = r.run.assumed.PortRange, r.run.first, r.run.end
	l.linux = r.run.opts.rules(&r.run.assumed).linux
	for _, b := range books {
		l.enter(b)
	}
	return l
}
