package timeline

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSortBy(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	type element struct {
		Time   int64
		Stream int32
	}
	keys := map[string]func() int64{
		"times":     func() int64 { return 1_700_000_000e9 + rng.Int64N(400e9) },
		"few":       func() int64 { return rng.Int64N(7) },
		"one":       func() int64 { return 5 },
		"any":       func() int64 { return int64(rng.Uint64()) },
		"extremes":  func() int64 { return []int64{math.MinInt64, -1, 0, 1, math.MaxInt64}[rng.IntN(5)] },
		"with none": func() int64 { return []int64{rng.Int64N(1e12), Never}[rng.IntN(2)] },
	}
	for name, next := range keys {
		for _, n := range []int{0, 1, 2, shortList, shortList + 1, 5000} {
			for _, ordered := range []bool{false, true} {
				list := make([]element, n)
				for i := range list {
					list[i] = element{next(), int32(rng.IntN(n))}
				}
				compare := func(a, b element) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Stream, b.Stream)) }
				want := slices.SortedFunc(slices.Values(list), compare)
				if ordered {
					slices.SortFunc(list, func(a, b element) int { return cmp.Compare(a.Time, b.Time) })
				}
				SortBy(list, func(e *element) int64 { return e.Time }, func(a, b element) int { return cmp.Compare(a.Stream, b.Stream) })
				if !slices.Equal(list, want) {
					t.Errorf("%d %s, ordered %v: not in order", n, name, ordered)
				}
			}
		}
	}
}

func BenchmarkSortBy(b *testing.B) {
	type lifetime struct {
		end    int64
		Stream int32
	}
	rng := rand.New(rand.NewPCG(1, 1))
	all := make([]lifetime, 60_000)
	for i := range all {
		all[i] = lifetime{end: 1_700_000_000e9 + rng.Int64N(360e9), Stream: int32(i)}
	}
	list := make([]lifetime, len(all))
	b.Run("spread", func(b *testing.B) {
		for b.Loop() {
			copy(list, all)
			SortBy(list, func(l *lifetime) int64 { return l.end }, func(a, b lifetime) int { return cmp.Compare(a.Stream, b.Stream) })
		}
	})
	b.Run("slices", func(b *testing.B) {
		for b.Loop() {
			copy(list, all)
			slices.SortFunc(list, func(a, b lifetime) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.Stream, b.Stream)) })
		}
	})
}

// What spread puts in one part lies between what is in the parts around it.
func TestSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		list := make([]int64, 2+rng.IntN(500))
		limit := int64(1) << (1 + rng.IntN(62))
		for i := range list {
			list[i] = rng.Int64N(limit) - limit/2
		}
		low, high := slices.Min(list), slices.Max(list)
		if low == high {
			continue
		}
		want := slices.Sorted(slices.Values(list))
		begin := int32(0)
		ends := spread(list, func(n *int64) int64 { return *n }, low, high)
		for _, end := range ends {
			slices.Sort(list[begin:end])
			begin = end
		}
		if !slices.Equal(list, want) || len(ends) < 2 {
			t.Fatalf("%d parts of %d numbers: %v", len(ends), len(list), list)
		}
	}
}

func TestSortTimes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, shortList, shortList + 1, 200, 3000} {
		for range 30 {
			list := make([]int64, n)
			limit := int64(1) << (1 + rng.IntN(62))
			for i := range list {
				switch rng.IntN(20) {
				case 0:
					list[i] = Never
				case 1:
					list[i] = -rng.Int64N(limit)
				default:
					list[i] = rng.Int64N(limit)
				}
			}
			want := slices.Sorted(slices.Values(list))
			if SortTimes(list); !slices.Equal(list, want) {
				t.Fatalf("%d times below %d are not in order", n, limit)
			}
		}
	}
}

func BenchmarkSortTimes(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	all := make([]int64, 60_000)
	for i := range all {
		all[i] = 1_700_000_000e9 + rng.Int64N(360e9)
	}
	list := make([]int64, len(all))
	for _, way := range []struct {
		name string
		sort func([]int64)
	}{
		{"sortTimes", SortTimes},
		{"sortBy", func(list []int64) {
			SortBy(list, func(t *int64) int64 { return *t }, func(a, b int64) int { return 0 })
		}},
		{"slices", slices.Sort[[]int64]},
	} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				copy(list, all)
				way.sort(list)
			}
		})
	}
}
