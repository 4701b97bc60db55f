package analyzer

import "finscope/internal/arena"

// wheel has the connections of a shard by the time at which they are to be looked at next: in turns of equal length, of which
// so many lie ahead. Each connection is in it once; within a turn the order is that in which they came.
type wheel struct {
	length int64 // of a turn, ns
	now    int64 // the turn that is looked at: all before it have been
	turns  [turns]turn
	pages  arena.Free[entries]
}

// turns is how many there are. The current one, and the one before the first in line, are not waited for.
const turns = 256

// turn is a list of entries, on pages: a turn has some dozens of connections or some ten thousands, and pages are used again,
// where slices would leave several times their size as garbage.
type turn struct{ first, last int32 } // indices in wheel.pages; 0: it has none

// entries is a page of a turn.
type entries struct {
	next int32 // index in wheel.pages
	n    int32
	all  [15]entry
}

// entry is a connection by its number, which may have become another's since, and its birth, which does not.
type entry struct{ id, birth int32 }

// newWheel returns a wheel for times that lie no more than span ahead; those that do are looked at after span.
func newWheel(span int64) wheel { return wheel{length: span/(turns-2) + 1} }

// add enters a connection that is to be looked at once the time due has passed.
func (w *wheel) add(e entry, due int64) {
	at := min(max(due/w.length+1, w.now+1), w.now+turns-1)
	t := &w.turns[uint64(at)%turns]
	if t.last == 0 || w.pages.At(t.last).n == int32(len(entries{}.all)) {
		i := w.pages.Add()
		if t.last == 0 {
			t.first = i
		} else {
			w.pages.At(t.last).next = i
		}
		t.last = i
	}
	p := w.pages.At(t.last)
	p.all[p.n] = e
	p.n++
}

// take returns a page of connections to be looked at at the time now, without entries if there are none.
func (w *wheel) take(now int64) (p entries) {
	if turn := now / w.length; turn < w.now-turns {
		w.now = turn // a wrong time had moved it on: whatever is in it is looked at within a round
	}
	for {
		t := &w.turns[uint64(w.now)%turns]
		if i := t.first; i != 0 {
			p = *w.pages.At(i)
			t.first = p.next
			w.pages.Release(i)
			return p
		}
		*t = turn{}
		if w.now >= now/w.length {
			return p
		}
		w.now = max(w.now+1, now/w.length-turns) // what lies farther back was looked at before
	}
}
