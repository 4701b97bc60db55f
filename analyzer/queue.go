package analyzer

// queue is a list of connections, first in, first out.
type queue struct {
	ids  []int32
	next int // index of the first
}

func (q *queue) add(id int32) { q.ids = append(q.ids, id) }

func (q *queue) first() (int32, bool) {
	if q.next == len(q.ids) {
		return 0, false
	}
	return q.ids[q.next], true
}

// drop takes the first one out. The room before it is given back once it is half of all.
func (q *queue) drop() {
	if q.next++; q.next > 1024 && 2*q.next > len(q.ids) {
		q.ids = q.ids[:copy(q.ids, q.ids[q.next:])]
		q.next = 0
	}
}
