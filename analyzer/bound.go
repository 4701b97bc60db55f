package analyzer

import (
	"container/heap"
	"slices"
)

// bound keeps the number of open connections at most at max: when there are more, one is finished early.
//
//   - Those go first that were not set up and have been silent for setUpWithin, as the SYNs of a flood or a scan.
//   - Then whichever of the others has been idle for longest, as long as it is not closing.
//   - Those that are closing go only if there are no others: it is their ends that are asked for.
//
// The record of a connection that was finished early stays in the report with the doubt finished-early, or in the counts of a
// session; what its addresses and ports send later is a connection caught in the middle.
type bound struct {
	max      int      // 0: no bound
	open     int      // connections that are neither over nor finished early
	young    idleHeap // those that were not set up when they were last looked at
	rest     idleHeap
	finished uint64 // connections finished early
}

// setUpWithin is how long a handshake may be silent: a SYN is sent again after a second (RFC 6298 §2.1), and once more after
// two.
const setUpWithin = 3e9 // ns

// idleEntry is a connection, whether it was closing, and the time of its latest packet, when it was last looked at.
type idleEntry struct {
	last      int64
	id, birth int32
	closing   bool
}

// idleHeap has the connection at its top that is to be finished first. What it knows of them may be out of date, as packets
// do not touch it; but times only grow, and a close does not end in an open connection, so that only the top has to be up to
// date. Bringing one up to date costs log n, and happens at most once for each packet of that connection.
type idleHeap []idleEntry

func (h idleHeap) Len() int { return len(h) }
func (h idleHeap) Less(i, j int) bool {
	a, b := &h[i], &h[j]
	switch {
	case a.closing != b.closing:
		return b.closing
	case a.last != b.last:
		return a.last < b.last
	}
	return a.birth < b.birth
}
func (h idleHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *idleHeap) Push(x any)   { *h = append(*h, x.(idleEntry)) }
func (h *idleHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// isOpen reports whether f counts against the bound.
func (f *flow) isOpen() bool { return f.flags.isOpen() }

func (f flowFlags) isOpen() bool { return f&(ended|replaced|finishedEarly) == 0 }

// isYoung reports whether f was not set up so far.
func (f *flow) isYoung() bool { return f.closing == 0 && f.flags&settled == 0 }

func entryOf(f *flow) idleEntry { return idleEntry{f.last, f.id, f.birth, f.closing != 0} }

// admit counts the new connection f, and finishes others if there are too many now.
func (s *shard) admit(f *flow) {
	b := &s.bound
	if b.max == 0 {
		return
	}
	b.open++
	heap.Push(&b.young, entryOf(f))
	for b.open > b.max {
		id := s.leastWanted(f)
		if id == 0 {
			break
		}
		g := s.flows.At(id)
		g.flags |= finishedEarly
		b.open--
		b.finished++
		s.giveBack(g, f.start)
	}
	if len(b.young)+len(b.rest) > 2*b.open+1024 { // most of them are over by now
		for _, h := range []*idleHeap{&b.young, &b.rest} {
			*h = slices.DeleteFunc(*h, func(e idleEntry) bool { return s.openOf(&e) == nil })
			heap.Init(h)
		}
	}
}

// leastWanted takes the connection out that is to be finished early to make room for f; 0 if there is none.
func (s *shard) leastWanted(f *flow) int32 {
	b := &s.bound
	s.freshen(&b.young)
	s.freshen(&b.rest)
	from := &b.rest
	if len(b.young) > 0 && b.young[0].id != f.id {
		young, rest := &b.young[0], b.rest
		if len(rest) == 0 || rest[0].closing || young.last < rest[0].last || f.start-young.last > setUpWithin {
			from = &b.young
		}
	}
	if len(*from) == 0 {
		return 0
	}
	return heap.Pop(from).(idleEntry).id
}

// freshen brings the top of a heap up to date.
func (s *shard) freshen(h *idleHeap) {
	b := &s.bound
	for len(*h) > 0 {
		top := &(*h)[0]
		g := s.openOf(top)
		switch {
		case g == nil:
			heap.Pop(h)
		case h == &b.young && !g.isYoung():
			heap.Pop(h)
			heap.Push(&b.rest, entryOf(g))
		case entryOf(g) != *top:
			*top = entryOf(g)
			heap.Fix(h, 0)
		default:
			return
		}
	}
}

// openOf returns the connection of an entry; nil if it is not open any more.
func (s *shard) openOf(e *idleEntry) *flow {
	f := s.flows.At(e.id)
	if f.id == 0 || f.birth != e.birth || f.flags&entered != 0 || !f.isOpen() {
		return nil
	}
	return f
}

// recount follows a change of f that may have ended it, or shown that it goes on. was is isOpen before.
func (s *shard) recount(f *flow, was bool) {
	b := &s.bound
	is := f.isOpen()
	if b.max == 0 || is == was {
		return
	}
	if was {
		b.open--
		return
	}
	b.open++
	heap.Push(&b.rest, entryOf(f))
}
