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
	if r.run == nil || len(r.run.shards) == 1 || len(r.flows) <= partSize {
		for _, ref := range r.flows {
			if !yield(r.build(ref)) {
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
		readers := r.run.readers()
		defer r.run.release(readers)
		wg.Go(func() {
			for p := range work {
				for _, ref := range p.refs {
					p.flows = append(p.flows, r.buildWith(readers[ref.shard], ref))
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

// readers returns a reader of each shard.
func (r *run) readers() []*shard {
	out := make([]*shard, len(r.shards))
	for i, s := range r.shards {
		out[i] = s.reader()
	}
	return out
}

// release gives the room of readers back.
func (r *run) release(readers []*shard) {
	for i, s := range r.shards {
		s.flows.releaseViews(&readers[i].flows.views)
	}
}

// reader returns a copy of s that looks at connections while others do: it has the same records, and room of its own for
// those that it unpacks. It must take no packets, and neither must s until the room is given back.
func (s *shard) reader() *shard {
	var views [8]view
	for i := range views {
		views[i] = view{hot: s.flows.hot.add(), sides: s.flows.room()}
	}
	c := *s
	c.flows.views = views
	c.flows.closings, c.flows.resets, c.flows.odds = &c.closings, &c.resets, &c.odds
	return &c
}
