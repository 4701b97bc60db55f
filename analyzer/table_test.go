package analyzer

import (
	"math/rand/v2"
	"testing"
)

// keyTable is a table with the keys that a shard keeps in its arena.
type keyTable struct {
	table
	keys []ends // of the index minus one
}

// insert enters a key as a shard does and returns its index, and whether it is new.
func (tab *keyTable) insert(k ends, seed uint64) (int32, bool) {
	h := k.hash(seed)
	sl := tab.find(h, func(i int32) bool { return tab.keys[i-1] == k })
	if sl.flow != 0 {
		return sl.flow, false
	}
	tab.keys = append(tab.keys, k)
	i := int32(len(tab.keys))
	*sl = slot{hash: h, flow: i}
	tab.used++
	tab.grow()
	return i, true
}

// probes returns how many slots are looked at to find a key.
func (tab *keyTable) probes(k ends, seed uint64) int {
	h := k.hash(seed)
	sl := tab.find(h, func(i int32) bool { return tab.keys[i-1] == k })
	mask := uint32(len(tab.slots) - 1)
	n := 1
	for i := uint32(h>>32) & mask; &tab.slots[i] != sl; i = (i + 1) & mask {
		n++
	}
	return n
}

// However often it grows, a table finds what a map finds.
func TestTableAgainstMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var tab keyTable
	tab.grow()
	want := map[ends]int32{}
	for n := range 100_000 {
		k := randomKey(rng)
		i, isNew := tab.insert(k, 42)
		if old, ok := want[k]; ok == isNew || ok && old != i {
			t.Fatalf("insertion %d: index %d, new %v; the map has %d, %v", n, i, isNew, old, ok)
		}
		want[k] = i
		if 4*tab.used > 3*len(tab.slots) {
			t.Fatalf("%d used of %d slots, want at most 3/4", tab.used, len(tab.slots))
		}
	}
	if len(want) < 10_000 || len(want) > 99_000 {
		t.Fatalf("%d different keys: the test needs new ones and old ones", len(want))
	}
	for k, i := range want {
		if got, isNew := tab.insert(k, 42); isNew || got != i {
			t.Fatalf("%+v: index %d, new %v, want %d", k, got, isNew, i)
		}
	}
	if tab.used != len(want) {
		t.Errorf("%d slots used, want %d", tab.used, len(want))
	}
}

// Keys with one and the same hash are told apart, and followed by others in their slots.
func TestTableSameHash(t *testing.T) {
	var tab table
	tab.grow()
	const h = 1022<<32 | 1 // three slots before the end: the search goes round
	for i := range int32(5) {
		sl := tab.find(h, func(j int32) bool { return j == i+1 })
		if sl.flow != 0 {
			t.Fatalf("key %d found before it was entered, as %d", i+1, sl.flow)
		}
		*sl = slot{hash: h, flow: i + 1}
		tab.used++
	}
	for i := range int32(5) {
		if sl := tab.find(h, func(j int32) bool { return j == i+1 }); sl.flow != i+1 {
			t.Errorf("key %d found as %d", i+1, sl.flow)
		}
	}
	if sl := tab.find(2046<<32|1, func(int32) bool { t.Error("compared keys of different hashes"); return true }); sl.flow != 0 {
		t.Errorf("another hash found as %d", sl.flow)
	}
}

// A table from which keys are removed finds what a map finds, also where hashes crowd in few slots.
func TestTableRemove(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var tab table
	tab.grow()
	hashes := map[int32]uint64{} // by number
	find := func(i int32, h uint64) *slot { return tab.find(h, func(j int32) bool { return j == i }) }
	for n := int32(1); n <= 50_000; n++ {
		h := uint64(rng.Uint32N(1<<20))<<32 | 7
		if rng.IntN(2) == 0 {
			h = uint64(1020+rng.Uint32N(6))<<32 | 7 // round the end
		}
		sl := find(n, h)
		if sl.flow != 0 {
			t.Fatalf("%d is there before it was entered", n)
		}
		*sl = slot{hash: h, flow: n}
		tab.used++
		hashes[n] = h
		tab.grow()
		for i, h := range hashes {
			if len(hashes) < 300 {
				break
			}
			tab.remove(find(i, h))
			delete(hashes, i)
		}
		if n%1000 == 0 {
			for i, h := range hashes {
				if find(i, h).flow != i {
					t.Fatalf("after %d: %d is not found", n, i)
				}
			}
		}
	}
	if tab.used != len(hashes) {
		t.Errorf("%d slots used, want %d", tab.used, len(hashes))
	}
}
