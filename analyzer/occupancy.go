package analyzer

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"finscope/internal/decode"
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

// pool is the TIME_WAITs of a holder that take ports from one range.
type pool struct {
	holder   netip.Addr
	peer     netip.AddrPort // the service that the connections went to; invalid: any
	ports    PortRange
	reserved bool
	holds    []hold

	held, taken *course // TIME_WAITs; ports from the start of the connection to the end of its TIME_WAIT
}

// pools returns the pools of all clients that hold TIME_WAITs, those of ordinary ports for each peer address and port,
// those of reserved ports once for each holder: such a port is bound before the peer is known, so a TIME_WAIT towards any
// peer is in the way.
func (l *ledger) pools() []*pool {
	var out []*pool
	reserved := map[decode.Addr]*pool{}
	for _, acc := range l.all() {
		many := map[decode.Addr]*pool{} // nil: too few to matter
		n := map[decode.Addr]int{}
		for i := range acc.client {
			if h := &acc.client[i]; l.ports.holds(h.port) {
				if n[h.holder]++; 10*n[h.holder] >= l.ports.Size() && many[h.holder] == nil {
					many[h.holder] = &pool{holder: h.holder.Netip(), peer: acc.at, ports: l.ports}
				}
			} else if reservedPorts().holds(h.port) {
				if reserved[h.holder] == nil {
					reserved[h.holder] = &pool{holder: h.holder.Netip(), ports: reservedPorts(), reserved: true}
				}
				reserved[h.holder].holds = append(reserved[h.holder].holds, *h)
			}
		}
		if len(many) == 0 {
			continue
		}
		for i := range acc.client {
			if h := &acc.client[i]; l.ports.holds(h.port) && many[h.holder] != nil {
				many[h.holder].holds = append(many[h.holder].holds, *h)
			}
		}
		for _, holder := range sortedKeys(many, compareAddr) {
			out = append(out, many[holder])
		}
	}
	for _, holder := range sortedKeys(reserved, compareAddr) {
		if p := reserved[holder]; 10*len(p.holds) >= p.ports.Size() {
			out = append(out, p)
		}
	}
	for _, p := range out {
		sortBy(p.holds, startOf, func(a, b hold) int { return cmp.Compare(a.stream, b.stream) })
		p.held, p.taken = l.course(p.holds, sinceOf), l.course(p.holds, startOf)
	}
	return slices.DeleteFunc(out, func(p *pool) bool { return 10*p.held.peak < p.ports.Size() })
}

// records makes the records: pools that took a tenth of their ports, and listening ports whose server holds any.
// The fullest come first.
func (l *ledger) records(pools []*pool) []TimeWaitRecord {
	var out []TimeWaitRecord
	for _, p := range pools {
		rec := TimeWaitRecord{Holder: p.holder, Role: ClientSide}
		capacity := p.ports.Size()
		rec.Capacity = &capacity
		if p.peer.IsValid() {
			peer, port := p.peer.Addr(), p.peer.Port()
			rec.Peer, rec.PeerPort = &peer, &port
		}
		rec.fill(p.held)
		out = append(out, rec)
	}
	for _, acc := range l.all() {
		if len(acc.server) == 0 {
			continue
		}
		c := l.course(acc.server, sinceOf)
		if c.peak == 0 {
			continue
		}
		port := acc.at.Port()
		rec := TimeWaitRecord{Holder: acc.at.Addr(), Role: ServerSide, LocalPort: &port}
		rec.fill(c)
		out = append(out, rec)
	}
	slices.SortStableFunc(out, func(a, b TimeWaitRecord) int { return cmp.Compare(b.Peak, a.Peak) })
	return out
}

// fill enters the course of a record.
func (rec *TimeWaitRecord) fill(c *course) {
	o := c.occupancy()
	rec.Now, rec.Peak, rec.PeakTime = o.Now, o.Peak, o.PeakTime
	if c.until != 0 {
		t := at(c.until)
		rec.Until = &t
	}
	rec.Series = []TimeWaitPoint{}
	for _, s := range c.thin(maxPoints) {
		rec.Series = append(rec.Series, TimeWaitPoint{at(s.time), s.n})
	}
}

// findings says which TIME_WAITs block a port, or soon will.
func (l *ledger) findings(pools []*pool) []GroupFinding {
	var out []GroupFinding
	for _, p := range pools {
		if f, ok := l.exhaustion(p); ok {
			out = append(out, f)
		}
	}
	for _, acc := range l.all() {
		if f, ok := l.bindBlocked(acc); ok {
			out = append(out, f)
		}
		if f, ok := l.serverHolds(acc); ok {
			out = append(out, f)
		}
		out = append(out, l.outages(acc)...)
	}
	return out
}

// heldAt returns the stream numbers of the holds that there are at a moment, in order.
func heldAt(holds []hold, now int64) []int {
	out := []int{}
	for i := range holds {
		if h := &holds[i]; h.since <= now && now < h.until {
			out = append(out, int(h.stream))
		}
	}
	slices.Sort(out)
	return out
}

func compareAddr(a, b decode.Addr) int { return a.Netip().Compare(b.Netip()) }
