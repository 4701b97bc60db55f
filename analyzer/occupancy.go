package analyzer

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"finscope/internal/decode"
	"finscope/internal/timeline"
)

// TimeWaitRecord says how many TIME_WAITs there were over time: of one holder towards one peer address and port, or of a
// listening port. It is a lower bound: the capture may show part of the traffic, and TIME_WAITs that began before it are
// not known. Of what takes ports of a client it counts TIME_WAITs alone: connections that are still open, or that end
// without TIME_WAIT at the client, keep their ports from connect() too.
type TimeWaitRecord struct {
	Holder    netip.Addr      `json:"holder"`
	Role      Side            `json:"role"`       // of the holder in its connections
	LocalPort *uint16         `json:"local_port"` // the listening port; nil for clients, which use many
	Peer      *netip.Addr     `json:"peer"`       // nil: all peers
	PeerPort  *uint16         `json:"peer_port"`
	Now       int             `json:"now"` // at the end of the capture
	Peak      int             `json:"peak"`
	PeakTime  *time.Time      `json:"peak_time"`
	Capacity  *int            `json:"capacity"` // how many local ports there are; nil for listening ports, which need one
	Until     *time.Time      `json:"until"`    // when the last one that runs at the end of the capture ends; nil: none runs
	Series    []TimeWaitPoint `json:"series"`   // how many there were from each time on; at most 500 points
}

// TimeWaitPoint is a point of a series. In JSON it is an array of time and count.
type TimeWaitPoint struct {
	Time  time.Time
	Count int
}

// MarshalJSON returns [time, count].
func (p TimeWaitPoint) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{p.Time, p.Count}) }

// reservedPorts are those that rresvport(3) picks from: programs such as rsh prove with them that root runs them.
func reservedPorts() PortRange { return PortRange{512, 1023} }

func (r PortRange) holds(port uint16) bool { return r.Low <= port && port <= r.High }

// pressed reports whether n ports of a range are so many that a report has a record of its TIME_WAITs: a tenth.
func (r PortRange) pressed(n int) bool { return 10*n >= r.Size() }

// pool is the TIME_WAITs of a holder that take ports from one range.
type pool struct {
	holder   netip.Addr
	peer     netip.AddrPort // the service that the connections went to; invalid: any
	ports    PortRange
	reserved bool
	holds    []hold

	held, taken *timeline.Course // TIME_WAITs; ports from the start of the connection to the end of its TIME_WAIT
}

// pools returns the pools of the clients of a service that hold TIME_WAITs of ordinary ports, in order of their addresses:
// those that may hold a tenth of the ports, as the survey says.
func (l *ledger) pools(acc *account, s *survey) []*pool {
	if s.many == nil || !l.ports.pressed(s.many.most()) {
		return nil
	}
	pools := map[decode.Addr]*pool{}
	for _, p := range acc.pages {
		p.eachWait(func(w *heldWait, r *brief) {
			if w.server || !l.ports.holds(r.port) {
				return
			}
			h := p.holdOf(w, r)
			if !l.ports.pressed(s.many.atMost(h.holder)) {
				return
			}
			if pools[h.holder] == nil {
				pools[h.holder] = &pool{holder: h.holder.Netip(), peer: acc.at, ports: l.ports}
			}
			pools[h.holder].holds = append(pools[h.holder].holds, h)
		})
	}
	return pressedPools(pools)
}

// reservedPools returns the pools of reserved ports, one for each holder: such a port is bound before the peer is known, so
// a TIME_WAIT towards any peer is in the way.
func (l *ledger) reservedPools(judged []judgement) []*pool {
	pools := map[decode.Addr]*pool{}
	for i := range judged {
		for _, h := range judged[i].reserved {
			if pools[h.holder] == nil {
				pools[h.holder] = &pool{holder: h.holder.Netip(), ports: reservedPorts(), reserved: true}
			}
			pools[h.holder].holds = append(pools[h.holder].holds, h)
		}
	}
	return pressedPools(pools)
}

// pressedPools returns those that may have taken a tenth of their ports at once, in order of their holders.
func pressedPools(pools map[decode.Addr]*pool) (out []*pool) {
	for _, holder := range sortedKeys(pools, compareAddr) {
		if p := pools[holder]; p.ports.pressed(len(p.holds)) {
			out = append(out, p)
		}
	}
	return out
}

// pressure is what is said of a pool.
type pressure struct {
	record     TimeWaitRecord
	exhaustion []GroupFinding // one or none
}

// pressures returns what is said of those pools of which a tenth was taken.
func (l *ledger) pressures(pools []*pool) (out []pressure) {
	for _, p := range pools {
		timeline.SortBy(p.holds, func(h *hold) int64 { return h.start }, func(a, b hold) int { return cmp.Compare(a.stream, b.stream) })
		p.held, p.taken = timeline.NewCourse(l.end, len(p.holds)), timeline.NewCourse(l.end, len(p.holds))
		for i := range p.holds {
			h := &p.holds[i]
			p.held.Add(h.since, h.until)
			p.taken.Add(h.start, h.until)
		}
		p.held.Run()
		p.taken.Run()
		if !p.ports.pressed(p.held.Peak) {
			continue
		}
		capacity := p.ports.Size()
		s := pressure{record: TimeWaitRecord{Holder: p.holder, Role: ClientSide, Capacity: &capacity}}
		if p.peer.IsValid() {
			peer, port := p.peer.Addr(), p.peer.Port()
			s.record.Peer, s.record.PeerPort = &peer, &port
		}
		s.record.fill(p.held)
		if f, ok := l.exhaustion(p); ok {
			s.exhaustion = []GroupFinding{f}
		}
		out = append(out, s)
	}
	return out
}

// judgement is what is said of a service.
type judgement struct {
	service  Service
	holds    *TimeWaitRecord // TIME_WAITs of its server; nil: there were none
	pools    []pressure      // of its clients
	reserved []hold          // TIME_WAITs of its clients on reserved ports
	findings []GroupFinding
	met      sightings // on its connections, of the hosts that are watched
}

// judge looks a service up in the books and says what there is to say of its TIME_WAITs and its port, and of its listening
// socket and process: g knows of its troubles.
func (l *ledger) judge(acc *account, g *gathering) judgement {
	t := g.services[acc.at]
	s := l.survey(acc, t, g.watch)
	j := judgement{met: s.met, service: acc.service(acc.at, acc.finGaps()), pools: l.pressures(l.pools(acc, s)), reserved: s.reserved}
	j.service.TimeWait = ServiceTimeWait{Server: occupancyOf(s.server), Client: occupancyOf(s.client)}
	if s.server.Peak > 0 {
		port := acc.at.Port()
		j.holds = &TimeWaitRecord{Holder: acc.at.Addr(), Role: ServerSide, LocalPort: &port}
		j.holds.fill(s.server)
	}
	j.findings = append(l.serverWaits(acc, s), l.outages(acc, s)...)
	if t != nil {
		j.findings = append(j.findings, g.exitsOf(acc, t)...)
	}
	return j
}

// timeWaits returns the TIME_WAIT records of all services, the fullest first, and the findings about them: pools that took
// a tenth of their ports, and listening ports whose server holds any.
func (l *ledger) timeWaits(judged []judgement) (records []TimeWaitRecord, findings []GroupFinding) {
	take := func(pools []pressure) {
		for i := range pools {
			records, findings = append(records, pools[i].record), append(findings, pools[i].exhaustion...)
		}
	}
	for i := range judged {
		take(judged[i].pools)
	}
	take(l.pressures(l.reservedPools(judged)))
	for i := range judged {
		if w := judged[i].holds; w != nil {
			records = append(records, *w)
		}
		findings = append(findings, judged[i].findings...)
	}
	slices.SortStableFunc(records, func(a, b TimeWaitRecord) int { return cmp.Compare(b.Peak, a.Peak) })
	return records, findings
}

// maxPoints is how many points of a series a record has at most.
const maxPoints = 500

// fill enters the course of a record.
func (rec *TimeWaitRecord) fill(c *timeline.Course) {
	o := occupancyOf(c)
	rec.Now, rec.Peak, rec.PeakTime = o.Now, o.Peak, o.PeakTime
	if c.Until != 0 {
		t := at(c.Until)
		rec.Until = &t
	}
	rec.Series = []TimeWaitPoint{}
	for _, s := range c.Thin(maxPoints) {
		rec.Series = append(rec.Series, TimeWaitPoint{at(s.Time), s.N})
	}
}

// heldAt returns the stream numbers of the holds that there are at a moment, in order.
func heldAt(holds []hold, now int64) []int {
	out := []int{}
	for i := range holds {
		if h := &holds[i]; h.since <= now && now < h.until {
			out = append(out, int(h.stream))
		}
	}
	sortStreams(out)
	return out
}

func compareAddr(a, b decode.Addr) int { return a.Netip().Compare(b.Netip()) }

// occupancyOf returns what a report says of a course.
func occupancyOf(c *timeline.Course) Occupancy {
	o := Occupancy{Now: c.Now, Peak: c.Peak}
	if c.Peak > 0 {
		t := at(c.PeakTime)
		o.PeakTime = &t
	}
	return o
}
