package analyzer

// queue is a list of connections, first in, first out.
type queue struct {
	turns []turn
	next  int // index of the first
}

// turn is that of a connection: its number and [place.last] when it was queued.
type turn struct {
	id   int32
	last uint32
}

func (q *queue) add(t turn) { q.turns = append(q.turns, t) }

func (q *queue) first() (turn, bool) {
	if q.next == len(q.turns) {
		return turn{}, false
	}
	return q.turns[q.next], true
}

// drop takes the first one out. The room before it is given back once it is half of all.
func (q *queue) drop() {
	if q.next++; q.next > 1024 && 2*q.next > len(q.turns) {
		q.turns = q.turns[:copy(q.turns, q.turns[q.next:])]
		q.next = 0
	}
}
