package analyzer

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
)

// ledger holds the TIME_WAITs of the reported connections, by service: what occupancy, port ranges and bind windows are
// computed from once the capture is read. It takes 64 bytes for each TIME_WAIT that was ever held.
type ledger struct {
	services map[netip.AddrPort]*account
	ports    PortRange
	length   int64 // of a TIME_WAIT, ns
	first    int64 // of the capture
	end      int64
	linux    bool
}

// account is what the ledger knows of one service.
type account struct {
	at     netip.AddrPort
	server []hold // TIME_WAITs of the server
	client []hold // TIME_WAITs of its clients

	flows, clientFirst, serverFirst int
	open                            int // connections that the server still has at the end

	left     []hold    // CLOSE_WAITs of the server that lasted long
	refused  []refusal // SYNs that it refused, in stream order
	accepted []int64   // when it accepted a SYN, in stream order
}

// hold is one TIME_WAIT.
type hold struct {
	holder       netip.Addr
	start        int64 // of the connection: from then on its port was taken
	since, until int64
	flow         int32 // index in Report.flows
	port         uint16
	reused       bool
	isn          bool // the holder is confirmed by the next connection's ISN
}

// refusal is something that happened to a connection.
type refusal struct {
	time int64
	flow int32 // index in Report.flows
}

// maxTime stands for an end that has not come.
const maxTime = math.MaxInt64

func newLedger(r *Report) *ledger {
	l := &ledger{services: map[netip.AddrPort]*account{}, length: r.timeWait}
	if r.run != nil {
		l.ports, l.first, l.end = r.run.assumed.PortRange, r.run.first, r.run.end
		rules := r.run.opts.rules(&r.run.assumed)
		l.linux = rules.linux
	}
	return l
}

// account returns the account of a service, and opens it if there is none.
func (l *ledger) account(at netip.AddrPort) *account {
	acc := l.services[at]
	if acc == nil {
		acc = &account{at: at}
		l.services[at] = acc
	}
	return acc
}

// add enters the connection with index i in Report.flows into the account of its service.
func (l *ledger) add(acc *account, i int, s *shard, f *flow, o *outcome, a *assumptions) {
	server := f.peer(o.client)
	acc.flows++
	switch {
	case o.closedBy == ByFIN && o.closedFirst == o.client:
		acc.clientFirst++
	case o.closedBy == ByFIN && o.closedFirst == server:
		acc.serverFirst++
	}
	l.bind(acc, i, f, o, server)
	for x := range f.e {
		w, ok := s.waitOf(f, o, x, l.end, a)
		if !ok {
			continue
		}
		h := hold{
			holder: f.addr(x), start: f.start, since: w.since, until: w.until, flow: int32(i), port: f.port(x),
			reused: w.ended == "reused", isn: s.events(&o.c.timeWait[x]).proof == nextISN,
		}
		if x == server {
			acc.server = append(acc.server, h)
		} else {
			acc.client = append(acc.client, h)
		}
	}
}

// bind notes what a bind to the port of a service depends on, besides TIME_WAITs, and what shows whether one worked.
func (l *ledger) bind(acc *account, i int, f *flow, o *outcome, server int) {
	switch {
	case o.verdict == Refused:
		if int(o.c.rst.by) == server {
			acc.refused = append(acc.refused, refusal{f.start, int32(i)})
		}
		return
	case o.verdict == NoReply || o.verdict == Indeterminate:
		return
	case f.e[server].has(sentSYNACK):
		acc.accepted = append(acc.accepted, f.start)
	}
	n := &o.c.fin[o.client]
	left := hold{start: f.start, since: n.doneTime(), until: maxTime, flow: int32(i), port: acc.at.Port()}
	switch {
	case o.state[server] == CloseWait:
		acc.left = append(acc.left, left)
	case o.c.rst.accepted && o.c.rst.before[server] == CloseWait:
		left.until = o.c.rst.time
	case n.sent && o.c.fin[server].sent && n.acked:
		left.until = o.c.fin[server].doneTime()
	}
	if left.until != maxTime && left.until-left.since > longCloseWait {
		acc.left = append(acc.left, left)
	}
	if o.state[server] == Established || o.state[server] == CloseWait {
		acc.open++
	}
}

// longCloseWait is from which time in CLOSE_WAIT on a connection counts as left behind.
const longCloseWait = 1e9

// counts returns how many TIME_WAITs server and clients of a service hold.
func (l *ledger) counts(acc *account) ServiceTimeWait {
	return ServiceTimeWait{Server: l.course(acc.server, sinceOf).occupancy(), Client: l.course(acc.client, sinceOf).occupancy()}
}

func sinceOf(h *hold) int64 { return h.since }
func startOf(h *hold) int64 { return h.start }

// course is a number of TIME_WAITs over time.
type course struct {
	now, peak int
	peakTime  int64
	until     int64 // when the last one that runs at the end of the capture ends; 0: none runs
	steps     []level
}

// level is the number from a time on.
type level struct {
	time int64
	n    int
}

// course counts holds over time, each from the time that from returns to its end: those that end at a moment are gone
// when others start then.
func (l *ledger) course(holds []hold, from func(*hold) int64) *course {
	c := new(course)
	starts, ends := make([]int64, 0, len(holds)), make([]int64, 0, len(holds))
	for i := range holds {
		h := &holds[i]
		s := from(h)
		if s > l.end || s >= h.until {
			continue // reused at once, or time went backwards
		}
		starts, ends = append(starts, s), append(ends, h.until)
		if h.until > l.end {
			c.until = max(c.until, h.until)
		}
	}
	slices.Sort(starts)
	slices.Sort(ends)
	c.steps = make([]level, 0, len(starts)+len(ends))
	n := 0
	for i, j := 0, 0; i < len(starts) || j < len(ends); {
		var t int64
		if i == len(starts) || j < len(ends) && ends[j] < starts[i] {
			t = ends[j]
		} else {
			t = starts[i]
		}
		if t > l.end {
			break
		}
		for ; j < len(ends) && ends[j] == t; j++ {
			n--
		}
		for ; i < len(starts) && starts[i] == t; i++ {
			n++
		}
		if n > c.peak {
			c.peak, c.peakTime = n, t
		}
		c.steps = append(c.steps, level{t, n})
	}
	c.now = n
	return c
}

func (c *course) occupancy() Occupancy {
	o := Occupancy{Now: c.now, Peak: c.peak}
	if c.peak > 0 {
		t := at(c.peakTime)
		o.PeakTime = &t
	}
	return o
}

// reached returns when the number first was at least n; maxTime if it never was.
func (c *course) reached(n int) int64 {
	for _, s := range c.steps {
		if s.n >= n {
			return s.time
		}
	}
	return maxTime
}

// maxPoints is how many points of a series a record has at most.
const maxPoints = 500

// thin returns the steps thinned to at most max points: of each stretch of time the highest number and the last one, so
// that the peak and the end are exact.
func (c *course) thin(max int) []level {
	if len(c.steps) <= max {
		return c.steps
	}
	first, last := c.steps[0].time, c.steps[len(c.steps)-1].time
	parts := int64(max/2 - 1)
	width := (last-first)/parts + 1
	out := make([]level, 0, max)
	for i := 0; i < len(c.steps); {
		part := (c.steps[i].time - first) / width
		top, j := i, i
		for ; j < len(c.steps) && (c.steps[j].time-first)/width == part; j++ {
			if c.steps[j].n > c.steps[top].n {
				top = j
			}
		}
		out = append(out, c.steps[top])
		if top != j-1 {
			out = append(out, c.steps[j-1])
		}
		i = j
	}
	return out
}

// all returns the accounts, in order of their addresses and ports.
func (l *ledger) all() []*account {
	out := make([]*account, 0, len(l.services))
	for _, acc := range l.services {
		out = append(out, acc)
	}
	slices.SortFunc(out, func(a, b *account) int { return a.at.Compare(b.at) })
	return out
}

// byHolder sorts the TIME_WAITs of clients by holder, then by time, and returns the stretches of each holder.
func byHolder(holds []hold) [][]hold {
	slices.SortFunc(holds, func(a, b hold) int {
		return cmp.Or(a.holder.Compare(b.holder), cmp.Compare(a.start, b.start), cmp.Compare(a.flow, b.flow))
	})
	var out [][]hold
	for len(holds) > 0 {
		n := 1
		for n < len(holds) && holds[n].holder == holds[0].holder {
			n++
		}
		out = append(out, holds[:n:n])
		holds = holds[n:]
	}
	return out
}
