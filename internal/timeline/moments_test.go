package timeline

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// randomTimes returns times that are even or in heaps, of a random span.
func randomTimes(rnd *rand.Rand, n int) []int64 {
	limit := int64(1) << (2 + rnd.IntN(50))
	times := make([]int64, n)
	for i := range times {
		times[i] = rnd.Int64N(limit)
		if limit&4 != 0 {
			times[i] >>= rnd.IntN(40)
		}
	}
	return times
}

// Moments before a time are those that a search finds.
func TestMoments(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		times := randomTimes(rnd, rnd.IntN(100))
		want := slices.Compact(slices.Sorted(slices.Values(times)))
		asked := []int64{0, -1, Never}
		for _, at := range times {
			asked = append(asked, at-1, at, at+1, at+rnd.Int64N(100))
		}
		m := MomentsOf(times)
		for _, at := range asked {
			n, _ := slices.BinarySearch(want, at)
			if got := m.Before(at); got != n {
				t.Fatalf("%d of %v come before %d, want %d", got, want, at, n)
			}
		}
	}
}

// What comes first after a moment is what sorting finds.
func TestNextAfter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		times := randomTimes(rnd, 200)
		n := rnd.IntN(100)
		m := MomentsOf(slices.Clone(times[:n]))
		next := NewNextAfter(m)
		var all []Incident
		for i, at := range times[n:] {
			e := Incident{at, int32(rnd.IntN(i + 1))}
			all = append(all, e)
			next.Add(e)
		}
		next.End()
		slices.SortFunc(all, Incident.Compare)
		for _, at := range m.times {
			want := Incident{Time: Never}
			if i := slices.IndexFunc(all, func(e Incident) bool { return e.Time > at }); i >= 0 {
				want = all[i]
			}
			if got := next.After(at); got != want {
				t.Fatalf("after %d: %v, want %v", at, got, want)
			}
		}
	}
}
