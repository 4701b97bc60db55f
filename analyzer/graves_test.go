package analyzer

import "testing"

// What goes in comes out, in order, however the two take turns, and the room of what went out is given back.
func TestGraves(t *testing.T) {
	var g graves
	if _, ok := g.first(); ok {
		t.Error("there is one at the start")
	}
	in, out := uint64(0), uint64(0)
	for range 5000 {
		for range 3 {
			g.add(grave{hash: in})
			in++
		}
		for range 2 {
			got, ok := g.first()
			if !ok || got.hash != out {
				t.Fatalf("got %d, %v, want %d", got.hash, ok, out)
			}
			g.drop()
			out++
		}
	}
	for ; out < in; out++ {
		if got, ok := g.first(); !ok || got.hash != out {
			t.Fatalf("got %d, %v, want %d", got.hash, ok, out)
		}
		g.drop()
	}
	if _, ok := g.first(); ok || len(g.all) > 2048 {
		t.Errorf("there is room for %d at the end (empty: %v)", len(g.all), !ok)
	}
}
