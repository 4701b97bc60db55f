package timeline

import "finscope/internal/arena"

// Course is how many spans there are over time, up to the end of a capture, such as the TIME_WAITs of a host. Their starts and ends are
// kept apart, each in order.
type Course struct {
	end    int64 // of the capture
	starts []int64
	ends   []int64

	Now, Peak   int
	PeakTime    int64
	Until       int64 // when the last one that runs at the end of the capture ends; 0: none runs
	steps       int   // how often the number changed
	First, last int64 // when it changed first and last
}

// Level is the number from a time on.
type Level struct {
	Time int64
	N    int
}

// NewCourse makes room for n spans of a capture that ends at a time.
func NewCourse(end int64, n int) *Course {
	return &Course{end: end, starts: arena.NewBlock[int64](n)[:0], ends: arena.NewBlock[int64](n)[:0]}
}

// Add enters a span. One that ends as it begins counts as none, and so does one for which time went backwards.
func (c *Course) Add(from, until int64) {
	if from > c.end || from >= until {
		return
	}
	c.starts, c.ends = append(c.starts, from), append(c.ends, until)
	if until > c.end {
		c.Until = max(c.Until, until)
	}
}

// Run counts the spans once all are entered.
func (c *Course) Run() {
	SortTimes(c.starts)
	SortTimes(c.ends)
	c.Each(func(s Level) bool {
		if c.steps++; c.steps == 1 {
			c.First = s.Time
		}
		if s.N > c.Peak {
			c.Peak, c.PeakTime = s.N, s.Time
		}
		c.Now, c.last = s.N, s.Time
		return true
	})
}

// Each calls step with each time at which spans start or end, until it returns false: those that end at a moment are gone when others
// start then.
func (c *Course) Each(step func(Level) bool) {
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
		if !step(Level{t, n}) {
			return
		}
	}
}

// At returns the number at a time.
func (c *Course) At(t int64) int {
	return upTo(c.starts, t) - upTo(c.ends, t)
}

// Reached returns when the number first was at least n; Never if it never was.
func (c *Course) Reached(n int) int64 {
	when := int64(Never)
	c.Each(func(s Level) bool {
		if s.N >= n {
			when = s.Time
		}
		return when == Never
	})
	return when
}

// Thin returns the steps thinned to at most max points: of each stretch of time the highest number and the last one, so
// that the peak and the end are exact.
func (c *Course) Thin(max int) []Level {
	out := make([]Level, 0, min(max, c.steps))
	if c.steps <= max {
		c.Each(func(s Level) bool { out = append(out, s); return true })
		return out
	}
	parts := int64(max/2 - 1)
	width := (c.last-c.First)/parts + 1
	part := int64(-1)
	var top, last Level
	close := func() {
		if part < 0 {
			return
		}
		if out = append(out, top); top != last {
			out = append(out, last)
		}
	}
	c.Each(func(s Level) bool {
		if p := (s.Time - c.First) / width; p != part {
			close()
			part, top = p, s
		}
		if s.N > top.N {
			top = s
		}
		last = s
		return true
	})
	close()
	return out
}
