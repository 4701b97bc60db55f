package analyzer

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A crowd tells what counting tells.
func TestCrowd(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		holds := make([]span, rnd.IntN(30))
		for i := range holds {
			holds[i].from = rnd.Int64N(20)
			holds[i].to = holds[i].from + rnd.Int64N(8) - 1
			if rnd.IntN(10) == 0 {
				holds[i].to = maxTime
			}
		}
		c := crowdOf(slices.Clone(holds))
		for at := int64(-1); at < 30; at++ {
			n, gone := 0, int64(0)
			for _, h := range holds {
				if h.from <= at && at < h.to {
					n++
					gone = max(gone, h.to)
				}
			}
			if gotN, gotGone := c.at(at); gotN != n || gotGone != gone {
				t.Fatalf("at %d of %v: %d until %d, want %d until %d", at, holds, gotN, gotGone, n, gone)
			}
		}
	}
}
