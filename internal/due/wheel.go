// Package due keeps very many things by the time at which each is to be looked at next. Times are in ns. Nothing here knows of
// packets.
package due

import "finscope/internal/arena"

// Wheel has entries by the time at which they are due: in turns of equal length, of which so many lie ahead. Within a turn the
// order is that in which they came. What it costs to add one and to take it does not depend on how many there are.
type Wheel[E any] struct {
	length int64 // of a turn, ns
	now    int64 // the turn that is looked at: all before it have been
	turns  [Turns]turn
	pages  arena.Free[Page[E]]
}

// Turns is how many there are. The current one, and the one before the first in line, are not waited for.
const Turns = 256

// turn is a list of entries, on pages: a turn has some dozens of entries or some ten thousands, and pages are used again, where
// slices would leave several times their size as garbage.
type turn struct{ first, last int32 } // indices in Wheel.pages; 0: it has none

// Page is some entries that are due.
type Page[E any] struct {
	next int32 // index in Wheel.pages
	n    int32
	all  [15]E
}

// All returns the entries of a page.
func (p *Page[E]) All() []E { return p.all[:p.n] }

// NewWheel returns a wheel for times that lie no more than span ns ahead; those that do are due after span.
func NewWheel[E any](span int64) Wheel[E] { return Wheel[E]{length: span/(Turns-2) + 1} }

// Add enters what is due once the time at has passed.
func (w *Wheel[E]) Add(e E, at int64) {
	in := min(max(at/w.length+1, w.now+1), w.now+Turns-1)
	t := &w.turns[uint64(in)%Turns]
	if t.last == 0 || w.pages.At(t.last).n == int32(len(Page[E]{}.all)) {
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

// Take removes some of what is due at the time now, and returns it; an empty page if nothing is.
func (w *Wheel[E]) Take(now int64) (p Page[E]) {
	if turn := now / w.length; turn < w.now-Turns {
		w.now = turn // a wrong time had moved it on: whatever is in it is looked at within a round
	}
	for {
		t := &w.turns[uint64(w.now)%Turns]
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
		w.now = max(w.now+1, now/w.length-Turns) // what lies farther back was looked at before
	}
}

// Octets returns how much memory the entries take, with the room for more.
func (w *Wheel[E]) Octets() int { return w.pages.Octets() }
