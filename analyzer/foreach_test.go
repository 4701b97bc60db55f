package analyzer

import (
	"sync/atomic"
	"testing"
)

func TestForEach(t *testing.T) {
	for _, jobs := range []int{1, 2, 5} {
		for _, n := range []int{0, 1, 3, 1000} {
			done := make([]atomic.Int32, n)
			var now, most atomic.Int32
			forEach(jobs, n, func(i int) {
				most.Store(max(most.Load(), now.Add(1)))
				done[i].Add(1)
				now.Add(-1)
			})
			for i := range done {
				if done[i].Load() != 1 {
					t.Errorf("%d jobs: number %d of %d came %d times", jobs, i, n, done[i].Load())
				}
			}
			if int(most.Load()) > jobs {
				t.Errorf("%d at a time, want %d at most", most.Load(), jobs)
			}
		}
	}
}
