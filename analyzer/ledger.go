package analyzer

import (
	"math"
	"net/netip"
	"slices"

	"finscope/internal/decode"
)

// ledger is what the books of all shards say of services, their TIME_WAITs and ports: what occupancy, port ranges and bind
// windows are computed from once the capture is read.
type ledger struct {
	services map[netip.AddrPort]*account
	ports    PortRange
	length   int64 // of a TIME_WAIT, ns
	first    int64 // of the capture
	end      int64
	linux    bool
	jobs     int // how many services are judged at a time
}

// account is what is known of one service. In a book, streams are births, and what the books are asked for is empty.
type account struct {
	at netip.AddrPort
	tally

	held [2]int // how many TIME_WAITs the clients and the server held
	open int    // connections that the server still has at the end

	left []span         // CLOSE_WAITs of the server that lasted long
	idle [2][]idleClose // closes after a silence, by the server and by its clients; in a book alone

	pages []page // where the books have the service

	// Looked up in the books while the service is judged.
	server   []hold    // TIME_WAITs of the server
	client   []hold    // TIME_WAITs of its clients
	refused  []refusal // SYNs that it refused
	accepted []int64   // when it accepted a SYN; filled in only if it refused any
}

func newAccount(at netip.AddrPort) *account {
	return &account{at: at, tally: tally{stuck: map[State]int{}}}
}

// hold is one TIME_WAIT.
type hold struct {
	start        int64 // of the connection: from then on its port was taken
	since, until int64
	holder       decode.Addr // of a client; that of a server is its service's
	stream       int32
	port         uint16
	reused       bool
	isn          bool // the holder is confirmed by the next connection's ISN
}

// refusal is something that happened to a connection.
type refusal struct {
	time   int64
	stream int32
}

// maxTime stands for an end that has not come.
const maxTime = math.MaxInt64

// account returns the account of a service, and opens it if there is none.
func (l *ledger) account(at netip.AddrPort) *account {
	acc := l.services[at]
	if acc == nil {
		acc = newAccount(at)
		l.services[at] = acc
	}
	return acc
}

// enter adds what a book has.
func (l *ledger) enter(b *book) {
	for i, from := range b.accounts {
		acc := l.account(from.at)
		acc.pages = append(acc.pages, page{b, int32(i)})
		acc.tally.merge(&from.tally)
		acc.open += from.open
	}
}

// lookUp fills in what the books have of a service, connection by connection.
func (acc *account) lookUp() {
	for _, p := range acc.pages {
		from := p.account()
		acc.left = append(acc.left, from.left...)
		acc.client = slices.Grow(acc.client, from.held[0])
		acc.server = slices.Grow(acc.server, from.held[1])
		p.eachWait(func(w *heldWait) {
			r := p.briefs.at(w.brief)
			h := hold{start: r.start, since: w.since, until: w.until, stream: p.streams.of(r.birth), reused: w.reused, isn: w.isn}
			if w.server {
				h.port = acc.at.Port()
				acc.server = append(acc.server, h)
			} else {
				h.holder, h.port = r.client, r.port
				acc.client = append(acc.client, h)
			}
		})
		p.eachBrief(func(r *brief) {
			if r.marks.has(refusedSYN) {
				acc.refused = append(acc.refused, refusal{r.start, p.streams.of(r.birth)})
			}
		})
	}
	if len(acc.refused) == 0 {
		return
	}
	for _, p := range acc.pages {
		p.eachBrief(func(r *brief) {
			if r.marks.has(tookPort) {
				acc.accepted = append(acc.accepted, r.start)
			}
		})
	}
}

// finGaps returns the times between the two FINs of its connections, as the books have them.
func (acc *account) finGaps() [][]int64 {
	lists := make([][]int64, len(acc.pages))
	for i, p := range acc.pages {
		lists[i] = p.account().gaps
	}
	return lists
}

// forget gives back what lookUp filled in: for all services at once it would be a good part of all memory.
func (acc *account) forget() {
	acc.left, acc.server, acc.client, acc.refused, acc.accepted = nil, nil, nil, nil, nil
}

// occupancy returns how many TIME_WAITs there are at the end and at most.
func (l *ledger) occupancy(holds []hold) Occupancy {
	c := new(course)
	l.follow(c, holds, sinceOf, func(level) {})
	return c.occupancy()
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
	c := &course{steps: make([]level, 0, 2*len(holds))}
	l.follow(c, holds, from, func(s level) { c.steps = append(c.steps, s) })
	return c
}

// follow does it for c, all but the steps, which it passes on.
func (l *ledger) follow(c *course, holds []hold, from func(*hold) int64, step func(level)) {
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
		step(level{t, n})
	}
	c.now = n
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
