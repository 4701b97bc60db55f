package analyzer

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// What is counted of the connections of a host, in two halves that are merged, is what looking at each connection for each
// silence counts.
func TestWatchedHost(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	host := netip.MustParseAddr("192.0.2.1")
	for range 300 {
		g := &gathering{trouble: newTrouble(500, &assumptions{})}
		for stream := range 1 + rnd.IntN(12) {
			since := rnd.Int64N(200)
			o := outage{stream: stream, since: since, until: since + rnd.Int64N(30) - 2}
			if rnd.IntN(2) == 0 {
				o.heard = o.until + rnd.Int64N(5)
			}
			g.silent[host] = append(g.silent[host], o)
		}
		w := g.watchHosts()
		h := &w.hosts[0]
		var all []presence
		halves := [2]sightings{{}, {}}
		for stream := range int32(40) {
			p := presence{start: rnd.Int64N(200), stream: stream}
			if rnd.IntN(5) > 0 {
				p.heard = p.start + rnd.Int64N(100) - 3
			}
			all = append(all, p)
			h.meet(halves[stream%2].of(w, 0), p, w.quiet.has(uint64(stream)))
		}
		halves[0].merge(halves[1])
		s := halves[0][0]
		for i := range h.silences {
			c := &h.silences[i]
			var want sightingThen
			for _, p := range all {
				switch {
				case c.members[int(p.stream)] || p.heard <= c.from:
				case p.start > c.from && p.start < c.to, p.heard < c.to:
					want.alive++
				default:
					want.straddling++
				}
			}
			if got := s.during(i); got != want {
				t.Fatalf("silence from %d to %d of %d: %+v, want %+v", c.from, c.to, len(h.silences), got, want)
			}
		}
	}
}

func TestNumberSet(t *testing.T) {
	s := make(numberSet, 3)
	for i := range uint64(300) {
		if i%7 == 0 && i < 192 {
			s.add(i)
		}
	}
	for i := range uint64(300) {
		if want := i%7 == 0 && i < 192; s.has(i) != want {
			t.Errorf("%d is in the set: %v", i, !want)
		}
	}
}
