package analyzer

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// stepsOf returns all steps of a course.
func stepsOf(c *course) (out []level) {
	c.each(func(s level) bool { out = append(out, s); return true })
	return out
}

// thinned is the plain way to thin steps: of each stretch of time the highest number and the last one.
func thinned(steps []level, max int) (out []level) {
	if len(steps) <= max {
		return steps
	}
	first, last := steps[0].time, steps[len(steps)-1].time
	width := (last-first)/int64(max/2-1) + 1
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && (steps[n].time-first)/width == (steps[0].time-first)/width {
			n++
		}
		top := slices.MaxFunc(steps[:n], func(a, b level) int { return a.n - b.n })
		if out = append(out, top); top != steps[n-1] {
			out = append(out, steps[n-1])
		}
		steps = steps[n:]
	}
	return out
}

// A course tells at each time what counting tells.
func TestCourse(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		end := 1 + rnd.Int64N(100)
		c := newCourse(end, 0)
		all := make([]span, rnd.IntN(60))
		for i := range all {
			all[i].from = rnd.Int64N(110)
			all[i].to = all[i].from + rnd.Int64N(30) - 2
			c.add(all[i].from, all[i].to)
		}
		c.run()
		var want []level
		peak, until := level{}, int64(0)
		for at := range end + 1 {
			n, changes := 0, false
			for _, s := range all {
				if s.from > end || s.from >= s.to {
					continue
				}
				if s.from <= at && at < s.to {
					n++
				}
				if changes = changes || s.from == at || s.to == at; s.to > end {
					until = max(until, s.to)
				}
			}
			if got := c.at(at); got != n {
				t.Fatalf("%d at %d of %v, want %d", got, at, all, n)
			}
			if changes {
				want = append(want, level{at, n})
			}
			if n > peak.n {
				peak = level{at, n}
			}
		}
		if got := stepsOf(c); !slices.Equal(got, want) || c.steps != len(want) || len(want) > 0 && (c.first != want[0].time || c.last != want[len(want)-1].time) {
			t.Fatalf("steps %v, want %v", got, want)
		}
		if c.peak != peak.n || c.peakTime != peak.time || c.until != until {
			t.Fatalf("peak %d at %d, last end %d; want %v and %d", c.peak, c.peakTime, c.until, peak, until)
		}
		for most := 4; most < 40; most += 5 {
			if got := c.thin(most); !slices.Equal(got, thinned(want, most)) {
				t.Fatalf("%v thinned to %d: %v, want %v", want, most, got, thinned(want, most))
			}
		}
		for n := 1; n < 10; n++ {
			reached := int64(maxTime)
			if i := slices.IndexFunc(want, func(s level) bool { return s.n >= n }); i >= 0 {
				reached = want[i].time
			}
			if got := c.reached(n); got != reached {
				t.Fatalf("%d was reached at %d, want %d", n, got, reached)
			}
		}
	}
}
