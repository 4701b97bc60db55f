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
// TIME_WAIT rests on connections that ended in the last 4 to 8 minutes, or live; an address and port that did nothing but
// refuse, or did not answer, is no service any more after that. It is for one goroutine.
type Session struct {
	run     *run
	name    string
	dropped uint64
	behind  bool // the latest time that Advance was told is that of a clock that was set back, if the next one is too
	packet  packet

	watched []watched
	told    map[int32]uint64 // by birth: the connection's latest frame when its end was told

	waits   *runningWaits
	changed []entry // connections to whose TIME_WAIT something happened
	hangs   *hangingCloses
	stuck   int // connections of which it was told
}

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
	sh.closes = s.watch
	sh.reopens = s.watchAgain
	a := r.assumptions(0)
	sh.retires(&a)
	sh.retired.forgets = true
	sh.foldBeyond = neverFold
	sh.retired.untold = func(f *flow) bool { _, told := s.told[f.birth]; return !told }
	sh.retired.gave = func(f *flow) { delete(s.told, f.birth) }
	if opts.Only != nil {
		sh.retired.only = func(f *flow) bool { return opts.Only(sh.record(f, int(f.birth), r.end, s.assumptions())) }
	}
	sh.waited = func(f *flow) { s.changed = append(s.changed, entry{f.id, f.birth}) }
	return s, nil
}

// watch takes up a connection whose close begins.
func (s *Session) watch(f *flow) {
	s.watched = append(s.watched, watched{flow: f.id, birth: f.birth})
}

// watchAgain takes up a connection whose end may have been told, and which goes on.
func (s *Session) watchAgain(f *flow) {
	delete(s.told, f.birth)
	if !slices.ContainsFunc(s.watched, func(w watched) bool { return w.flow == f.id && w.birth == f.birth }) {
		s.watch(f)
	}
}

// Add enters the next packet. It returns an error only if Options.Packet does.
func (s *Session) Add(p *capture.Packet) error {
	return s.run.add(p, &s.packet)
}

// SetDropped says how many packets the kernel and the interface lost so far.
func (s *Session) SetDropped(n uint64) { s.dropped = n }

// Packets returns how many packets were added.
func (s *Session) Packets() uint64 { return s.run.frames }

// ClockStep is by how much a clock may be behind the latest packet, which another clock may have stamped, before it was set back.
const ClockStep = 10 * time.Second

// Advance moves the time on and tells what has happened since. An earlier now than that of the latest packet stands for the
// latter; only if it is 10 s earlier or more, twice in a row, was the clock set back, and time goes on from there. An error of
// tell ends it and is returned; what was not told then is told next time.
func (s *Session) Advance(now time.Time, tell func(Event) error) error {
	r := s.run
	if t := now.UnixNano(); t > r.end-int64(ClockStep) {
		r.end, s.behind = max(r.end, t), false
	} else if s.behind {
		r.end, s.behind = t, false
	} else {
		s.behind = true
		return nil
	}
	r.latest = r.end
	r.seeWhole()
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
		f := sh.flows.At(c.id)
		if !s.waits.has(int(c.birth)) || f.id == 0 || f.birth != c.birth {
			continue
		}
		s.waits.set(sh.record(f, int(c.birth), s.run.end, s.assumptions()), s.run.end)
	}
	s.changed = s.changed[:0]
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
		Packets: s.run.frames, TCPPackets: s.run.tcp, Flows: sh.begun, FinishedEarly: sh.bound.finished,
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
