package analyzer

import (
	"slices"

	"finscope/internal/arena"
)

// course is a number of TIME_WAITs over time, up to the end of a capture. Its starts and ends are kept apart, each in order.
type course struct {
	end    int64 // of the capture
	starts []int64
	ends   []int64

	now, peak   int
	peakTime    int64
	until       int64 // when the last one that runs at the end of the capture ends; 0: none runs
	steps       int   // how often the number changed
	first, last int64 // when it changed first and last
}

// level is the number from a time on.
type level struct {
	time int64
	n    int
}

// newCourse makes room for n TIME_WAITs.
func newCourse(end int64, n int) *course {
	return &course{end: end, starts: arena.NewBlock[int64](n)[:0], ends: arena.NewBlock[int64](n)[:0]}
}

// add enters a TIME_WAIT. One that was reused at once counts as none, and so does one for which time went backwards.
func (c *course) add(from, until int64) {
	if from > c.end || from >= until {
		return
	}
	c.starts, c.ends = append(c.starts, from), append(c.ends, until)
	if until > c.end {
		c.until = max(c.until, until)
	}
}

// run counts the TIME_WAITs once all are entered.
func (c *course) run() {
	sortTimes(c.starts)
	sortTimes(c.ends)
	c.each(func(s level) bool {
		if c.steps++; c.steps == 1 {
			c.first = s.time
		}
		if s.n > c.peak {
			c.peak, c.peakTime = s.n, s.time
		}
		c.now, c.last = s.n, s.time
		return true
	})
}

// each calls step with each time at which TIME_WAITs start or end, until it returns false: those that end at a moment are
// gone when others start then.
func (c *course) each(step func(level) bool) {
	n := 0
	for i, j := 0, 0; i < len(c.starts) || j < len(c.ends); {
		var t int64
		if i == len(c.starts) || j < len(c.ends) && c.ends[j] < c.starts[i] {
			t = c.ends[j]
		} else {
			t = c.starts[i]
		}
		if t > c.end {
			return
		}
		for ; j < len(c.ends) && c.ends[j] == t; j++ {
			n--
		}
		for ; i < len(c.starts) && c.starts[i] == t; i++ {
			n++
		}
		if !step(level{t, n}) {
			return
		}
	}
}

// at returns the number at a time.
func (c *course) at(t int64) int {
	begun, _ := slices.BinarySearch(c.starts, t+1)
	over, _ := slices.BinarySearch(c.ends, t+1)
	return begun - over
}

func (c *course) occupancy() Occupancy {
	o := Occupancy{Now: c.now, Peak: c.peak}
	if c.peak > 0 {
		t := at(c.peakTime)
		o.PeakTime = &t
	}
	return o
}

// reached returns when the number first was at least n; maxTime if it never was.
func (c *course) reached(n int) int64 {
	when := int64(maxTime)
	c.each(func(s level) bool {
		if s.n >= n {
			when = s.time
		}
		return when == maxTime
	})
	return when
}

// maxPoints is how many points of a series a record has at most.
const maxPoints = 500

// thin returns the steps thinned to at most max points: of each stretch of time the highest number and the last one, so
// that the peak and the end are exact.
func (c *course) thin(max int) []level {
	out := make([]level, 0, min(max, c.steps))
	if c.steps <= max {
		c.each(func(s level) bool { out = append(out, s); return true })
		return out
	}
	parts := int64(max/2 - 1)
	width := (c.last-c.first)/parts + 1
	part := int64(-1)
	var top, last level
	close := func() {
		if part < 0 {
			return
		}
		if out = append(out, top); top != last {
			out = append(out, last)
		}
	}
	c.each(func(s level) bool {
		if p := (s.time - c.first) / width; p != part {
			close()
			part, top = p, s
		}
		if s.n > top.n {
			top = s
		}
		last = s
		return true
	})
	close()
	return out
}
