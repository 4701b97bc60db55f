package timeline

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
		all := make([]Span, rnd.IntN(8))
		for i := range all {
			all[i].From = 1 + rnd.Int64N(100)
			all[i].To = all[i].From + rnd.Int64N(20)
			if rnd.IntN(40) == 0 {
				all[i].To = Never
			}
		}
		times := make([]int64, rnd.IntN(6))
		for i := range times {
			times[i] = 1 + rnd.Int64N(120)
		}
		l := NewLulls(MomentsOf(times))
		for _, c := range all {
			l.Add(c.From, c.To)
		}
		var want []int64
		for _, at := range l.times {
			last := int64(0)
			for _, c := range all {
				if c.To <= at {
					last = max(last, c.To)
				}
			}
			goesOn := func(c Span) bool { return c.To > at && c.From <= last }
			if last != 0 && !slices.ContainsFunc(all, goesOn) && !slices.Contains(want, last) {
				want = append(want, last)
			}
		}
		if got := l.Ends(); !slices.Equal(got, want) {
			t.Fatalf("lulls at %v of %v: after %v, want %v", l.times, all, got, want)
		}
		found += len(want)
	}
	if found < 100 {
		t.Errorf("%d lulls", found)
	}
}
