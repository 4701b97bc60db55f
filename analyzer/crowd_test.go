package analyzer

import (
	"math/rand/v2"
	"testing"
)

// A crowd tells what counting tells.
func TestCrowd(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		holds := make([]hold, rnd.IntN(30))
		for i := range holds {
			holds[i].since = rnd.Int64N(20)
			holds[i].until = holds[i].since + rnd.Int64N(8) - 1
			if rnd.IntN(10) == 0 {
				holds[i].until = maxTime
			}
		}
		c := crowdOf(holds)
		for at := int64(-1); at < 30; at++ {
			n, gone := 0, int64(0)
			for _, h := range holds {
				if h.since <= at && at < h.until {
					n++
					gone = max(gone, h.until)
				}
			}
			if gotN, gotGone := c.at(at); gotN != n || gotGone != gone {
				t.Fatalf("at %d of %v: %d until %d, want %d until %d", at, holds, gotN, gotGone, n, gone)
			}
		}
	}
}
