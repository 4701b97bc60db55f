package analyzer

import (
	"path/filepath"
	"slices"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// The short way of ordinary segments leaves every connection as the way of all others does.
func TestOrdinary(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d captures, error %v", len(names), err)
	}
	names = append(names, benchCapture(t, "a", 2000), benchCapture(t, "b", 2000), benchCapture(t, "c", 500))
	short := uint64(0)
	for _, name := range names {
		packets, _ := decoded(name) // some are damaged
		short += sameFlows(t, filepath.Base(name), packets)
	}
	for seed := range uint64(50) {
		p := newPlay(seed)
		for port := range uint16(3) {
			u := &tuple{p: p, port: 40000 + port}
			u.live(30000)
		}
		slices.SortStableFunc(p.packets, func(a, b packet) int { return int(a.time - b.time) })
		for i := range p.packets {
			p.packets[i].seg.TTL = 60 + uint8(i%5) // paths change
		}
		short += sameFlows(t, "made up", p.packets)
	}
	if short == 0 {
		t.Error("no segment took the short way")
	}
}

// sameFlows enters packets twice, and returns how many may have taken the short way the second time.
func sameFlows(t *testing.T, name string, packets []packet) (short uint64) {
	t.Helper()
	var shards [2]*shard
	for i := range shards {
		s := newShard(newMachine(), 1)
		s.births.alone, s.plain = true, i == 0
		shards[i] = s
		for j := range packets {
			p := packets[j]
			p.frame = uint64(j + 1)
			h := hashOf(&p.seg, s.seed)
			if f := atHand(s, h); i == 1 && f != nil && f.flags&settled != 0 && p.seg.Flags&^decode.PSH == decode.ACK {
				short++
			}
			s.add(&p, h)
		}
	}
	want, got := shards[0], shards[1]
	if want.flows.Len() != got.flows.Len() || want.duplicates != got.duplicates {
		t.Fatalf("%s: %d connections and %d duplicates, want %d and %d", name, got.flows.Len(), got.duplicates, want.flows.Len(), want.duplicates)
	}
	for id := int32(1); id <= want.flows.Len(); id++ {
		w, g := *want.flows.At(id), *got.flows.At(id)
		wc, gc := closingAt(want, &w), closingAt(got, &g)
		wo, gx := *want.odds.At(w.odd), *got.odds.At(g.odd)
		wr, gr := *want.raritiesIn(&wo), *got.raritiesIn(&gx)
		if wg, gg := gapsAt(want, &w), gapsAt(got, &g); wg != gg {
			t.Fatalf("%s, connection %d: gaps %+v, want %+v", name, id, gg, wg)
		}
		w.closing, g.closing, w.odd, g.odd, wo.rare, gx.rare = 0, 0, 0, 0, 0, 0
		for x := range w.e {
			w.e[x].out.GapsAt, g.e[x].out.GapsAt = 0, 0
		}
		if w != g || wc != gc || wo != gx || wr != gr {
			t.Fatalf("%s, connection %d:\n%+v\n%+v\n%+v\nwant\n%+v\n%+v\n%+v", name, id, g, gc, gx, w, wc, wo)
		}
	}
	return short
}

// atHand returns the connection between ends with the hash h; nil if there is none.
func atHand(s *shard, h uint64) *flow {
	if sl := s.table.find(h, func(int32) bool { return true }); sl.flow > 0 {
		return s.flows.At(sl.flow)
	}
	return nil
}

func closingAt(s *shard, f *flow) closing {
	if f.closing == 0 {
		return closing{}
	}
	return *s.closings.At(f.closing)
}

// gapsAt returns the gaps of both sides.
func gapsAt(s *shard, f *flow) (out [2]reassembly.Gaps) {
	for x := range f.e {
		if f.e[x].out.GapsAt != 0 {
			out[x] = *s.gapsOf(&f.e[x])
		}
	}
	return out
}
