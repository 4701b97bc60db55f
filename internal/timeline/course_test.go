package timeline

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// stepsOf returns all steps of a course.
func stepsOf(c *Course) (out []Level) {
	c.Each(func(s Level) bool { out = append(out, s); return true })
	return out
}

// thinned is the plain way to thin steps: of each stretch of time the highest number and the last one.
func thinned(steps []Level, max int) (out []Level) {
	if len(steps) <= max {
		return steps
	}
	first, last := steps[0].Time, steps[len(steps)-1].Time
	width := (last-first)/int64(max/2-1) + 1
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && (steps[n].Time-first)/width == (steps[0].Time-first)/width {
			n++
		}
		top := slices.MaxFunc(steps[:n], func(a, b Level) int { return a.N - b.N })
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
		c := NewCourse(end, 0)
		all := make([]Span, rnd.IntN(60))
		for i := range all {
			all[i].From = rnd.Int64N(110)
			all[i].To = all[i].From + rnd.Int64N(30) - 2
			c.Add(all[i].From, all[i].To)
		}
		c.Run()
		var want []Level
		peak, until := Level{}, int64(0)
		for at := range end + 1 {
			n, changes := 0, false
			for _, s := range all {
				if s.From > end || s.From >= s.To {
					continue
				}
				if s.From <= at && at < s.To {
					n++
				}
				if changes = changes || s.From == at || s.To == at; s.To > end {
					until = max(until, s.To)
				}
			}
			if got := c.At(at); got != n {
				t.Fatalf("%d at %d of %v, want %d", got, at, all, n)
			}
			if changes {
				want = append(want, Level{at, n})
			}
			if n > peak.N {
				peak = Level{at, n}
			}
		}
		if got := stepsOf(c); !slices.Equal(got, want) || c.steps != len(want) || len(want) > 0 && (c.First != want[0].Time || c.last != want[len(want)-1].Time) {
			t.Fatalf("steps %v, want %v", got, want)
		}
		if c.Peak != peak.N || c.PeakTime != peak.Time || c.Until != until {
			t.Fatalf("peak %d at %d, last end %d; want %v and %d", c.Peak, c.PeakTime, c.Until, peak, until)
		}
		for most := 4; most < 40; most += 5 {
			if got := c.Thin(most); !slices.Equal(got, thinned(want, most)) {
				t.Fatalf("%v thinned to %d: %v, want %v", want, most, got, thinned(want, most))
			}
		}
		for n := 1; n < 10; n++ {
			reached := int64(Never)
			if i := slices.IndexFunc(want, func(s Level) bool { return s.N >= n }); i >= 0 {
				reached = want[i].Time
			}
			if got := c.Reached(n); got != reached {
				t.Fatalf("%d was reached at %d, want %d", n, got, reached)
			}
		}
	}
}
