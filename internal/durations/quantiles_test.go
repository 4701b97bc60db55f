package durations

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sortedQuantiles is the plain way: sort all, pick.
func sortedQuantiles(lists [][]int64) (q Quantiles, ok bool) {
	all := slices.Sorted(slices.Values(slices.Concat(lists...)))
	if len(all) == 0 {
		return Quantiles{}, false
	}
	pick := func(percent int) int64 { return all[(len(all)*percent+99)/100-1] }
	return Quantiles{P50: pick(50), P90: pick(90), P99: pick(99), Max: pick(100)}, true
}

func TestQuantiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for trial := range 300 {
		lists := make([][]int64, rnd.IntN(4))
		limit := int64(1) << rnd.IntN(63)
		for i := range lists {
			lists[i] = make([]int64, rnd.IntN(300))
			for j := range lists[i] {
				lists[i][j] = rnd.Int64N(limit)
				if trial%3 == 0 { // as durations are: over orders of magnitude
					lists[i][j] >>= rnd.IntN(60)
				}
			}
		}
		got, ok := QuantilesOf(lists)
		if want, wantOK := sortedQuantiles(lists); got != want || ok != wantOK {
			t.Fatalf("trial %d: of %d durations below %d: %v, %v; want %v, %v", trial, len(slices.Concat(lists...)), limit, got, ok, want, wantOK)
		}
	}
}

func TestMagnitude(t *testing.T) {
	last := -1
	for ns := int64(0); ns < 1<<16; ns++ {
		if s := magnitude(ns); s < last || s > last+1 {
			t.Fatalf("the magnitude of %d is %d, that of the one before %d", ns, s, last)
		} else {
			last = s
		}
	}
	if s := magnitude(math.MaxInt64); s >= magnitudes {
		t.Errorf("the longest duration has magnitude %d of %d", s, magnitudes)
	}
}

func BenchmarkQuantiles(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	lists := [][]int64{make([]int64, 100_000)}
	for i := range lists[0] {
		lists[0][i] = int64(rnd.ExpFloat64() * 1e8)
	}
	for _, way := range []struct {
		name string
		do   func([][]int64) (Quantiles, bool)
	}{{"pick", QuantilesOf}, {"sort", sortedQuantiles}} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				way.do(lists)
			}
		})
	}
}
