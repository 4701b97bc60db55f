package analyzer

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"finscope/internal/decode"
	"finscope/internal/timeline"
)

// What a survey finds out about refusals in one look is what lists of all TIME_WAITs and of all that was accepted tell once
// they are sorted.
func TestSurvey(t *testing.T) {
	asked := 0
	for seed := range uint64(20) {
		p := newPlay(seed)
		port := uint16(30000)
		for range 100 {
			port++
			when := time.Duration(1+p.rng.IntN(20_000)) * 10 * time.Millisecond
			switch p.rng.IntN(4) {
			case 0:
				p.refuse(port, when)
			case 1:
				p.accept(port, when)
			default:
				p.accept(port, when).closeBy(p.rng.IntN(2))
			}
		}
		slices.SortStableFunc(p.packets, func(a, b packet) int { return int(a.time - b.time) })
		l := ledgerOf(analyzePackets(t, p.packets))
		acc := l.account(netip.MustParseAddrPort("192.0.2.5:80"))
		s := l.survey(acc, nil, nil)
		var held []timeline.Span
		var accepted []int64
		refused := 0
		for _, p := range acc.pages {
			p.eachWait(func(w *heldWait, r *brief) {
				if w.server {
					held = append(held, timeline.Span{From: w.since, To: w.until})
				}
			})
			p.eachBrief(func(r *brief) {
				if r.marks.has(tookPort) {
					accepted = append(accepted, r.start)
				}
				if r.marks.has(refusedSYN) {
					refused++
				}
			})
		}
		slices.Sort(accepted)
		waits := timeline.CrowdOf(held)
		if len(s.refused) != refused || s.latest != accepted[len(accepted)-1] {
			t.Fatalf("seed %d: %d refusals, want %d; last accepted at %d, want %d", seed, len(s.refused), refused, s.latest, accepted[len(accepted)-1])
		}
		for _, e := range s.refused {
			asked++
			n, gone := s.waiting(e.Time)
			wantN, wantGone := waits.At(e.Time)
			again := int64(timeline.Never)
			if i, _ := slices.BinarySearch(accepted, e.Time); i < len(accepted) {
				again = accepted[i]
			}
			if n != wantN || gone != wantGone || s.again(e.Time) != again {
				t.Fatalf("seed %d, refused at %d: %d TIME_WAITs until %d, accepted again at %d; want %d until %d, and %d",
					seed, e.Time, n, gone, s.again(e.Time), wantN, wantGone, again)
			}
			if at := s.standAt(e.Time); len(at.streams) != n || n > 0 && at.until != gone || !slices.IsSorted(at.streams) {
				t.Fatalf("seed %d: %+v at %d, want %d until %d", seed, at, e.Time, n, gone)
			}
		}
	}
	if asked < 200 {
		t.Errorf("%d refusals", asked)
	}
}

// No holder is counted less often than it is there.
func TestHolderCounts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	c := make(holderCounts, holderParts)
	want := map[decode.Addr]int{}
	for range 20_000 {
		a := decode.Addr{Lo: 0xffff<<32 | uint64(rnd.IntN(3000))}
		if rnd.IntN(3) == 0 {
			a = decode.Addr{Hi: 0xfd00 << 48, Lo: uint64(rnd.IntN(100))}
		}
		c.add(a)
		want[a]++
	}
	most := 0
	for a, n := range want {
		most = max(most, n)
		if c.atMost(a) < n {
			t.Fatalf("%v counted %d times of %d", a.Netip(), c.atMost(a), n)
		}
	}
	if n := c.most(); n < most || n >= 20_000 {
		t.Error("the counts say nothing")
	}
}
