package analyzer

import (
	"slices"
	"sync"
)

// partSize is how many records a goroutine makes at a time: enough that handing them over costs nothing beside it.
const partSize = 128

// part is some connections that follow one another in the report, and their records.
type part struct {
	refs   []flowRef
	sheets []*sheet
	made   chan struct{} // receives one when the records of refs are made
}

// fill makes the records. Sheets that are there are written on again.
func (p *part) fill(r *Report, views []*viewer) {
	for i, ref := range p.refs {
		if i == len(p.sheets) {
			p.sheets = append(p.sheets, new(sheet))
		}
		r.build(p.sheets[i], views[ref.shard], ref)
	}
	p.made <- struct{}{}
}

// records passes the records of all reported connections to yield, in stream order, until it returns false. With several
// jobs that many goroutines make them, two parts for each ahead of yield. Unless they may be kept, later records are written over
// earlier ones.
func (r *Report) records(kept bool, yield func(*Flow) bool) {
	if r.run == nil {
		return
	}
	if len(r.run.shards) == 1 || len(r.flows) <= partSize {
		r.recordsAlone(kept, yield)
	} else {
		r.recordsByJobs(kept, yield)
	}
}

// recordsAlone makes each record when yield is to have it.
func (r *Report) recordsAlone(kept bool, yield func(*Flow) bool) {
	views, done := r.run.viewers()
	defer done()
	room := new(sheet)
	for _, ref := range r.flows {
		if kept {
			room = new(sheet)
		}
		if !yield(r.build(room, views[ref.shard], ref)) {
			return
		}
	}
}

// recordsByJobs has the records made in parts, by as many goroutines as there are shards.
func (r *Report) recordsByJobs(kept bool, yield func(*Flow) bool) {
	jobs := len(r.run.shards)
	ahead := 2 * jobs
	work := make(chan *part, ahead)
	var wg sync.WaitGroup
	for range jobs {
		views, done := r.run.viewers()
		defer done()
		wg.Go(func() {
			for p := range work {
				p.fill(r, views)
			}
		})
	}
	defer wg.Wait()
	defer close(work)

	parts := make([]part, ahead) // each in its turn
	for i := range parts {
		parts[i].made = make(chan struct{}, 1)
	}
	hand := func(p *part) bool {
		<-p.made
		for i := range p.refs {
			if !yield(&p.sheets[i].Flow) {
				return false
			}
		}
		if kept {
			p.sheets = nil
		}
		return true
	}
	n := 0
	for refs := range slices.Chunk(r.flows, partSize) {
		p := &parts[n%ahead]
		if n >= ahead && !hand(p) {
			return
		}
		p.refs = refs
		work <- p
		n++
	}
	for i := max(0, n-ahead); i < n; i++ {
		if !hand(&parts[i%ahead]) {
			return
		}
	}
}
