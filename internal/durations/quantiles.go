package durations

import (
	"math/bits"
	"slices"
)

// Quantiles are the nearest ranks of some durations, in ns: each is one of them, and so many per cent of all are no longer.
type Quantiles struct{ P50, P90, P99, Max int64 }

// few is how many durations are sorted to find their quantiles: of more, only those near a quantile are.
const few = 128

// QuantilesOf returns the quantiles of the durations in some lists, of which none is below 0; ok is false if there are none. It
// leaves the lists as they are.
func QuantilesOf(lists [][]int64) (q Quantiles, ok bool) {
	n := 0
	for _, list := range lists {
		n += len(list)
	}
	if n == 0 {
		return Quantiles{}, false
	}
	percents := [...]int{50, 90, 99, 100}
	var ranks [len(percents)]int
	for i, percent := range percents {
		ranks[i] = (n*percent+99)/100 - 1
	}
	var picked [len(percents)]int64
	if n <= few {
		all := slices.Concat(lists...)
		slices.Sort(all)
		for i, rank := range ranks {
			picked[i] = all[rank]
		}
	} else {
		picked = pick(lists, ranks)
	}
	return Quantiles{P50: picked[0], P90: picked[1], P99: picked[2], Max: picked[3]}, true
}

// Durations are counted by their magnitude: of these there are 32 between a power of two and the next.
const (
	magnitudeBits = 5
	magnitudes    = (64 - magnitudeBits) << magnitudeBits
)

// magnitude returns that of a duration: it does not fall when that rises.
func magnitude(ns int64) int {
	e := max(bits.Len64(uint64(ns))-1-magnitudeBits, 0)
	return e<<magnitudeBits + int(ns>>e)
}

// pick returns the elements of these ranks, which ascend, in ascending order. Two passes count the durations by their
// magnitude and take out those of the magnitudes in question, about 3 in 100 for each rank: these alone are sorted.
func pick(lists [][]int64, ranks [4]int) (picked [4]int64) {
	var counts [magnitudes]int32
	for _, list := range lists {
		for _, ns := range list {
			counts[magnitude(ns)]++
		}
	}
	var near [len(ranks)][]int64
	var slot [magnitudes]uint8 // 1 more than the index in near of the durations of this magnitude; 0: none are asked for
	var home [len(ranks)]struct{ near, rank int }
	m, below := 0, 0
	for i, rank := range ranks {
		for below+int(counts[m]) <= rank {
			below += int(counts[m])
			m++
		}
		if slot[m] == 0 {
			slot[m] = uint8(i + 1)
			near[i] = make([]int64, 0, counts[m])
		}
		home[i].near, home[i].rank = int(slot[m])-1, rank-below
	}
	for _, list := range lists {
		for _, ns := range list {
			if i := slot[magnitude(ns)]; i != 0 {
				near[i-1] = append(near[i-1], ns)
			}
		}
	}
	for i := range near {
		slices.Sort(near[i])
	}
	for i, h := range home {
		picked[i] = near[h.near][h.rank]
	}
	return picked
}
