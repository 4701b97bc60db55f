package analyzer

import (
	"cmp"
	"math/bits"
	"slices"
)

// shortList is how many elements are sorted by comparing: more are put in order digit by digit.
const shortList = 256

// digit is how many bits of a key are looked at in one pass.
const digit = 11

// sortBy sorts a list by a number of each element, and elements with the same number by compare. Lists here have an entry
// for each connection and are sorted by times of one capture: these differ in 40 bits or fewer, so four passes do it
// instead of a comparison for each level of a tree (BenchmarkSortBy: a fifth of the time of slices.SortFunc; slices.Sort of
// bare numbers is as fast).
func sortBy[E any](list []E, key func(*E) int64, compare func(a, b E) int) {
	if len(list) == 0 {
		return
	}
	sorted := true
	low, high, last := key(&list[0]), key(&list[0]), key(&list[0])
	for i := range list {
		k := key(&list[i])
		low, high = min(low, k), max(high, k)
		sorted = sorted && last < k || i == 0
		last = k
	}
	switch {
	case sorted:
	case len(list) <= shortList:
		slices.SortFunc(list, func(a, b E) int {
			if c := cmp.Compare(key(&a), key(&b)); c != 0 {
				return c
			}
			return compare(a, b)
		})
	default:
		sortByDigits(list, key, low, high)
		sortEqual(list, key, compare)
	}
}

// sortByDigits sorts a list by a number of each element that is from low to high; equal ones stay in their order.
func sortByDigits[E any](list []E, key func(*E) int64, low, high int64) {
	from, to := list, make([]E, len(list))
	var ends [1 << digit]int
	for shift := 0; shift < bits.Len64(uint64(high-low)); shift += digit {
		at := func(e *E) uint64 { return uint64(key(e)-low) >> shift % (1 << digit) }
		clear(ends[:])
		for i := range from {
			ends[at(&from[i])]++
		}
		if ends[at(&from[0])] == len(from) {
			continue
		}
		n := 0
		for d := range ends {
			ends[d], n = n, n+ends[d]
		}
		for i := range from {
			d := at(&from[i])
			to[ends[d]] = from[i]
			ends[d]++
		}
		from, to = to, from
	}
	if &from[0] != &list[0] {
		copy(list, from)
	}
}

// sortEqual puts elements with the same number, which follow one another, in order.
func sortEqual[E any](list []E, key func(*E) int64, compare func(a, b E) int) {
	for i := 0; i < len(list); {
		j := i + 1
		for j < len(list) && key(&list[j]) == key(&list[i]) {
			j++
		}
		if j-i > 1 {
			slices.SortFunc(list[i:j], compare)
		}
		i = j
	}
}
