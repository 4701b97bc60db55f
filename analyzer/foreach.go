package analyzer

import (
	"sync"
	"sync/atomic"
)

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
