package analyzer

import (
	"sync"
	"sync/atomic"
)

// sections lists the entries of a book by the services that they belong to, in the order in which they were entered.
type sections struct {
	entries []int32 // their indices, service by service
	ends    []int32 // of each service in entries
}

// sectionsOf sorts the entries 1 to n of a book by their services.
func sectionsOf(services int, n int32, service func(entry int32) int32) sections {
	at := make([]int32, services+1)
	for i := int32(1); i <= n; i++ {
		at[service(i)+1]++
	}
	for s := range services {
		at[s+1] += at[s]
	}
	entries := make([]int32, n)
	for i := int32(1); i <= n; i++ {
		s := service(i)
		entries[at[s]] = i
		at[s]++
	}
	return sections{entries, at[:services]}
}

// of returns the entries of a service.
func (x *sections) of(service int32) []int32 {
	from := int32(0)
	if service > 0 {
		from = x.ends[service-1]
	}
	return x.entries[from:x.ends[service]]
}

// page is a service in a book.
type page struct {
	*book
	service int32
}

func (p page) account() *account { return p.accounts[p.service] }

// eachBrief calls do for each connection of the service.
func (p page) eachBrief(do func(r *brief)) {
	for _, i := range p.briefsBy.of(p.service) {
		do(p.briefs.at(i))
	}
}

// eachWait calls do for each TIME_WAIT of the service.
func (p page) eachWait(do func(w *heldWait)) {
	for _, i := range p.waitsBy.of(p.service) {
		do(p.waits.at(i))
	}
}

// forEach calls do with all numbers below n, on as many goroutines as there are jobs.
func forEach(jobs, n int, do func(i int)) {
	if jobs = min(jobs, n); jobs <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}
