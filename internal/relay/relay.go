// Package relay has several goroutines read by turns what all of them use. What is read comes in batches, of whatever kind;
// nothing here knows of packets.
package relay

import (
	"slices"
	"sync"
)

const (
	// ahead is how many batches the fastest runner may be ahead of the slowest one: enough that it does not wait for it where
	// one of them had more to do for a while.
	ahead = 16
	// stock is how many batches are to be there for a runner that others may have to wait for while it uses one.
	stock = 8
)

// Run has n goroutines, the runners 0 to n-1, use batches of which each gets all, in the order in which they were read, until read
// says that there are no more behind the one that it was given. They take turns at reading: whoever has used nearly all that was
// read reads the next batch, for all of them. So no processor waits for one that only reads, and none reads what another one
// reads too.
//
// read is called by one goroutine at a time and use by several, each for another runner. A batch is not read into again before
// all have used it; room makes one, which happens 16 times.
func Run[B any](n int, room func() *B, read func(*B) (more bool), use func(runner int, b *B)) {
	r := newRelay(n, room, read)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for b := r.next(i); b != nil; b = r.next(i) {
				use(i, b)
				r.used(i)
			}
		})
	}
	wg.Wait()
}

// relay is the batches that some runners are at.
type relay[B any] struct {
	fill func(*B) (more bool) // reads a batch; it is called by one goroutine at a time

	mu      sync.Mutex
	moved   sync.Cond // something below has changed
	ring    [ahead]*B
	filled  uint64 // batches so far
	filling bool
	over    bool     // there are no more
	at      []uint64 // by runner: how many it has used
}

func newRelay[B any](n int, room func() *B, fill func(*B) (more bool)) *relay[B] {
	r := &relay[B]{fill: fill, at: make([]uint64, n)}
	r.moved.L = &r.mu
	for i := range r.ring {
		r.ring[i] = room()
	}
	return r
}

// next returns the next batch for runner i, nil after the last one.
func (r *relay[B]) next(i int) *B {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := r.at[i]; ; {
		switch {
		case !r.filling && !r.over && r.filled < n+stock && r.filled < slices.Min(r.at)+ahead:
			r.read()
		case n < r.filled:
			return r.ring[n%ahead]
		case r.over:
			return nil
		default:
			r.moved.Wait()
		}
	}
}

// read reads a batch. Runners may take those that are there meanwhile.
func (r *relay[B]) read() {
	r.filling = true
	b := r.ring[r.filled%ahead]
	r.mu.Unlock()
	more := r.fill(b)
	r.mu.Lock()
	r.filled++
	r.filling, r.over = false, !more
	r.moved.Broadcast()
}

// used notes that runner i has used the batch that next returned.
func (r *relay[B]) used(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[i]++
	r.moved.Broadcast()
}
