package analyzer

import (
	"slices"
	"sync"
)

// Several shards run in goroutines of their own and take turns at reading: whoever has entered its packets of nearly all that was
// read reads and decodes the next batch, for all of them. So no processor waits for one that only reads, and none reads what
// another one reads too.

const (
	// batchesAhead is how many batches the fastest shard may be ahead of the slowest one: enough that it does not wait for it
	// where one of them had more to do for a while.
	batchesAhead = 16
	// readAhead is how many batches are to be there for a shard that others may have to wait for while it enters one.
	readAhead = 8
)

// relay is the batches that some shards are at.
type relay struct {
	fill func(*batch) (more bool) // reads a batch; it is called by one goroutine at a time

	mu      sync.Mutex
	moved   sync.Cond // something below has changed
	ring    [batchesAhead]*batch
	filled  uint64 // batches so far
	filling bool
	over    bool     // there are no more
	at      []uint64 // by shard: how many it has entered
}

func newRelay(shards int, fill func(*batch) (more bool)) *relay {
	r := &relay{fill: fill, at: make([]uint64, shards)}
	r.moved.L = &r.mu
	for i := range r.ring {
		r.ring[i] = newBatch(shards)
	}
	return r
}

// byTurns has the shards read with fill and enter what was read, until fill says that there is no more.
func byTurns(shards []*shard, fill func(*batch) (more bool)) {
	r := newRelay(len(shards), fill)
	var wg sync.WaitGroup
	for i, s := range shards {
		wg.Go(func() {
			for b := r.next(i); b != nil; b = r.next(i) {
				b.enter(s, i)
				r.entered(i)
			}
		})
	}
	wg.Wait()
}

// next returns the next batch for shard number i, nil after the last one.
func (r *relay) next(i int) *batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := r.at[i]; ; {
		switch {
		case !r.filling && !r.over && r.filled < n+readAhead && r.filled < slices.Min(r.at)+batchesAhead:
			r.read()
		case n < r.filled:
			return r.ring[n%batchesAhead]
		case r.over:
			return nil
		default:
			r.moved.Wait()
		}
	}
}

// read reads a batch. Shards may take those that are there meanwhile.
func (r *relay) read() {
	r.filling = true
	b := r.ring[r.filled%batchesAhead]
	r.mu.Unlock()
	b.clear()
	more := r.fill(b)
	r.mu.Lock()
	r.filled++
	r.filling, r.over = false, !more
	r.moved.Broadcast()
}

// entered notes that shard number i has entered its packets of the batch that next returned.
func (r *relay) entered(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[i]++
	r.moved.Broadcast()
}
