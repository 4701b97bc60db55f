package timeline

import "slices"

// Span is a time.
type Span struct{ From, To int64 }

// Crowd tells of many holds how many there are at a moment, without looking at each.
type Crowd struct {
	since, Until []int64 // sorted, each for itself
	last         []int64 // by since: when the last of those that began until then ends
}

// CrowdOf makes the crowd of what was there in these times. It puts them in order.
func CrowdOf(times []Span) *Crowd {
	lasting := slices.DeleteFunc(times, func(t Span) bool { return t.From >= t.To })
	SortBy(lasting, func(t *Span) int64 { return t.From }, func(a, b Span) int { return 0 })
	c := &Crowd{since: make([]int64, 0, len(lasting)), Until: make([]int64, 0, len(lasting)), last: make([]int64, 0, len(lasting))}
	var last int64
	for i := range lasting {
		last = max(last, lasting[i].To)
		c.since, c.Until, c.last = append(c.since, lasting[i].From), append(c.Until, lasting[i].To), append(c.last, last)
	}
	SortTimes(c.Until)
	return c
}

// At returns how many holds there are at a time, and when the last of them ends; 0 if there are none.
func (c *Crowd) At(t int64) (n int, gone int64) {
	begun := upTo(c.since, t)
	if n = begun - upTo(c.Until, t); n == 0 {
		return 0, 0
	}
	return n, c.last[begun-1]
}
