package analyzer

import "finscope/internal/decode"

// Where not every connection is reported one by one, those that are not need not be kept to the end of the capture: once one
// is over and silent for so long that nothing can change what is said of it, it is entered in a book and its records are
// given back. What is left of it is a place in the table, so that a packet that comes later still is not taken for a
// connection of its own: it is counted, and changes nothing.
//
// A session, which may last for weeks, keeps no more than it has told: it forgets their places after bookSpan, and has the
// books of the last one to two bookSpans; of older ones the sums.

// retirement is that of the connections of a shard. The zero value retires none.
type retirement struct {
	after    int64            // how long a connection has to be silent once it is over, ns; 0: none is retired
	forgets  bool             // places, older books, and what gave up: a session
	only     func(*flow) bool // whether it is to be entered; nil: each is
	gave     func(*flow)      // told of each connection whose records are given back; nil: nobody is
	book     *book            // where they are entered
	older    *book            // the one before it; nil: there is none
	sums     *book            // of those before that; nil: there are none
	opened   int64            // when book was
	queue    queue            // connections that were packed and may be over, by the time of that
	graves   queue            // connections whose records were given back, by the time of that; kept if forgets is set
	late     uint64
	examples examples
	peek     struct {
		flow    flow
		sides   sides // where its side records are unpacked
		from    sides // and where they are packed
		outcome outcome
	}
}

// retireAfter is how long the last TIME_WAIT of a connection has to be over at least: a minute is what a keep-alive or a
// forgotten FIN of its peer may be late.
const retireAfter = 60e9 // ns

// bookSpan is how long a session enters connections in one book, and how long it remembers the place of one that was
// retired: the longest TIME_WAIT (RFC 9293 §3.4.2: 2 MSL of 2 minutes).
const bookSpan = 4 * 60e9 // ns

// retires makes the shard retire connections. a is what their conclusions rest on.
func (s *shard) retires(a *assumptions) {
	s.retired.after = a.timeWait + s.rules.slack + retireAfter
	s.retired.book = newBook(s, 0, a)
	s.retired.examples = examples{}
	s.flows.packs = &s.retired.queue
}

// over reports whether nothing can change what is said of f any more: it takes no more packets.
func (s *shard) over(f *flow, now int64) bool {
	return now-f.last > s.retired.after && !s.awaits(f, now) && (f.flags&ended != 0 || f.unanswered() || s.retired.forgets && f.flags&finishedEarly != 0)
}

// awaits reports whether a SYN on the addresses and ports of f may still be answered, which says more of f.
func (s *shard) awaits(f *flow, now int64) bool {
	return f.flags&met != 0 || f.pending != 0 && now-s.pendings.at(f.pending).p.time <= s.retired.after
}

// mayBeOver reports whether f is, or may come to be without another packet, what over and gaveUp ask for.
func (f *flow) mayBeOver() bool {
	return f.closing != 0 || f.flags&finishedEarly != 0 || f.unanswered()
}

// unanswered reports whether nothing but SYNs without an answer was seen of a connection. The longest pause between two
// copies of a SYN is 64 s (Linux, tcp_syn_retries 6).
func (f *flow) unanswered() bool {
	return f.closing == 0 && f.e[1].packets == 0 && f.e[0].inSYNSent() && f.flags&self == 0
}

// tooLate enters a packet of a connection that is gone. It reports whether the packet is dealt with: a SYN starts the next
// connection, and so does any packet of one that was finished early.
func (s *shard) tooLate(id int32, p *packet) bool {
	if p.seg.Flags.Has(decode.SYN) && !p.seg.Flags.Has(decode.RST) || s.flows.places.at(id).early {
		return false
	}
	s.retired.late++
	return true
}

// retireNext retires the connection that was packed first, if it is over, and reports whether it was due.
func (s *shard) retireNext(now int64) bool {
	q := &s.retired.queue
	t, ok := q.first()
	if !ok {
		return false
	}
	pl := s.flows.places.at(t.id)
	switch {
	case pl.at >= 0 || pl.entered || pl.last != t.last: // unpacked since: it is queued again when it is packed
	case now-s.flows.coarse(pl) <= s.retired.after+coarseUnit:
		return false
	default:
		if f := s.view(t.id); s.over(f, now) || s.retired.forgets && s.gaveUp(f, now) {
			s.retire(f, now)
			s.bury(f)
		}
	}
	q.drop()
	return true
}

// gaveUp reports whether both ends of f are presumed to be closed although an acknowledgment is missing: a session has told
// the end of such a connection too.
func (s *shard) gaveUp(f *flow, now int64) bool {
	if f.closing == 0 || s.awaits(f, now) || now-f.last <= s.retired.after {
		return false
	}
	o := &s.retired.peek.outcome
	*o = s.conclude(f, now)
	return o.state[0].done() && o.state[1].done()
}

// retire enters f, which is packed and at hand as a view, in the book. Its records are kept only as an example.
func (s *shard) retire(f *flow, now int64) {
	t := &s.retired
	if t.forgets && now-t.opened > bookSpan {
		s.turnBooks(now)
	}
	b := t.book
	b.trouble.end = now
	o := &t.peek.outcome
	*o = s.conclude(f, now)
	pl := s.flows.places.at(f.id)
	pl.entered = true
	if (t.only == nil || t.only(f)) && b.enter(f, o) && t.examples.wants(b.found, f.birth) {
		return
	}
	s.flows.discard(f.id, t.peek.from)
	if t.gave != nil {
		t.gave(f)
	}
	s.release(f)
}

// turnBooks opens the next book of a session.
func (s *shard) turnBooks(now int64) {
	t := &s.retired
	if t.older != nil {
		if t.sums == nil {
			t.sums = newBook(s, now, t.book.trouble.a)
		}
		t.sums.absorb(t.older)
	}
	t.older, t.opened = t.book, now
	t.book = newBook(s, now, t.older.trouble.a)
}

// bury sees to it that a session forgets the place of f, which was retired. One that nobody answered has nothing that could
// come late, and a flood of SYNs is not to take the room of connections.
func (s *shard) bury(f *flow) {
	switch t := &s.retired; {
	case !t.forgets || !s.flows.retired(f.id):
	case f.unanswered():
		s.forget(f.id)
	default:
		t.graves.add(turn{id: f.id})
	}
}

// forgetNext forgets the place of the connection whose records were given back first, once that is long ago, and reports
// whether it was.
func (s *shard) forgetNext(now int64) bool {
	t := &s.retired
	first, ok := t.graves.first()
	if !ok {
		return false
	}
	pl := s.flows.places.at(first.id)
	if now-s.flows.coarse(pl) <= t.after+bookSpan {
		return false
	}
	t.graves.drop()
	s.forget(first.id)
	return true
}

// forget gives back the place of a connection whose records were given back.
func (s *shard) forget(id int32) {
	pl := s.flows.places.at(id)
	if sl := s.table.find(pl.hash, func(i int32) bool { return i == id }); sl.flow == id {
		s.table.remove(sl)
	}
	s.flows.places.release(id)
}

// giveBack retires f in a session because too many connections are open. One that is closing is still watched.
func (s *shard) giveBack(f *flow, now int64) {
	if !s.retired.forgets || f.closing != 0 || f.flags&(met|meeting) != 0 || f.pending != 0 {
		return
	}
	id := f.id
	pl := s.flows.places.at(id)
	if pl.at > 0 {
		s.flows.packIdle(f)
	}
	pl.early = true
	if s.retire(s.view(id), now); pl.at == 0 {
		s.forget(id) // whatever comes later is a new connection, as its place would say
	}
}

// glance returns a connection to be looked at, until the next one is. If it is packed it stays so.
func (s *shard) glance(id int32) *flow {
	if at := s.flows.places.at(id).at; at > 0 {
		return s.flows.hot.at(at)
	}
	return s.view(id)
}

// view unpacks a connection to be looked at, until the next one is.
func (s *shard) view(id int32) *flow {
	v := &s.retired.peek
	if v.sides == (sides{}) {
		v.sides = s.flows.room()
	}
	v.from = s.flows.unpackTo(id, &v.flow, v.sides)
	return &v.flow
}
