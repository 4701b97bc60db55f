package analyzer

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
)

func TestSections(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		services, n := 1+rng.IntN(20), rng.IntN(200)
		of := make([]int32, n+1)
		want := make([][]int32, services)
		for i := 1; i <= n; i++ {
			of[i] = rng.Int32N(int32(services))
			want[of[i]] = append(want[of[i]], int32(i))
		}
		x := sectionsOf(services, int32(n), func(i int32) int32 { return of[i] })
		for s := range want {
			if got := x.of(int32(s)); !slices.Equal(got, want[s]) {
				t.Fatalf("service %d of %d: entries %v, want %v", s, services, got, want[s])
			}
		}
	}
}

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
