package analyzer

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Lulls are what looking at all connections for each moment finds.
func TestLulls(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 500 {
		all := make([]span, rnd.IntN(8))
		for i := range all {
			all[i].from = 1 + rnd.Int64N(100)
			all[i].to = all[i].from + rnd.Int64N(20)
			if rnd.IntN(40) == 0 {
				all[i].to = maxTime
			}
		}
		times := make([]int64, rnd.IntN(6))
		for i := range times {
			times[i] = 1 + rnd.Int64N(120)
		}
		l := newLulls(momentsOf(times))
		for _, c := range all {
			l.add(c.from, c.to)
		}
		var want []int64
		for _, at := range l.times {
			last := int64(0)
			for _, c := range all {
				if c.to <= at {
					last = max(last, c.to)
				}
			}
			goesOn := func(c span) bool { return c.to > at && c.from <= last }
			if last != 0 && !slices.ContainsFunc(all, goesOn) && !slices.Contains(want, last) {
				want = append(want, last)
			}
		}
		if got := l.ends(); !slices.Equal(got, want) {
			t.Fatalf("lulls at %v of %v: after %v, want %v", l.times, all, got, want)
		}
		found += len(want)
	}
	if found < 100 {
		t.Errorf("%d lulls", found)
	}
}
