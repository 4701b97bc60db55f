package analyzer

import (
	"cmp"
	"math/bits"
	"slices"
)

// moments are some points in time. Where little is asked of many connections, such as what came first after each of a few
// moments, they are looked at once, in any order, instead of being sorted: each falls between two moments.
type moments struct {
	times []int64 // ascending, each once
	parts []int32 // of the time between the first and the last, by equal parts: how many moments come before the part
	shift int     // of a time after the first: its part
}

// momentsOf makes moments of times, which it puts in order.
func momentsOf(times []int64) moments {
	sortTimes(times)
	m := moments{times: slices.Compact(times)}
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

func (m *moments) part(t int64) uint64 { return uint64(t-m.times[0]) >> m.shift }

// before returns how many moments come before a time.
func (m *moments) before(t int64) int {
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

// incident is something that happened to a connection.
type incident struct {
	time   int64
	stream int32
}

func (a incident) compare(b incident) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.stream, b.stream))
}

// nextAfter finds what came first after each of some moments.
type nextAfter struct {
	moments
	first []incident // by moment: between it and the next one; with a time of maxTime if there was nothing
}

func newNextAfter(m moments) *nextAfter {
	return &nextAfter{m, slices.Repeat([]incident{{time: maxTime}}, len(m.times))}
}

// add enters an incident.
func (n *nextAfter) add(e incident) {
	if i := n.before(e.time); i > 0 && e.compare(n.first[i-1]) < 0 {
		n.first[i-1] = e
	}
}

// end is called once when all are entered.
func (n *nextAfter) end() {
	for i := len(n.first) - 2; i >= 0; i-- {
		if n.first[i].time == maxTime {
			n.first[i] = n.first[i+1]
		}
	}
}

// after returns what came first after one of the moments; with a time of maxTime if nothing did.
func (n *nextAfter) after(moment int64) incident { return n.first[n.before(moment)] }
