package analyzer

import (
	"slices"
	"sync"
)

// partSize is how many records a goroutine makes at a time: enough that handing them over costs nothing beside it.
const partSize = 128

// part is some connections that follow one another in the report.
type part struct {
	refs  []flowRef
	flows []*Flow
	done  chan struct{} // closed when flows are made
}

// records passes the records of all reported connections to yield, in stream order, until it returns false. With several
// jobs that many goroutines make them, two parts for each ahead of yield.
func (r *Report) records(yield func(*Flow) bool) {
	if r.run == nil {
		return
	}
	if len(r.run.shards) == 1 || len(r.flows) <= partSize {
		views, done := r.run.viewers()
		defer done()
		for _, ref := range r.flows {
			if !yield(r.build(views[ref.shard], ref)) {
				return
			}
		}
		return
	}
	jobs := len(r.run.shards)
	ahead := 2 * jobs
	work := make(chan *part, ahead)
	var wg sync.WaitGroup
	for range jobs {
		views, done := r.run.viewers()
		defer done()
		wg.Go(func() {
			for p := range work {
				for _, ref := range p.refs {
					p.flows = append(p.flows, r.build(views[ref.shard], ref))
				}
				close(p.done)
			}
		})
	}
	defer wg.Wait()
	defer close(work)

	var waiting []*part // those in work, in order
	hand := func() bool {
		p := waiting[0]
		waiting = waiting[1:]
		<-p.done
		for _, f := range p.flows {
			if !yield(f) {
				return false
			}
		}
		return true
	}
	for refs := range slices.Chunk(r.flows, partSize) {
		p := &part{refs: refs, flows: make([]*Flow, 0, len(refs)), done: make(chan struct{})}
		waiting = append(waiting, p)
		work <- p
		if len(waiting) == ahead && !hand() {
			return
		}
	}
	for len(waiting) > 0 {
		if !hand() {
			return
		}
	}
}
