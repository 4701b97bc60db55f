package analyzer

import "container/heap"

// bound keeps the number of open connections at most at max: the one that has been idle for longest is finished early. Its
// record stays in the report with the doubt finished-early; what its addresses and ports send later is a connection
// caught in the middle. Connections that are over count as open until they are the longest idle ones.
type bound struct {
	max      int // 0: no bound
	idle     idleHeap
	finished uint64 // connections finished early
}

// idleEntry is a connection and the time of its latest packet when it was last looked at.
type idleEntry struct {
	last      int64
	id, birth int32
}

// idleHeap has the longest idle connection first. Its times may be out of date: packets do not touch it. Bringing one up to
// date costs log n, and happens at most once for each packet of that connection.
type idleHeap []idleEntry

func (h idleHeap) Len() int { return len(h) }
func (h idleHeap) Less(i, j int) bool {
	return h[i].last < h[j].last || h[i].last == h[j].last && h[i].id < h[j].id
}
func (h idleHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *idleHeap) Push(x any)   { *h = append(*h, x.(idleEntry)) }
func (h *idleHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// admit counts the new connection f, and finishes the longest idle one if there are too many now.
func (s *shard) admit(f *flow) {
	b := &s.bound
	if b.max == 0 {
		return
	}
	heap.Push(&b.idle, idleEntry{f.last, f.id, f.birth})
	for len(b.idle) > b.max {
		oldest := &b.idle[0]
		if pl := s.flows.places.at(oldest.id); pl.at == 0 || pl.birth != oldest.birth { // it is gone
			heap.Pop(&b.idle)
			continue
		}
		g := s.flows.at(oldest.id)
		if g.last != oldest.last {
			oldest.last = g.last
			heap.Fix(&b.idle, 0)
			continue
		}
		heap.Pop(&b.idle)
		if g.flags&(ended|replaced) == 0 {
			b.finished++
		}
		g.flags |= finishedEarly
		s.giveBack(g, f.start)
	}
}
