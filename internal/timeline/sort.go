package timeline

import (
	"math/bits"
	"slices"
)

// shortList is how many elements are sorted by comparing: more are spread out first.
const shortList = 32

// SortBy sorts a list by a number of each element, and elements with the same number by compare. Lists here have an entry
// for each connection and are sorted by times of one capture, over which these are spread: once each element is put in the
// part of the list that belongs to its time, it has few neighbours there to be compared with (BenchmarkSortBy: a sixth of
// the time of slices.SortFunc).
func SortBy[E any](list []E, key func(*E) int64, compare func(a, b E) int) {
	if len(list) < 2 {
		return
	}
	sorted := true
	low, high, last := key(&list[0]), key(&list[0]), key(&list[0])
	for i := 1; i < len(list); i++ {
		k := key(&list[i])
		low, high = min(low, k), max(high, k)
		sorted = sorted && last < k
		last = k
	}
	switch {
	case sorted:
	case low == high:
		slices.SortFunc(list, compare)
	case len(list) <= shortList:
		insert(list, key, compare)
	default:
		begin := int32(0)
		for _, end := range spread(list, key, low, high) {
			SortBy(list[begin:end], key, compare)
			begin = end
		}
	}
}

// SortTimes sorts times in the same way. Of bare numbers there are many: this takes half the time of SortBy, which has to ask
// for the number of each element (BenchmarkSortTimes).
func SortTimes(list []int64) {
	if len(list) <= shortList {
		insertTimes(list)
		return
	}
	low, high, sorted := list[0], list[0], true
	for i, t := range list[1:] {
		low, high, sorted = min(low, t), max(high, t), sorted && list[i] <= t
	}
	if sorted {
		return
	}
	shift := partShift(low, high, len(list))
	ends := make([]int32, uint64(high-low)>>shift+1)
	for _, t := range list {
		ends[uint64(t-low)>>shift]++
	}
	begins(ends)
	for _, t := range slices.Clone(list) {
		at := &ends[uint64(t-low)>>shift]
		list[*at] = t
		*at++
	}
	begin := int32(0)
	for _, end := range ends {
		if end-begin > shortList {
			SortTimes(list[begin:end])
		}
		begin = end
	}
	insertTimes(list) // in each part: none goes further
}

// upTo returns how many of some times, which are in order, are no later than t.
func upTo(times []int64, t int64) int {
	n, _ := slices.BinarySearch(times, t+1)
	return n
}

// insertTimes does it for times of which none is far from its place.
func insertTimes(list []int64) {
	for i := 1; i < len(list); i++ {
		t, j := list[i], i
		for ; j > 0 && t < list[j-1]; j-- {
			list[j] = list[j-1]
		}
		list[j] = t
	}
}

// insert does it for a short list.
func insert[E any](list []E, key func(*E) int64, compare func(a, b E) int) {
	for i := 1; i < len(list); i++ {
		for k, j := key(&list[i]), i; j > 0; j-- {
			if before := key(&list[j-1]); before < k || before == k && compare(list[j-1], list[j]) <= 0 {
				break
			}
			list[j-1], list[j] = list[j], list[j-1]
		}
	}
}

// spread divides a list into parts of elements whose numbers are near each other, in ascending order of these, and returns
// where each part ends: at least as many as two, as numbers go from low to high, and a half to a quarter of the elements.
func spread[E any](list []E, key func(*E) int64, low, high int64) (ends []int32) {
	shift := partShift(low, high, len(list))
	part := func(e *E) uint64 { return uint64(key(e)-low) >> shift }
	ends = make([]int32, uint64(high-low)>>shift+1)
	for i := range list {
		ends[part(&list[i])]++
	}
	begins(ends)
	from := slices.Clone(list)
	for i := range from {
		at := &ends[part(&from[i])]
		list[*at] = from[i]
		*at++
	}
	return ends
}

// partShift returns by how many bits numbers from low to high are shifted, once low is taken from them, to tell the parts of
// a list of n.
func partShift(low, high int64, n int) int {
	return max(bits.Len64(uint64(high-low))-bits.Len(uint(n/2)), 0)
}

// begins makes of how many elements the parts have where each begins.
func begins(parts []int32) {
	n := int32(0)
	for i := range parts {
		parts[i], n = n, n+parts[i]
	}
}
