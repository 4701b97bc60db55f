package capgen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// The wheel against a sorted list, with delays from none to many turns.
func TestWheelKeepsTheOrder(t *testing.T) {
	for _, slots := range []int{1, 2, 50, 3000} {
		for _, mean := range []int64{1, 1000, 50_000_000} {
			t.Run(fmt.Sprintf("%d slots, mean %d", slots, mean), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(slots), uint64(mean)))
				w := newWheel(slots, mean)
				var want [][2]int64 // time, slot
				for slot := range slots {
					at := r.Int64N(mean)
					w.add(int32(slot), at)
					want = append(want, [2]int64{at, int64(slot)})
				}
				last := [2]int64{-1, -1}
				left := 20_000
				var got [][2]int64
				for {
					slot, now, ok := w.next()
					if !ok {
						break
					}
					got = append(got, [2]int64{now, int64(slot)})
					if now < last[0] {
						t.Fatalf("time %d after %d", now, last[0])
					}
					last = [2]int64{now, int64(slot)}
					if left--; left > 0 {
						at := now + r.Int64N(2*mean)
						if r.IntN(100) == 0 {
							at = now + r.Int64N(100*mean)
						}
						w.add(slot, at)
						want = append(want, [2]int64{at, int64(slot)})
					}
				}
				slices.SortStableFunc(want, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
				slices.SortStableFunc(got, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
				if !slices.Equal(got, want) {
					t.Errorf("%d timers came back, %d were set, or at other times", len(got), len(want))
				}
			})
		}
	}
}

func TestWheelTies(t *testing.T) {
	w := newWheel(8, 1000)
	for _, slot := range []int32{5, 2, 7, 0} {
		w.add(slot, 500)
	}
	var got []int32
	for {
		slot, _, ok := w.next()
		if !ok {
			break
		}
		got = append(got, slot)
	}
	if want := []int32{0, 2, 5, 7}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}
