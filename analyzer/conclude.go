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
	}
	r.ledger = newLedger(r, books)
	r.Services = make([]Service, 0, len(r.ledger.services))
	for _, acc := range r.ledger.services {
		sv := acc.service(acc.at)
		sv.TimeWait = r.ledger.counts(acc)
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
	pools := r.ledger.pools()
	r.TimeWait = r.timeWaitRecords(pools)
	r.Findings = append(r.groupFindings(books), r.timeWaitFindings(pools)...)
	sortFindings(r.Findings)
}

// keepBooks concludes the reported connections and enters them in a book for each shard, all shards at once, and marks
// those that have findings. It returns these books, after those of connections that were retired.
func (r *Report) keepBooks(numbers []streams) []*book {
	if r.run == nil {
		return nil
	}
	var books []*book
	var wg sync.WaitGroup
	for i, s := range r.run.shards {
		for _, b := range []*book{s.retired.sums, s.retired.older, s.retired.book} {
			if b != nil && !r.selected {
				b.streams = numbers[i]
				books = append(books, b)
			}
		}
		b := newBook(s, r.run.end, &r.assumptions)
		b.streams = numbers[i]
		books = append(books, b)
		keep := func() {
			var o outcome // one for all: it escapes
			for j := range r.flows {
				if ref := &r.flows[j]; int(ref.shard) == i && (!ref.entered || r.selected) {
					f := s.flows.at(ref.flow)
					o = s.conclude(f, r.run.end)
					ref.marked = b.enter(f, &o)
				}
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
	l := &ledger{services: map[netip.AddrPort]*account{}, length: r.timeWait}
	if r.run == nil {
		return l
	}
	l.ports, l.first, l.end = r.run.assumed.PortRange, r.run.first, r.run.end
	l.linux = r.run.opts.rules(&r.run.assumed).linux
	holders := l.meet(books)
	for i, b := range books {
		l.enter(b, holders[i])
	}
	for _, b := range books {
		l.enterRefused(b)
	}
	for _, b := range books {
		l.enterAccepted(b)
	}
	return l
}

// meet fills hosts, and returns which index there each address of each book has.
func (l *ledger) meet(books []*book) [][]int32 {
	n := 0
	for _, b := range books {
		n += len(b.addrs)
	}
	type known struct {
		host    netip.Addr
		book, i int32
	}
	all := make([]known, 0, n)
	out := make([][]int32, len(books))
	for k, b := range books {
		out[k] = make([]int32, len(b.addrs))
		for i, addr := range b.addrs {
			all = append(all, known{addr.Netip(), int32(k), int32(i)})
		}
	}
	slices.SortFunc(all, func(a, b known) int { return a.host.Compare(b.host) })
	for _, a := range all {
		if len(l.hosts) == 0 || l.hosts[len(l.hosts)-1] != a.host {
			l.hosts = append(l.hosts, a.host)
		}
		out[a.book][a.i] = int32(len(l.hosts) - 1)
	}
	return out
}
