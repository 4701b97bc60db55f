package analyzer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sortedQuantiles is the plain way: sort all, pick.
func sortedQuantiles(lists [][]int64) Quantiles {
	all := slices.Sorted(slices.Values(slices.Concat(lists...)))
	if len(all) == 0 {
		return Quantiles{}
	}
	pick := func(percent int) *Seconds {
		v := seconds(all[(len(all)*percent+99)/100-1])
		return &v
	}
	return Quantiles{P50: pick(50), P90: pick(90), P99: pick(99), Max: pick(100)}
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
		got, want := quantiles(lists), sortedQuantiles(lists)
		for i, p := range [][2]*Seconds{{got.P50, want.P50}, {got.P90, want.P90}, {got.P99, want.P99}, {got.Max, want.Max}} {
			if (p[0] == nil) != (p[1] == nil) || p[0] != nil && *p[0] != *p[1] {
				t.Fatalf("trial %d, quantile %d of %d durations below %d differs", trial, i, len(slices.Concat(lists...)), limit)
			}
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
		do   func([][]int64) Quantiles
	}{{"pick", quantiles}, {"sort", sortedQuantiles}} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				way.do(lists)
			}
		})
	}
}
