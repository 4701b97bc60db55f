package analyzer

import (
	"slices"

	"finscope/internal/arena"
	"finscope/internal/decode"
	"finscope/internal/timeline"
)

// survey is what one look at all connections of a service finds.
type survey struct {
	client, server *timeline.Course // TIME_WAITs, by who holds them
	waits          []serverWait     // those of the server
	reserved       []hold           // those of its clients on reserved ports, which are not ordinary ones
	many           holderCounts     // of its clients on ordinary ports; nil: there are too few of them to matter

	met   sightings    // of the hosts that are watched
	own   *watchedHost // that of the service; nil: it is not watched
	ofOwn *sighting

	refused  []timeline.Incident // SYNs that it refused, by stream
	accepted *timeline.NextAfter // when it accepted a SYN, of moments just before those: nil if there are none
	latest   int64               // when it accepted the last one
	gone     []int64             // by the same moments: when the last TIME_WAIT of the server ends that had begun
}

// survey looks at all connections of a service. t is what is known of its troubles; nil: there were none. w are the hosts that
// are watched; nil: none are.
func (l *ledger) survey(acc *account, t *troubled, w *watch) *survey {
	s := &survey{client: timeline.NewCourse(l.end, acc.held[0]), server: timeline.NewCourse(l.end, acc.held[1]), latest: -timeline.Never}
	s.waits = arena.NewBlock[serverWait](acc.held[1])[:0]
	if l.ports.pressed(acc.held[0]) {
		s.many = make(holderCounts, holderParts)
	}
	s.takeRefused(acc, t)
	if w != nil {
		s.met = sightings{}
		if i, ok := w.find(decode.AddrFrom(acc.at.Addr())); ok {
			s.own, s.ofOwn = &w.hosts[i], s.met.of(w, i)
		}
	}
	for _, p := range acc.pages {
		p.eachBrief(func(r *brief) {
			if held, ok := p.wait(r); ok {
				s.takeWait(l, p, &held, r)
			}
			if s.accepted != nil && r.marks.has(tookPort) {
				s.accepted.Add(timeline.Incident{Time: r.start})
				s.latest = max(s.latest, r.start)
			}
			if w != nil {
				s.meetHosts(w, p, r)
			}
			if t != nil && !r.marks.has(selfMade) {
				t.enter(r, p.streams.of(r.birth))
			}
		})
		waits := p.account().waits
		for i := range waits {
			s.takeWait(l, p, &waits[i], p.briefs.At(waits[i].brief))
		}
	}
	s.client.Run()
	s.server.Run()
	if s.accepted != nil {
		s.accepted.End()
		for i := 1; i < len(s.gone); i++ {
			s.gone[i] = max(s.gone[i], s.gone[i-1])
		}
	}
	return s
}

// takeRefused takes up the SYNs that a service refused.
func (s *survey) takeRefused(acc *account, t *troubled) {
	var told []timeline.Incident // those that tell of its troubles
	for _, p := range acc.pages {
		for _, i := range p.account().refused {
			r := p.briefs.At(i)
			e := timeline.Incident{Time: r.start, Stream: p.streams.of(r.birth)}
			s.refused = append(s.refused, e)
			if r.marks.has(attempted) && !r.marks.has(selfMade) {
				told = append(told, e)
			}
		}
	}
	if t != nil {
		t.begin(told)
	}
	if len(s.refused) == 0 {
		return
	}
	timeline.SortBy(s.refused, func(e *timeline.Incident) int64 { return int64(e.Stream) }, func(a, b timeline.Incident) int { return 0 })
	before := make([]int64, len(s.refused))
	for i, e := range s.refused {
		before[i] = e.Time - 1
	}
	s.accepted = timeline.NewNextAfter(timeline.MomentsOf(before))
	s.gone = make([]int64, s.accepted.Len()+1)
}

// takeWait takes up a TIME_WAIT.
func (s *survey) takeWait(l *ledger, p page, w *heldWait, r *brief) {
	if w.server {
		s.server.Add(w.since, w.until)
		s.waits = append(s.waits, serverWait{w.since, w.until, p.streams.of(r.birth)})
		if s.accepted != nil && w.since < w.until {
			i := s.accepted.Before(w.since - 1)
			s.gone[i] = max(s.gone[i], w.until)
		}
		return
	}
	s.client.Add(w.since, w.until)
	switch {
	case l.ports.holds(r.port):
		if s.many != nil {
			s.many.add(p.clientOf(r))
		}
	case reservedPorts().holds(r.port):
		s.reserved = append(s.reserved, p.holdOf(w, r))
	}
}

// meetHosts takes up what was heard on a connection of the hosts that are watched.
func (s *survey) meetHosts(w *watch, p page, r *brief) {
	client, ok := w.find(p.clientOf(r))
	if !ok && s.own == nil {
		return
	}
	met := presence{start: r.start, stream: p.streams.of(r.birth), synchronized: r.marks.has(synchronous)}
	quiet := w.quiet.has(uint64(met.stream))
	if ok {
		met.heard = r.heard[0]
		w.hosts[client].meet(s.met.of(w, client), met, quiet)
	}
	if s.own != nil {
		met.heard = r.heard[1]
		s.own.meet(s.ofOwn, met, quiet)
	}
}

// waiting returns how many TIME_WAITs the server held when it refused a SYN, and when the last of them ended; 0 if there were none.
func (s *survey) waiting(refused int64) (n int, gone int64) {
	if n = s.server.At(refused); n == 0 {
		return 0, 0
	}
	return n, s.gone[s.accepted.Before(refused-1)]
}

// again returns when the service accepted a SYN at the time of one that it refused or next after that; timeline.Never if it never did.
func (s *survey) again(refused int64) int64 { return s.accepted.After(refused - 1).Time }

// holderCounts counts holders without a list of them: those that fall in the same part are counted together, so that no count
// is too low.
type holderCounts []int32

// holderParts is in how many parts holders fall.
const (
	holderBits  = 10
	holderParts = 1 << holderBits
)

func (c holderCounts) part(a decode.Addr) *int32 { return &c[spreadAddr(a)>>(64-holderBits)] }

func (c holderCounts) add(a decode.Addr)        { *c.part(a)++ }
func (c holderCounts) atMost(a decode.Addr) int { return int(*c.part(a)) }

// most returns as how many no holder is counted more often.
func (c holderCounts) most() int { return int(slices.Max(c)) }

// serverWait is a TIME_WAIT of a server.
type serverWait struct {
	since, until int64
	stream       int32
}

// standing is the TIME_WAITs of a server that there are at a moment.
type standing struct {
	streams      []int
	since, until int64 // of the first and the last of them
}

// standAt returns the TIME_WAITs of the server that there are at a moment.
func (s *survey) standAt(moment int64) standing {
	at := standing{streams: []int{}, since: timeline.Never}
	for i := range s.waits {
		if w := &s.waits[i]; w.since <= moment && moment < w.until {
			at.streams = append(at.streams, int(w.stream))
			at.since, at.until = min(at.since, w.since), max(at.until, w.until)
		}
	}
	sortStreams(at.streams)
	return at
}

func sortStreams(list []int) {
	timeline.SortBy(list, func(n *int) int64 { return int64(*n) }, func(a, b int) int { return 0 })
}
