package analyzer

import (
	"finscope/internal/decode"
	"finscope/internal/due"
)

// Where not every connection is reported one by one, those that are not need not be kept to the end of the capture: once one
// is over and silent for so long that nothing can change what is said of it, it is entered in a book and its records are
// given back. What is left of it is its slot in the table, so that a packet that comes later still is not taken for a
// connection of its own: it is counted, and changes nothing.
//
// A session, which may last for weeks, keeps no more than it has told: it forgets their slots after bookSpan, and has the
// books of the last one to two bookSpans; of older ones the sums.

// retirement is that of the connections of a shard. The zero value retires none.
type retirement struct {
	after    int64            // how long a connection has to be silent once it is over, ns; 0: none is retired
	forgets  bool             // slots, older books, and what gave up: a session
	only     func(*flow) bool // whether it is to be entered; nil: each is
	untold   func(*flow) bool // whether its end is still to be told, for which its records are needed; set if forgets is
	gave     func(*flow)      // told of each connection whose records are given back; nil: nobody is
	book     *book            // where they are entered
	older    *book            // the one before it; nil: there is none
	sums     *book            // of those before that; nil: there are none
	opened   int64            // when book was
	graves   graves           // slots of those that are gone, by the time when they went; kept if forgets is set
	late     uint64
	examples examples
	outcome  outcome // room for one
}

// retireAfter is how long the last TIME_WAIT of a connection has to be over at least: a minute is what a keep-alive or a
// forgotten FIN of its peer may be late.
const retireAfter = 60e9 // ns

// bookSpan is how long a session enters connections in one book, and how long it remembers the slot of one that was
// retired: the longest TIME_WAIT (RFC 9293 §3.4.2: 2 MSL of 2 minutes).
const bookSpan = 4 * 60e9 // ns

// retires makes the shard retire connections. a is what their conclusions rest on.
func (s *shard) retires(a *assumptions) {
	s.retired.after = a.timeWait + s.rules.slack + retireAfter
	s.retired.book = newBook(s, 0, a)
	s.retired.examples = examples{}
	s.wheel = due.NewWheel[entry](s.retired.after)
}

// over reports whether nothing can change what is said of f any more: it takes no more packets.
func (s *shard) over(f *flow, now int64) bool {
	return now-f.last > s.retired.after && !s.awaits(f, now) && (f.flags&ended != 0 || f.unanswered() || s.retired.forgets && f.flags&finishedEarly != 0)
}

// awaits reports whether a SYN on the addresses and ports of f may still be answered, which says more of f.
func (s *shard) awaits(f *flow, now int64) bool {
	if f.flags&waiting != 0 {
		if w := s.pendings[f.id]; now-w.p.time <= s.retired.after {
			return true
		}
	}
	return f.flags&met != 0
}

// unanswered reports whether nothing but SYNs without an answer was seen of a connection. The longest pause between two
// copies of a SYN is 64 s (Linux, tcp_syn_retries 6).
func (f *flow) unanswered() bool {
	return f.flags&folded == 0 && f.closing == 0 && f.e[1].packets == 0 && f.e[0].inSYNSent() && f.flags&self == 0
}

// tooLate enters a packet of a connection that is gone; early says that it had been finished early. It reports whether the
// packet is dealt with: a SYN starts the next connection, and so does any packet of one that was finished early.
func (s *shard) tooLate(early bool, p *packet) bool {
	if p.seg.Flags.Has(decode.SYN) && !p.seg.Flags.Has(decode.RST) || early {
		return false
	}
	s.retired.late++
	return true
}

// nextLook returns when a connection of which the latest packet came at the time last is to be looked at after now: when it may
// be over, or folded if none is retired, and now and then if it is not.
func (s *shard) nextLook(last, now int64) int64 {
	after := s.retired.after
	if after == 0 {
		after = foldAfter
	}
	if last+after > now {
		return last + after
	}
	return now + after
}

// entry is a connection by its number, which may have become another's since, and its birth, which does not.
type entry struct{ id, birth int32 }

// lookAround looks at connections whose turn has come, and retires or folds them. How many it looks at is bounded by the
// packets that came, also where time jumps to and fro; when it is done shows nowhere.
func (s *shard) lookAround(now int64, packets int) {
	for n := 4*packets + due.Turns; n > 0; {
		p := s.wheel.Take(now)
		all := p.All()
		if len(all) == 0 {
			break
		}
		s.fetchOver(all, now)
		for _, e := range all {
			s.lookAt(e, now)
		}
		n -= len(all)
	}
	for s.retired.forgets && s.forgetNext(now) {
	}
}

// lookAt looks at one.
func (s *shard) lookAt(e entry, now int64) {
	t := &s.retired
	f := s.still(e)
	if f == nil {
		return
	}
	if t.after != 0 && (s.over(f, now) || t.forgets && !t.untold(f) && s.gaveUp(f, now)) {
		if f.flags&folded != 0 {
			s.unfold(f)
		}
		s.retire(f, now)
		return
	}
	if s.crowded() && s.mayFold(f, now) {
		s.fold(f)
	}
	if t.after != 0 || f.flags&folded == 0 {
		s.wheel.Add(e, s.nextLook(f.last, now))
	}
}

// still returns the connection of an entry whose turn has come, nil if it is retired or another one by now. It may be folded.
func (s *shard) still(e entry) *flow {
	f := s.flows.At(e.id)
	if f.id == 0 || f.birth != e.birth || f.flags&entered != 0 {
		return nil
	}
	return f
}

// gaveUp reports whether both ends of f are presumed to be closed although an acknowledgment is missing: a session has told
// the end of such a connection too.
func (s *shard) gaveUp(f *flow, now int64) bool {
	if f.closing == 0 || s.awaits(f, now) || now-f.last <= s.retired.after {
		return false
	}
	o := &s.retired.outcome
	s.concludeTo(o, f, now)
	return o.state[0].done() && o.state[1].done()
}

// retire enters f in the book. Its records are kept only as an example.
func (s *shard) retire(f *flow, now int64) {
	t := &s.retired
	if t.forgets && now-t.opened > bookSpan {
		s.turnBooks(now)
	}
	b := t.book
	b.trouble.end = now
	o := &t.outcome
	s.concludeTo(o, f, now)
	if (t.only == nil || t.only(f)) && b.enter(f, o) && t.examples.wants(b.found, f.birth) {
		f.flags |= entered
		return
	}
	if t.gave != nil {
		t.gave(f)
	}
	s.bury(f)
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

// bury marks the slot of f, whose records are given back, if no later connection has it. In a session it goes too: at once if
// nobody answered f, as such a one has nothing that could come late, and a flood of SYNs is not to take the room of
// connections; or if f was finished early, as whatever comes later is a new connection; otherwise after bookSpan.
func (s *shard) bury(f *flow) {
	sl := s.slotOf(f)
	if sl.flow != f.id {
		return
	}
	early := f.flags&finishedEarly != 0
	if s.retired.forgets && (early || f.unanswered()) {
		s.table.remove(sl)
		return
	}
	sl.flow, sl.last = gone, s.coarse(f.last)
	if early {
		sl.flow = goneEarly
	}
	if s.retired.forgets {
		s.retired.graves.add(grave{sl.hash, sl.last})
	}
}

// giveBack retires f in a session because too many connections are open. One that is closing is still watched.
func (s *shard) giveBack(f *flow, now int64) {
	if !s.retired.forgets || f.closing != 0 || f.flags&(met|meeting|waiting) != 0 {
		return
	}
	s.retire(f, now)
}
