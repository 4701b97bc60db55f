package analyzer

import (
	"testing"

	"finscope/internal/decode"
)

// Whatever is loaded ahead stays as it is: connections that are open, closing, over, folded, or gone.
func TestFetchChangesNothing(t *testing.T) {
	s := newShard(newMachine(), 1)
	var refs []flowRef
	var entries []entry
	for i, flags := range []decode.Flags{0, decode.FIN, decode.RST, decode.RST, decode.RST} {
		w := lineUp(s, i, 1e9)
		w.p.seg.Flags |= flags
		enter(s, &w.p)
		f := s.flows.at(s.flows.len())
		refs = append(refs, flowRef{flow: f.id, shard: int16(i % 2)})
		entries = append(entries, entry{f.id, f.birth}, entry{f.id, f.birth + 1})
	}
	s.fold(s.flows.at(4))
	s.release(s.flows.at(5))
	if s.flows.at(4).flags&folded == 0 || s.flows.at(3).flags&ended == 0 {
		t.Fatal("nothing is folded, or over")
	}
	var want []flow
	for i := range s.flows.len() {
		want = append(want, *s.flows.at(i + 1))
	}
	const later = 1000e9
	s.fetchOver(entries, later)
	s.fetchListed(refs[:4], 0)
	s.fetchListed(refs[:4], 1)
	for i := range s.flows.len() {
		if got := *s.flows.at(i + 1); got != want[i] {
			t.Errorf("connection %d is\n%+v\nand was\n%+v", i+1, got, want[i])
		}
	}
	if inUse(&s.flows) != 4 || inUse(&s.closings) != 2 {
		t.Errorf("%d connections and %d side records are in use, want 4 and 2", inUse(&s.flows), inUse(&s.closings))
	}
}
