package analyzer

import (
	"iter"
	"net/netip"
	"slices"
	"time"

	"finscope/internal/capture"
)

// Session analyses packets while they are captured. Packets take the same way as those of [ReadFiles], and a report can be
// made at any time: it changes nothing.
//
// Besides, a session says what happens when it happens. Advance moves its time on, to that of the wall clock where no
// packet does, and tells which connections have ended, which became stuck, and which are stuck no longer; whose ports are
// taken by TIME_WAITs, and who leaks sockets. Only connections with a FIN or a RST are looked at for this, each when
// something may be due, so that the others and the packets cost nothing.
//
// A session forgets connections that are over: their records are given back two minutes after the last packet, when their
// ends have been told. In its reports the counts are those from the beginning; what is said of services, hosts and
// TIME_WAIT rests on connections that ended in the last 10 to 20 minutes, or live. It is for one goroutine.
type Session struct {
	run     *run
	name    string
	dropped uint64
	packet  packet

	watched []watched
	told    map[int32]uint64 // by birth: the connection's latest frame when its end was told

	waits   *runningWaits
	changed []flowAt // connections to whose TIME_WAIT something happened
	hangs   *hangingCloses
	stuck   int // connections of which it was told
}

// flowAt is a connection by its number, which may have become another's since, and its birth, which does not.
type flowAt struct{ id, birth int32 }

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

// NewSession begins an analysis of what is captured on the named interface. Of the options, Jobs, Filter, Count, Duration and
// Progress have no meaning here: who captures decides about them.
func NewSession(name string, opts Options) (*Session, error) {
	opts.Jobs, opts.Filter = 1, "" // a shard of its own would have to be stopped for every look at its connections
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	s := &Session{run: r, name: name, told: map[int32]uint64{}, waits: newRunningWaits(r.assumed.PortRange), hangs: newHangingCloses()}
	sh := r.shards[0]
	sh.closes = func(f *flow) { s.watched = append(s.watched, watched{flow: f.id, birth: f.birth}) }
	a := r.assumptions(0)
	sh.retires(&a)
	sh.retired.forgets = true
	sh.retired.gave = func(f *flow) { delete(s.told, f.birth) }
	if opts.Only != nil {
		sh.retired.only = func(f *flow) bool { return opts.Only(sh.record(f, int(f.birth), r.end, s.assumptions())) }
	}
	sh.waited = func(f *flow) { s.changed = append(s.changed, flowAt{f.id, f.birth}) }
	return s, nil
}

// Add enters the next packet. It returns an error only if Options.Packet does.
func (s *Session) Add(p *capture.Packet) error {
	if st := &s.run.shards[0].flows; st.read {
		st.resume()
	}
	return s.run.add(p, &s.packet)
}

// SetDropped says how many packets the kernel and the interface lost so far.
func (s *Session) SetDropped(n uint64) { s.dropped = n }

// Packets returns how many packets were added.
func (s *Session) Packets() uint64 { return s.run.frames }

// Advance moves the time on and tells what has happened since. Time never goes back: an earlier now than that of the
// latest packet stands for the latter. An error of tell ends it and is returned; what was not told then is told next time.
func (s *Session) Advance(now time.Time, tell func(Event) error) error {
	r := s.run
	r.end = max(r.end, now.UnixNano())
	r.shards[0].flows.read = true // until the next packet
	s.waits.expire(r.end)
	s.lookAtWaits()
	for i := 0; i < len(s.watched); {
		if r.end < s.watched[i].due {
			i++
			continue
		}
		gone, err := s.look(&s.watched[i], tell)
		if err != nil {
			return err
		}
		if !gone {
			i++
			continue
		}
		last := len(s.watched) - 1
		s.watched[i] = s.watched[last]
		s.watched[last] = watched{}
		s.watched = s.watched[:last]
	}
	if err := s.waits.tell(func(kind EventKind, use *PortUse) error {
		return tell(Event{Kind: kind, Time: at(r.end), Ports: use})
	}); err != nil {
		return err
	}
	return s.hangs.tell(r.end, func(kind EventKind, leak *Leak) error {
		return tell(Event{Kind: kind, Time: at(r.end), Leak: leak})
	})
}

// lookAtWaits counts the TIME_WAITs anew to which something happened since they were counted.
func (s *Session) lookAtWaits() {
	sh := s.run.shards[0]
	for _, c := range s.changed {
		if !s.waits.has(int(c.birth)) || sh.flows.places.at(c.id).birth != c.birth || sh.flows.retired(c.id) {
			continue
		}
		s.waits.set(sh.record(sh.flows.at(c.id), int(c.birth), s.run.end, s.assumptions()), s.run.end)
	}
	s.changed = s.changed[:0]
}

// look finds out what there is to tell of a connection, and whether that is its end.
func (s *Session) look(w *watched, tell func(Event) error) (gone bool, err error) {
	r, sh := s.run, s.run.shards[0]
	if pl := sh.flows.places.at(w.flow); pl.birth != w.birth || pl.at == 0 {
		if w.stuck {
			s.stuck--
		}
		return true, nil // it was finished early, to make room
	}
	if w.stuck && r.end < w.check && sh.flows.idle(w.flow) {
		w.due = r.end + lookLast
		return false, nil
	}
	f := sh.flows.at(w.flow)
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
	stuck := !gone && slices.ContainsFunc(sh.kinds(f, &o, r.end, s.assumptions()), func(k kind) bool { return IsStuck(k.code) })
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
	return f.flags&(ended|replaced) != 0 || s.closings.at(f.closing).rst.accepted
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

func (s *Session) assumptions() *assumptions {
	a := s.run.assumptions(s.dropped)
	return &a
}

// Counts is where a session stands.
type Counts struct {
	Packets, TCPPackets uint64
	Flows               uint64 // connections so far
	FinishedEarly       uint64 // of them cut short by Options.MaxFlows
	Closing             int    // whose close has begun and whose end has not been told
	Stuck               int    // of those, the ones told to be stuck
	TimeWait            int    // TIME_WAITs that run
}

// Counts returns where the session stands. It costs the same however much there is.
func (s *Session) Counts() Counts {
	sh := s.run.shards[0]
	return Counts{
		Packets: s.run.frames, TCPPackets: s.run.tcp, Flows: sh.flows.added, FinishedEarly: sh.bound.finished,
		Closing: len(s.watched), Stuck: s.stuck, TimeWait: len(s.waits.running),
	}
}

// HeldNow is how many TIME_WAITs of a service run, by who holds them.
type HeldNow struct{ Client, Server int }

// TimeWaits yields the services of which TIME_WAITs run, in no order. The session must not be used meanwhile.
func (s *Session) TimeWaits() iter.Seq2[netip.AddrPort, HeldNow] {
	return func(yield func(netip.AddrPort, HeldNow) bool) {
		for at, n := range s.waits.services {
			if !yield(at.addrPort(), HeldNow{int(n.client), int(n.server)}) {
				return
			}
		}
	}
}

// PortPressure yields the ranges of local ports of which TIME_WAITs take a tenth or more, in no order. The session must not
// be used meanwhile.
func (s *Session) PortPressure() iter.Seq[PortUse] { return s.waits.pressure() }

// Report makes the report of what was captured so far.
func (s *Session) Report() *Report { return s.run.report([]string{s.name}, s.dropped, nil) }
