package analyzer

import (
	"cmp"
	"net/netip"
	"sort"

	"finscope/internal/decode"
	"finscope/internal/timeline"
)

// watch is what is asked of all connections about the hosts that turned out to be in trouble.
type watch struct {
	index map[decode.Addr]int32 // of the hosts
	maybe numberSet             // hashes of them: most hosts are in no trouble and cost no more than a glance
	hosts []watchedHost
	quiet numberSet // streams that are in a silence of some host
}

// watchedHost is a host in trouble.
type watchedHost struct {
	addr      netip.Addr
	forgetful bool // it did not know connections: all of it have to be compared with these
	silences  []silentTime
	starts    []int64 // of the silences
}

// silentTime is one in which some connections of a host were not answered.
type silentTime struct {
	outages  []outage
	from, to int64
	members  map[int]bool // their streams
}

// sighting is what was heard of one host on some of its connections.
type sighting struct {
	heard    bool
	lately   int64          // when it was last heard of
	silences []sightingThen // by silence
	passed   []int          // by how many silences had begun when a connection was last heard of: how many connections
	all      []presence     // if the host is forgetful
}

// sightingThen counts the connections of a host that are not in a silence by what was heard of them.
type sightingThen struct {
	alive      int // in it
	straddling int // after it, though not in it
}

// numberSet is a set of small numbers.
type numberSet []uint64

func (b numberSet) has(i uint64) bool { return i/64 < uint64(len(b)) && b[i/64]>>(i%64)&1 != 0 }
func (b numberSet) add(i uint64)      { b[i/64] |= 1 << (i % 64) }

// hashBits is how many bits of a hash of an address are looked at before the address itself.
const hashBits = 15

// spreadAddr returns a number that differs in its high bits between addresses that differ in few.
func spreadAddr(a decode.Addr) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	return (a.Hi*odd + a.Lo) * odd
}

// watchHosts returns what has to be asked about the hosts in trouble; nil if there are none.
func (g *gathering) watchHosts() *watch {
	hosts := g.hostsInTrouble()
	if len(hosts) == 0 {
		return nil
	}
	w := &watch{index: make(map[decode.Addr]int32, len(hosts)), maybe: make(numberSet, 1<<hashBits/64)}
	highest := 0
	for i, addr := range hosts {
		a := decode.AddrFrom(addr)
		w.index[a] = int32(i)
		w.maybe.add(spreadAddr(a) >> (64 - hashBits))
		h := watchedHost{addr: addr, forgetful: len(g.lost[addr]) > 0, silences: clustersOf(g.silent[addr])}
		for j := range h.silences {
			c := &h.silences[j]
			h.starts = append(h.starts, c.from)
			for _, o := range c.outages {
				c.members[o.stream] = true
				highest = max(highest, o.stream)
			}
		}
		w.hosts = append(w.hosts, h)
	}
	w.quiet = make(numberSet, highest/64+1)
	for i := range w.hosts {
		for _, c := range w.hosts[i].silences {
			for stream := range c.members {
				w.quiet.add(uint64(stream))
			}
		}
	}
	return w
}

// clustersOf puts silences in order that overlap, and those that do together: the first maxEvents times.
func clustersOf(all []outage) (out []silentTime) {
	timeline.SortBy(all, func(o *outage) int64 { return o.since }, func(a, b outage) int { return cmp.Compare(a.stream, b.stream) })
	for i := 0; i < len(all) && len(out) < maxEvents; {
		to := max(all[i].until, all[i].heard)
		j := i + 1
		for j < len(all) && all[j].since <= to {
			to = max(to, all[j].until, all[j].heard)
			j++
		}
		out = append(out, silentTime{outages: all[i:j], from: all[i].since, to: to, members: map[int]bool{}})
		i = j
	}
	return out
}

// find returns the index of a host that is watched.
func (w *watch) find(a decode.Addr) (int32, bool) {
	if !w.maybe.has(spreadAddr(a) >> (64 - hashBits)) {
		return 0, false
	}
	i, ok := w.index[a]
	return i, ok
}

// sightings are those of the hosts that are watched, by index, on some connections.
type sightings map[int32]*sighting

// of returns the sighting of a host.
func (s sightings) of(w *watch, host int32) *sighting {
	if s[host] == nil {
		n := len(w.hosts[host].silences)
		s[host] = &sighting{silences: make([]sightingThen, n), passed: make([]int, n+1)}
	}
	return s[host]
}

// merge adds others, which are not used any more.
func (s sightings) merge(others sightings) {
	for host, o := range others {
		to := s[host]
		if to == nil {
			s[host] = o
			continue
		}
		to.heard, to.lately = to.heard || o.heard, max(to.lately, o.lately)
		to.all = append(to.all, o.all...)
		for i := range o.silences {
			to.silences[i].alive += o.silences[i].alive
			to.silences[i].straddling += o.silences[i].straddling
		}
		for i, n := range o.passed {
			to.passed[i] += n
		}
	}
}

// meet takes up a connection of a host; quiet says that it may be in one of its silences.
func (h *watchedHost) meet(s *sighting, p presence, quiet bool) {
	if h.forgetful {
		s.all = append(s.all, p)
	}
	if p.heard == 0 {
		return
	}
	s.heard, s.lately = true, max(s.lately, p.heard)
	began := h.begunBefore(p.heard)
	if quiet {
		for i := range began {
			switch c := &h.silences[i]; {
			case c.members[int(p.stream)]:
			case c.livedIn(&p):
				s.silences[i].alive++
			default:
				s.silences[i].straddling++
			}
		}
		return
	}
	// Silences do not overlap: it can have been heard of in the last one alone, and have started in one alone. All others
	// that had begun it straddles.
	s.passed[began]++
	last, in := began-1, h.begunBefore(p.start)-1
	for _, i := range [...]int{last, in} {
		if i >= 0 && i < began && h.silences[i].livedIn(&p) {
			s.silences[i].alive++
			s.silences[i].straddling--
		}
		if last == in {
			break
		}
	}
}

// begunBefore returns how many silences had begun before a time.
func (h *watchedHost) begunBefore(t int64) int {
	return sort.Search(len(h.starts), func(i int) bool { return h.starts[i] >= t })
}

// livedIn reports whether the host was heard of during the silence on a connection, or the connection began in it; that it was
// heard of after the silence began is known.
func (c *silentTime) livedIn(p *presence) bool {
	return p.start > c.from && p.start < c.to || p.heard < c.to
}

// during returns the counts for a silence.
func (s *sighting) during(silence int) sightingThen {
	then := s.silences[silence]
	for _, n := range s.passed[silence+1:] {
		then.straddling += n
	}
	return then
}
