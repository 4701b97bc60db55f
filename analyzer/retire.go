package analyzer

import "finscope/internal/decode"

// Where only connections with findings are reported one by one, the others need not be kept to the end of the capture:
// once one is over and silent for so long that nothing can change what is said of it, it is entered in a book and its
// records are given back. What is left of it is a place in the table, so that a packet that comes later still is not taken
// for a connection of its own: it is counted, and changes nothing.

// retirement is that of the connections of a shard. The zero value retires none.
type retirement struct {
	after int64 // how long a connection has to be silent once it is over, ns; 0: none is retired
	book  *book // where they are entered
	queue queue // connections that were packed, by the time of that
	late  uint64
	peek  struct {
		flow         flow
		closing, odd int32
		outcome      outcome
	}
}

// retireAfter is how long the last TIME_WAIT of a connection has to be over at least: a minute is what a keep-alive or a
// forgotten FIN of its peer may be late.
const retireAfter = 60e9 // ns

// retires makes the shard retire connections. a is what their conclusions rest on.
func (s *shard) retires(a *assumptions) {
	s.retired.after = a.timeWait + s.rules.slack + retireAfter
	s.retired.book = newBook(s, 0, a)
	s.flows.packs = &s.retired.queue
}

// gone reports whether connection id takes no more packets at a time because it is over for so long. It is decided by
// times alone: whether its records have been given back by then rests on how many packets came in between.
func (s *shard) gone(id int32, now int64) bool {
	if s.retired.after == 0 {
		return false
	}
	pl := s.flows.places.at(id)
	switch {
	case pl.entered:
		return true
	case pl.at > 0:
		return s.over(s.flows.hot.at(pl.at), now)
	case now < s.flows.coarse(pl)+s.retired.after: // cannot be due
		return false
	}
	f := s.view(id)
	if !s.over(f, now) {
		return false
	}
	s.retire(f, now)
	return true
}

// over reports whether nothing can change what is said of f any more.
func (s *shard) over(f *flow, now int64) bool {
	return f.flags&ended != 0 && f.flags&(met|meeting) == 0 && f.pending == 0 && now-f.last > s.retired.after
}

// tooLate enters a packet of a connection that is gone. It reports whether the packet is dealt with: a SYN starts the next
// connection.
func (s *shard) tooLate(p *packet) bool {
	if p.seg.Flags.Has(decode.SYN) && !p.seg.Flags.Has(decode.RST) {
		return false
	}
	s.retired.late++
	return true
}

// retireNext retires the connection that was packed first, if it is due and over. It is called with every packet.
func (s *shard) retireNext(now int64) {
	q := &s.retired.queue
	id, ok := q.first()
	if !ok {
		return
	}
	pl := s.flows.places.at(id)
	switch {
	case pl.at >= 0 || pl.entered: // unpacked since: it will be queued again
	case now-s.flows.coarse(pl) <= s.retired.after+coarseUnit:
		return
	default:
		if f := s.view(id); s.over(f, now) {
			s.retire(f, now)
		}
	}
	q.drop()
}

// retire enters f, which is packed and at hand as a view, in the book. Its records are kept only if it has findings.
func (s *shard) retire(f *flow, now int64) {
	b := s.retired.book
	b.end, b.trouble.end = now, now
	o := &s.retired.peek.outcome
	*o = s.conclude(f, now)
	pl := s.flows.places.at(f.id)
	pl.entered = true
	if b.enter(f, o) {
		return
	}
	s.flows.discard(f)
	if f.closing != 0 {
		for x := range o.c.timeWait {
			if more := o.c.timeWait[x].more; more != 0 {
				s.waitLog.release(more)
			}
		}
	}
}

// view unpacks a connection to be looked at, until the next one is.
func (s *shard) view(id int32) *flow {
	v := &s.retired.peek
	if v.closing == 0 {
		v.closing, v.odd = s.closings.add(), s.odds.add()
	}
	s.flows.unpackTo(id, &v.flow, v.closing, v.odd)
	return &v.flow
}

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
