package analyzer

import "finscope/internal/decode"

// shard follows the connections whose keys hash to it. Shards share nothing, and the packets of one connection all go to
// one shard, so what they find does not depend on how many there are.
type shard struct {
	answers *answers
	seed    uint64

	table    table
	flows    flowStore
	births   births
	closings freeArena[closing]
	resets   freeArena[resets]
	pendings freeArena[pendingSYN]
	suspects freeArena[packet] // FINs outside the window: they count once something agrees with them
	odds     freeArena[oddities]
	notes    freeArena[note]
	waitLog  freeArena[waitEvents]
	reuses   freeArena[reuse]
	rules    timeWaitRules
	bound    bound
	retired  retirement

	closes  func(*flow)   // told of each connection whose close begins; nil: nobody is
	waited  func(f *flow) // told of each connection to whose TIME_WAIT something happens; nil: nobody is
	fetched int64         // means nothing: it keeps the loads of fetch from being left out

	due     int64 // when the next tick is
	entered int   // packets since the last one

	plain bool // all segments take the same way: the reference of tests

	duplicates   uint64
	badChecksums uint64

	current int32            // birth of the connection that the packet at hand belongs to
	traced  map[int32][]step // the ladders asked for, by birth; nil: none
	tracing bool             // the current connection is one of them
	why     string           // what is to be said of the packet at hand
}

func newShard(m *machine, seed uint64) *shard {
	s := &shard{answers: newAnswers(m), seed: seed}
	s.flows.closings, s.flows.resets, s.flows.odds = &s.closings, &s.resets, &s.odds
	s.resets.grow() // these two are read where there is none
	s.odds.grow()
	s.table.grow()
	return s
}

// add enters a segment. h is the hash of its key.
func (s *shard) add(p *packet, h uint64) {
	if s.entered++; p.time >= s.due || s.entered == tickPackets {
		s.tick(p.time)
	}
	sl, f, second := s.find(&p.seg, h)
	switch {
	case sl.flow == 0:
		sl.hash = uint32(h >> 32)
		s.begin(sl, p, h)
		s.table.used++
		s.table.grow()
		return
	case f == nil, s.retired.after != 0 && s.over(f, p.time):
		if !s.tooLate(sl.flow, p) {
			s.begin(sl, p, h)
		}
		return
	case f.flags&finishedEarly != 0:
		s.begin(sl, p, h)
		return
	}
	x := 0
	if second != (f.flags&flipped != 0) {
		x = 1
	}
	if s.ordinary(f, x, p) {
		return
	}
	s.watch(f)
	if f.pending != 0 || f.flags&meeting != 0 || p.seg.Flags.Has(decode.SYN) {
		if f, x = s.route(sl, x, p); f == nil {
			return
		}
		s.watch(f)
	}
	s.apply(f, x, p)
}

// A shard looks after its connections in steps of time. Where time stands still, or a wrong one has made it stand, packets
// stand for it.
const (
	tickEvery   = 1 << 26 // ns, about 67 ms
	tickPackets = 1 << 12
)

// tick packs and retires connections whose time has come.
func (s *shard) tick(now int64) {
	s.flows.sweep(now, s.entered)
	if s.retired.after != 0 {
		for s.retireNext(now) {
		}
		for s.forgetNext(now) {
		}
	}
	s.due, s.entered = now+tickEvery, 0
}

// begin starts a connection with the packet p, of which h is the hash of its key and sl the slot.
func (s *shard) begin(sl *slot, p *packet, h uint64) {
	f := s.newFlow(sl, p, s.birth(p.frame), h)
	s.watch(f)
	s.apply(f, 0, p)
}

// newFlow adds a connection to the arena and makes it the latest of its key, whose slot is sl. Its first packet p is not
// yet entered; h is the hash of its key.
func (s *shard) newFlow(sl *slot, p *packet, birth int32, h uint64) *flow {
	sl.flow = s.flows.add(birth, h)
	f := s.flows.at(sl.flow)
	k, second := keyOf(&p.seg)
	*f = flow{key: k, start: p.time, last: p.time, firstFrame: p.frame, lastFrame: p.frame, id: sl.flow, birth: birth}
	if second {
		f.flags |= flipped
	}
	if k.a == k.b && k.pa == k.pb {
		f.flags |= self
	}
	s.admit(f)
	return f
}

// find returns the slot of a segment's key, with the hash h: that of its latest connection, or a free one. f is that connection;
// nil if it has been retired, or there is none. second says that the sender is the second end of the key.
//
// Whether a connection takes packets is decided by times alone (see over): whether it has been retired by then rests on how
// many packets came in between. Of one that was, the hash stands for the key: that two of a capture agree in 64 seeded bits
// does not happen.
func (s *shard) find(seg *decode.Segment, h uint64) (sl *slot, f *flow, second bool) {
	sl = s.table.find(h, func(id int32) (same bool) {
		pl := s.flows.places.at(id)
		switch {
		case pl.hash != h:
			return false
		case pl.at == 0 || pl.entered:
			f = nil
			return true
		case pl.at > 0:
			f = s.flows.hot.at(pl.at)
		default:
			f = s.flows.unpack(id)
		}
		same, second = f.key.matches(seg)
		return same
	})
	if sl.flow == 0 {
		f = nil
	}
	return sl, f, second
}

// birth gives out the next stream number of this shard.
func (s *shard) birth(frame uint64) int32 {
	return s.births.add(frame)
}

// watch finds out whether the connection at hand is traced.
func (s *shard) watch(f *flow) {
	s.current = f.birth
	if s.traced != nil {
		_, s.tracing = s.traced[f.birth]
		s.why = ""
	}
}

// say notes for the ladder why the packet at hand matters. Callers that would have to put the words together first ask
// whether s.tracing is set.
func (s *shard) say(why string) {
	switch {
	case !s.tracing:
	case s.why == "":
		s.why = why
	default:
		s.why += "; " + why
	}
}
