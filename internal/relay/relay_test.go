package relay

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// Each runner gets every batch, in the order in which they were read, none is overwritten before all have used it, and nobody reads
// while another one does.
func TestRun(t *testing.T) {
	for _, runners := range []int{1, 2, 3, 5} {
		const batches = 10 * ahead
		var reading atomic.Int32
		filled, rooms := 0, 0
		read := func(b *int) bool {
			if reading.Add(1) != 1 {
				t.Error("two read at the same time")
			}
			defer reading.Add(-1)
			filled++
			*b = filled
			return filled < batches
		}
		got := make([]int, runners)
		Run(runners, func() *int { rooms++; return new(int) }, read, func(i int, b *int) {
			if got[i]++; *b != got[i] {
				t.Errorf("%d runners: runner %d gets batch %d as number %d", runners, i, *b, got[i])
			}
			if i == 0 && got[i]%7 == 0 {
				runtime.Gosched()
			}
		})
		for i, n := range got {
			if n != batches {
				t.Errorf("%d runners: runner %d gets %d batches of %d", runners, i, n, batches)
			}
		}
		if rooms != ahead {
			t.Errorf("%d runners: room for %d batches", runners, rooms)
		}
	}
}

// The last batch counts, also where it is the only one.
func TestRunOnce(t *testing.T) {
	var used atomic.Int32
	Run(3, func() *bool { return new(bool) }, func(b *bool) bool { *b = true; return false }, func(_ int, b *bool) {
		if !*b {
			t.Error("a batch is used that was not read")
		}
		used.Add(1)
	})
	if n := used.Load(); n != 3 {
		t.Errorf("used %d times by 3 runners", n)
	}
}

// Whoever is slow holds nobody up before the others are so many batches ahead, and does not get further behind than that.
func TestNextWaitsForTheSlowest(t *testing.T) {
	filled := 0
	r := newRelay(2, func() *int { return new(int) }, func(b *int) bool { filled++; *b = filled; return true })
	for n := 1; n <= ahead; n++ {
		if b := r.next(0); *b != n {
			t.Fatalf("batch %d as number %d", *b, n)
		}
		r.used(0)
	}
	if filled != ahead {
		t.Fatalf("%d batches were read, want %d: more have no room before runner 1 has used one", filled, ahead)
	}
	next := make(chan int)
	go func() { next <- *r.next(0) }()
	if b := r.next(1); *b != 1 {
		t.Fatalf("batch %d for the slow runner, want 1: it was overwritten", *b)
	}
	r.used(1)
	if b := <-next; b != ahead+1 {
		t.Errorf("batch %d after the slow runner used one, want %d", b, ahead+1)
	}
}
