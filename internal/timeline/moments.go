// Package timeline answers what is asked of very many times at once: what stands first after a moment, how many of some spans there
// are at a time and when most, when all had ended. Lists are looked at once, or sorted by what is known of times of one capture:
// that they are spread over it. Times are in ns since the epoch. Nothing here knows of packets.
package timeline

import (
	"math"
	"math/bits"
	"slices"
)

// Never stands for an end that has not come.
const Never = math.MaxInt64

// Moments are some points in time. Where little is asked of many connections, such as what came first after each of a few
// moments, they are looked at once, in any order, instead of being sorted: each falls between two moments.
type Moments struct {
	times []int64 // ascending, each once
	parts []int32 // of the time between the first and the last, by equal parts: how many moments come before the part
	shift int     // of a time after the first: its part
}

// MomentsOf makes moments of times, which it puts in order.
func MomentsOf(times []int64) Moments {
	SortTimes(times)
	m := Moments{times: slices.Compact(times)}
	n := len(m.times)
	if n == 0 {
		return m
	}
	length := uint64(m.times[n-1] - m.times[0])
	m.shift = max(bits.Len64(length)-bits.Len(uint(n)), 0)
	m.parts = make([]int32, length>>m.shift+2)
	for _, t := range m.times {
		m.parts[m.part(t)+1]++
	}
	for i := range m.parts[1:] {
		m.parts[i+1] += m.parts[i]
	}
	return m
}

// Len returns how many moments there are.
func (m *Moments) Len() int { return len(m.times) }

func (m *Moments) part(t int64) uint64 { return uint64(t-m.times[0]) >> m.shift }

// Before returns how many moments come before a time.
func (m *Moments) Before(t int64) int {
	n := len(m.times)
	switch {
	case n == 0 || t <= m.times[0]:
		return 0
	case t > m.times[n-1]:
		return n
	}
	p := m.part(t)
	i, end := int(m.parts[p]), int(m.parts[p+1])
	if end-i > 8 {
		near, _ := slices.BinarySearch(m.times[i:end], t)
		return i + near
	}
	for i < end && m.times[i] < t {
		i++
	}
	return i
}
