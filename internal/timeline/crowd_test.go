package timeline

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A crowd tells what counting tells.
func TestCrowd(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		holds := make([]Span, rnd.IntN(30))
		for i := range holds {
			holds[i].From = rnd.Int64N(20)
			holds[i].To = holds[i].From + rnd.Int64N(8) - 1
			if rnd.IntN(10) == 0 {
				holds[i].To = Never
			}
		}
		c := CrowdOf(slices.Clone(holds))
		for at := int64(-1); at < 30; at++ {
			n, gone := 0, int64(0)
			for _, h := range holds {
				if h.From <= at && at < h.To {
					n++
					gone = max(gone, h.To)
				}
			}
			if gotN, gotGone := c.At(at); gotN != n || gotGone != gone {
				t.Fatalf("at %d of %v: %d until %d, want %d until %d", at, holds, gotN, gotGone, n, gone)
			}
		}
	}
}
