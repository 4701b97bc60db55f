package analyzer

import (
	"slices"
	"time"
)

// watched is a connection whose close has begun and whose end has not been told.
type watched struct {
	flow  int32 // its number, and birth
	birth int32
	due   int64  // when to look again
	check int64  // when to conclude again although nothing has arrived since frame
	frame uint64 // the latest one when it was concluded on
	stuck bool   // this has been told
}

// settling is how long nothing has to come, once a connection has ended, until its end is told: copies of the last packets
// may be on their way, and a RST is judged by what follows it. A second is five of Linux' shortest retransmission timers.
const settling = int64(time.Second)

// The times between looks at a watched connection: from a tenth of a second, growing with the age of its state, to half a
// second, as "within a second" is what alerts promise. One for which nothing arrives changes when silence shows that its last
// FIN must have been acknowledged, after seconds, or when its kernel must have given up: conclusions are drawn ever more rarely.
const (
	lookFirst  = 100 * int64(time.Millisecond)
	lookLast   = 500 * int64(time.Millisecond)
	checkEvery = 10 * int64(time.Second)
)

// look finds out what there is to tell of a connection, and whether that is its end.
func (s *Session) look(w *watched, tell func(Event) error) (gone bool, err error) {
	r, sh := s.run, s.run.shards[0]
	f := sh.flows.At(w.flow)
	if f.id == 0 || f.birth != w.birth {
		if w.stuck {
			s.stuck--
		}
		return true, nil // its records were given back
	}
	if sh.hasEnded(f) || f.flags&finishedEarly != 0 {
		if w.stuck {
			if err := s.tell(EventStuckOver, f, tell); err != nil {
				return false, err
			}
			w.stuck = false
		}
		if w.due = f.last + settling; r.end < w.due {
			return false, nil
		}
		return true, s.tell(EventClosed, f, tell)
	}
	age, limit := r.end-f.stateSince(), int64(r.assumed.StuckAfter.Duration())
	w.due = r.end + min(max(age/8, lookFirst), lookLast)
	if age < min(limit, settling) || w.frame == f.lastFrame && r.end < w.check {
		if w.check > r.end {
			w.due = min(w.due, w.check)
		}
		return false, nil
	}
	w.frame, w.check = f.lastFrame, r.end+min(max(age/2, settling), checkEvery)
	for _, t := range []int64{f.e[0].stateSince, f.e[1].stateSince, f.last} { // from when on it may count as stuck
		if t += limit; t > r.end {
			w.check = min(w.check, t)
		}
	}
	w.due = min(w.due, w.check)
	o := sh.conclude(f, r.end)
	gone = o.state[0].done() && o.state[1].done() // one side gave up
	stuck := !gone && slices.ContainsFunc(sh.kinds(nil, f, &o, r.end, s.assumptions()), func(k kind) bool { return IsStuck(k.code) })
	if stuck != w.stuck {
		kind := EventStuck
		if !stuck {
			kind = EventStuckOver
		}
		if err := s.tell(kind, f, tell); err != nil {
			return false, err
		}
		w.stuck = stuck
	}
	if !gone {
		return false, nil
	}
	return true, s.tell(EventClosed, f, tell)
}

// hasEnded reports whether a connection has ended: its endpoints owe each other nothing, a RST counted, or another connection
// took over its addresses and ports.
func (s *shard) hasEnded(f *flow) bool {
	return f.flags&(ended|replaced) != 0 || s.resets.At(s.closings.At(f.closing).resets).rst.accepted
}

// stateSince returns when either endpoint last changed its state, the earlier one: nothing can be stuck for longer.
func (f *flow) stateSince() int64 { return min(f.e[0].stateSince, f.e[1].stateSince) }

// IsStuck reports whether a finding code says that a close hangs: what EventStuck is about.
func IsStuck(c Code) bool {
	switch c {
	case FinWait1Stuck, FinWait2Stuck, ClosingStuck, LastAckStuck, CloseWaitStuck:
		return true
	}
	return false
}

func (s *Session) tell(kind EventKind, f *flow, tell func(Event) error) error {
	stream := int(f.birth) // with one shard births and streams are the same
	rec := s.run.shards[0].record(f, stream, s.run.end, s.assumptions())
	if err := tell(Event{Kind: kind, Time: at(s.run.end), Flow: rec}); err != nil {
		return err
	}
	switch kind {
	case EventStuck:
		s.stuck++
		s.hangs.begin(rec)
	case EventStuckOver:
		s.stuck--
		s.hangs.end(rec, s.run.end)
	case EventClosed:
		s.waits.set(rec, s.run.end)
		s.told[f.birth] = f.lastFrame
	}
	return nil
}

// Told reports whether the end of a connection was told and nothing has arrived for it since.
func (s *Session) Told(f *Flow) bool {
	frame, ok := s.told[int32(f.Stream)]
	return ok && frame == f.LastFrame
}
