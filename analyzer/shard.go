package analyzer

import (
	"finscope/internal/arena"
	"finscope/internal/decode"
	"finscope/internal/due"
	"finscope/reassembly"
)

// shard follows the connections whose ends hash to it. Shards share nothing, and the packets of one connection all go to
// one shard, so what they find does not depend on how many there are.
type shard struct {
	answers *answers
	seed    uint64

	table    table
	flows    arena.Free[flow]
	begun    uint64 // connections so far
	births   births
	wides    arena.Free[wideEnds]
	gaps     arena.Free[reassembly.Gaps]
	newGaps  reassembly.Gaps // room for those of a stream that has none so far
	closings arena.Free[closing]
	resets   arena.Free[resets]
	pendings map[int32]pendingSYN // by flow.id
	reusers  map[int32]int32      // index in reuses, by flow.id of the connection whose SYN met a TIME_WAIT
	suspects arena.Free[packet]   // FINs outside the window: they count once something agrees with them
	odds     arena.Free[oddities]
	rarities arena.Free[rarities]
	repeats  arena.Free[repeats]
	notes    arena.Free[note]
	waitLog  arena.Free[waitEvents]
	reuses   arena.Free[reuse]
	rules    timeWaitRules
	bound    bound
	wheel    due.Wheel[entry] // all connections, each once, each to be looked at when it may be over for long
	folder   folder
	retired  retirement

	closes  func(*flow)   // told of each connection whose close begins; nil: nobody is
	reopens func(*flow)   // told of each connection whose RST is taken back because its opening goes on
	waited  func(f *flow) // told of each connection to whose TIME_WAIT something happens; nil: nobody is
	fetched int64         // means nothing: it keeps the loads of fetch from being left out

	epoch      int64 // time of the first packet
	foldBeyond int   // how many connections that are closing or over are not folded

	due     int64 // when the next tick is
	entered int   // packets since the last one

	sawPlain    bool // a segment without SYN, FIN and RST
	sawFIN      bool
	sawBothEnds bool // a connection of which both ends sent something
	controlOnly bool // the capture is of SYN, FIN and RST only; known when a report is made
	oneWay      bool // the capture has one direction of each connection only; known when a report is made
	endInDoubt  bool // a time in the capture is so much later than its last packet that its end may be none; known when a report is made

	plain bool // all segments take the same way: where ladders are asked for, and as the reference of tests

	duplicates   uint64
	badChecksums uint64

	current int32            // birth of the connection that the packet at hand belongs to
	traced  map[int32][]step // the ladders asked for, by birth; nil: none
	tracing bool             // the current connection is one of them
	why     string           // what is to be said of the packet at hand
}

func newShard(m *machine, seed uint64) *shard {
	s := &shard{answers: newAnswers(m), seed: seed, pendings: map[int32]pendingSYN{}, reusers: map[int32]int32{}, wheel: due.NewWheel[entry](foldAfter), foldBeyond: neverFold}
	s.resets.Grow() // these are read where there is none
	s.odds.Grow()
	s.rarities.Grow()
	s.repeats.Grow()
	s.gaps.Grow()
	s.table.grow()
	return s
}

// add enters a segment. h is the hash of its ends.
func (s *shard) add(p *packet, h uint64) {
	s.pass(p.time, 1)
	if id := s.table.likely(h); id <= 0 || !s.enterKnown(s.flows.At(id), p) {
		s.enterAny(p, h)
	}
	s.foldEnded()
}

// enterKnown enters a segment that belongs to f for certain: it runs between the ends of f, is no SYN, and f has not ended. f was
// found for the segment's hash before; whatever has happened since, as long as no later connection has followed it, it is the latest
// between its ends. For any other segment it reports false and has changed nothing.
func (s *shard) enterKnown(f *flow, p *packet) bool {
	const unclear = waiting | meeting | ended | succeeded | finishedEarly | entered | folded
	seg := &p.seg
	forth, back := f.key.differences(seg)
	same, x := min(forth, back) == 0, btoi(forth != 0)
	if f.flags&wide != 0 {
		same, x = s.sender(f, seg)
	}
	if !same || f.flags&unclear != 0 || seg.Flags.Has(decode.SYN) || p.time-f.last > unclearAfter {
		return false
	}
	if !s.ordinary(f, x, p) {
		s.watch(f)
		s.apply(f, x, p)
	}
	return true
}

// unclearAfter is after what silence it takes a look whether a connection is over that has not ended, because nobody answered
// its SYN. Any time that is shorter than retirement.after will do. ns.
const unclearAfter = retireAfter

// enterAny enters a segment of any kind.
func (s *shard) enterAny(p *packet, h uint64) {
	sl, f, x := s.find(&p.seg, h)
	if s.lost(f, p.time) {
		s.addFirst(sl, f, p, h)
		return
	}
	s.watch(f)
	if f.flags&(waiting|meeting) != 0 || p.seg.Flags.Has(decode.SYN) {
		if f, x = s.route(sl, x, p); f == nil {
			return
		}
		s.watch(f)
	}
	s.apply(f, x, p)
}

// lost reports whether nothing that comes now is of f any more, which may be nil: it is over, or was finished early.
func (s *shard) lost(f *flow, now int64) bool {
	return f == nil || f.flags&(entered|finishedEarly) != 0 || now-f.last > s.retired.after && s.retired.after != 0 && s.over(f, now)
}

// addFirst enters a packet for which there is no connection that takes it: f is over, or was finished early, or nil; sl is
// the slot of the ends, with the hash h.
func (s *shard) addFirst(sl *slot, f *flow, p *packet, h uint64) {
	if sl.flow == 0 {
		sl.hash = h
		s.begin(sl, p)
		s.table.used++
		s.table.grow()
		return
	}
	early := sl.flow == goneEarly
	if f != nil {
		early = f.flags&finishedEarly != 0
	}
	if !s.tooLate(early, p) {
		s.begin(sl, p)
	}
}

// A shard looks after its connections in steps of time. Where time stands still, or a wrong one has made it stand, packets
// stand for it.
const (
	tickEvery   = 1 << 26 // ns, about 67 ms
	tickPackets = 1 << 12
)

// pass notes that packets are entered, of which the first came at the time now.
func (s *shard) pass(now int64, packets int) {
	if s.entered += packets; now >= s.due || s.entered >= tickPackets {
		s.tick(now)
	}
}

// tick retires and folds connections whose time has come.
func (s *shard) tick(now int64) {
	if s.epoch == 0 {
		s.epoch = now
	}
	s.lookAround(now, s.entered)
	s.due, s.entered = now+tickEvery, 0
}

// begin starts a connection with the packet p, of whose ends sl is the slot.
func (s *shard) begin(sl *slot, p *packet) {
	f := s.newFlow(sl, p, s.births.add(p.frame))
	s.watch(f)
	s.apply(f, 0, p)
}

// newFlow adds a connection to the arena and makes it the latest between its ends, whose slot is sl. Its first packet p is
// not yet entered.
func (s *shard) newFlow(sl *slot, p *packet, birth int32) *flow {
	if sl.flow > 0 {
		s.flows.At(sl.flow).flags |= succeeded
	}
	id := s.flows.Add()
	s.begun++
	sl.flow = id
	f := s.flows.At(id)
	f.start, f.last, f.firstFrame, f.lastFrame, f.id, f.birth = p.time, p.time, p.frame, p.frame, id, birth
	s.setEnds(f, endsOf(&p.seg))
	s.wheel.Add(entry{id, birth}, s.nextLook(p.time, p.time))
	s.admit(f)
	return f
}

// find returns the slot of a segment's ends, with the hash h: that of the latest connection between them, or a free one. f is
// that connection, unfolded; nil if it is gone, or there is none. x is its endpoint that sent the segment.
func (s *shard) find(seg *decode.Segment, h uint64) (sl *slot, f *flow, x int) {
	sl = s.table.find(h, func(id int32) (same bool) {
		f = s.flows.At(id)
		same, x = s.sender(f, seg)
		return same
	})
	if sl.flow <= 0 {
		return sl, nil, 0
	}
	if f.flags&folded != 0 {
		s.unfold(f)
		if s.retired.after == 0 { // it was not to be looked at any more
			s.wheel.Add(entry{f.id, f.birth}, f.last+foldAfter)
		}
	}
	return sl, f, x
}

// slotOf returns the slot of f, if no later connection has it; otherwise another one.
func (s *shard) slotOf(f *flow) *slot {
	k := s.ends(f)
	return s.table.find(k.hash(s.seed), func(id int32) bool { return id == f.id })
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
	if s.tracing {
		s.append(why)
	}
}

func (s *shard) append(why string) {
	if s.why != "" {
		why = s.why + "; " + why
	}
	s.why = why
}
