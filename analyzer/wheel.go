package analyzer

// wheel has the connections of a shard by the time at which they are to be looked at next: in turns of equal length, of which
// so many lie ahead. Each connection is in it once; within a turn the order is that in which they came.
type wheel struct {
	length int64          // of a turn, ns
	now    int64          // the turn that is looked at: all before it have been
	turns  [turns][]entry // by number, modulo turns
	next   int            // index of the entry in the current turn that comes next
}

// turns is how many there are. The current one, and the one before the first in line, are not waited for.
const turns = 64

// entry is a connection by its number, which may have become another's since, and its birth, which does not.
type entry struct{ id, birth int32 }

// newWheel returns a wheel for times that lie no more than span ahead; those that do are looked at after span.
func newWheel(span int64) wheel { return wheel{length: span/(turns-2) + 1} }

// add enters a connection that is to be looked at once the time due has passed.
func (w *wheel) add(e entry, due int64) {
	at := min(max(due/w.length+1, w.now+1), w.now+turns-1)
	t := &w.turns[uint64(at)%turns]
	*t = append(*t, e)
}

// take returns the connection to be looked at next at the time now, if there is one.
func (w *wheel) take(now int64) (e entry, ok bool) {
	for {
		t := &w.turns[uint64(w.now)%turns]
		if w.next < len(*t) {
			w.next++
			return (*t)[w.next-1], true
		}
		if cap(*t) > 1024 && len(*t) < cap(*t)/4 {
			*t = nil
		}
		*t = (*t)[:0]
		w.next = 0
		if w.now >= now/w.length {
			return entry{}, false
		}
		w.now = max(w.now+1, now/w.length-turns) // what lies farther back was looked at before
	}
}

// ahead returns entries that take will return soon.
func (w *wheel) ahead() []entry {
	t := w.turns[uint64(w.now)%turns]
	return t[w.next:min(w.next+lookAhead, len(t))]
}

const lookAhead = 16
