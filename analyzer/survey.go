package analyzer

import (
	"slices"

	"finscope/internal/decode"
)

// survey is what one look at all connections of a service finds.
type survey struct {
	client, server *course      // TIME_WAITs, by who holds them
	reserved       []hold       // those of its clients on reserved ports, which are not ordinary ones
	many           holderCounts // of its clients on ordinary ports; nil: there are too few of them to matter

	met  sightings // of the hosts that are watched
	host int32     // that of the service among these; -1: it is not watched

	refused  []incident // SYNs that it refused, by stream
	accepted *nextAfter // when it accepted a SYN, of moments just before those: nil if there are none
	latest   int64      // when it accepted the last one
	gone     []int64    // by the same moments: when the last TIME_WAIT of the server ends that had begun
}

// survey looks at all connections of a service. t is what is known of its troubles; nil: there were none. Hosts are looked for
// that are watched; nil: none are.
func (l *ledger) survey(acc *account, t *troubled, w *watch) *survey {
	s := &survey{client: newCourse(l.end, acc.held[0]), server: newCourse(l.end, acc.held[1]), latest: -maxTime}
	if 10*acc.held[0] >= l.ports.Size() {
		s.many = make(holderCounts, holderParts)
	}
	s.takeRefused(acc, t)
	s.host = -1
	if w != nil {
		s.met = sightings{}
		if i, ok := w.find(decode.AddrFrom(acc.at.Addr())); ok {
			s.host = i
		}
	}
	for _, p := range acc.pages {
		p.eachBrief(func(r *brief) {
			if w, ok := p.wait(r); ok {
				s.takeWait(l, p, &w, r)
			}
			if s.accepted != nil && r.marks.has(tookPort) {
				s.accepted.add(incident{time: r.start})
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
			s.takeWait(l, p, &waits[i], p.briefs.at(waits[i].brief))
		}
	}
	s.client.run()
	s.server.run()
	if s.accepted != nil {
		s.accepted.end()
		for i := 1; i < len(s.gone); i++ {
			s.gone[i] = max(s.gone[i], s.gone[i-1])
		}
	}
	return s
}

// takeRefused takes up the SYNs that a service refused.
func (s *survey) takeRefused(acc *account, t *troubled) {
	var told []incident // those that tell of its troubles
	for _, p := range acc.pages {
		for _, i := range p.account().refused {
			r := p.briefs.at(i)
			e := incident{r.start, p.streams.of(r.birth)}
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
	sortBy(s.refused, func(e *incident) int64 { return int64(e.stream) }, func(a, b incident) int { return 0 })
	before := make([]int64, len(s.refused))
	for i, e := range s.refused {
		before[i] = e.time - 1
	}
	s.accepted = newNextAfter(momentsOf(before))
	s.gone = make([]int64, len(s.accepted.times)+1)
}

// takeWait takes up a TIME_WAIT.
func (s *survey) takeWait(l *ledger, p page, w *heldWait, r *brief) {
	if w.server {
		s.server.add(w.since, w.until)
		if s.accepted != nil && w.since < w.until {
			i := s.accepted.before(w.since - 1)
			s.gone[i] = max(s.gone[i], w.until)
		}
		return
	}
	s.client.add(w.since, w.until)
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
	if i, ok := w.find(p.clientOf(r)); ok {
		s.meetHost(w, i, p, r, 0)
	}
	if s.host >= 0 {
		s.meetHost(w, s.host, p, r, 1)
	}
}

func (s *survey) meetHost(w *watch, host int32, p page, r *brief, side int) {
	stream := p.streams.of(r.birth)
	w.hosts[host].meet(s.met.of(w, host), presence{r.start, r.heard[side], stream, r.marks.has(synchronous)}, w.quiet.has(uint64(stream)))
}

// waiting returns how many TIME_WAITs the server held when it refused a SYN, and when the last of them ended; 0 if there were none.
func (s *survey) waiting(refused int64) (n int, gone int64) {
	if n = s.server.at(refused); n == 0 {
		return 0, 0
	}
	return n, s.gone[s.accepted.before(refused-1)]
}

// again returns when the service accepted a SYN at the time of one that it refused or next after that; maxTime if it never did.
func (s *survey) again(refused int64) int64 { return s.accepted.after(refused - 1).time }

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

// any reports whether some holder may be counted as often as n.
func (c holderCounts) any(n int) bool {
	return slices.ContainsFunc(c, func(m int32) bool { return int(m) >= n })
}

// standing is the TIME_WAITs of a server that there are at a moment.
type standing struct {
	moment       int64
	streams      []int
	since, until int64 // of the first and the last of them
}

// standAt finds the TIME_WAITs of the server of a service that there are at some moments.
func (acc *account) standAt(all []*standing) {
	for _, s := range all {
		s.streams, s.since = []int{}, maxTime
	}
	for _, p := range acc.pages {
		p.eachWait(func(w *heldWait, r *brief) {
			if !w.server {
				return
			}
			for _, s := range all {
				if w.since <= s.moment && s.moment < w.until {
					s.streams = append(s.streams, int(p.streams.of(r.birth)))
					s.since, s.until = min(s.since, w.since), max(s.until, w.until)
				}
			}
		})
	}
	for _, s := range all {
		sortStreams(s.streams)
	}
}

func sortStreams(list []int) {
	sortBy(list, func(n *int) int64 { return int64(*n) }, func(a, b int) int { return 0 })
}
