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
		f := s.flows.At(s.flows.Len())
		refs = append(refs, flowRef{flow: f.id, shard: int16(i % 2)})
		entries = append(entries, entry{f.id, f.birth}, entry{f.id, f.birth + 1})
	}
	s.fold(s.flows.At(4))
	s.release(s.flows.At(5))
	if s.flows.At(4).flags&folded == 0 || s.flows.At(3).flags&ended == 0 {
		t.Fatal("nothing is folded, or over")
	}
	var want []flow
	for i := range s.flows.Len() {
		want = append(want, *s.flows.At(i + 1))
	}
	const later = 1000e9
	s.fetchOver(entries, later)
	s.fetchListed(refs[:4], 0)
	s.fetchListed(refs[:4], 1)
	for i := range s.flows.Len() {
		if got := *s.flows.At(i + 1); got != want[i] {
			t.Errorf("connection %d is\n%+v\nand was\n%+v", i+1, got, want[i])
		}
	}
	if s.flows.InUse() != 4 || s.closings.InUse() != 2 {
		t.Errorf("%d connections and %d side records are in use, want 4 and 2", s.flows.InUse(), s.closings.InUse())
	}
}
