package analyzer

import "finscope/internal/arena"

// table finds the latest connection between two ends: open addressing with linear probing, at most 3/4 full.
type table struct {
	slots []slot
	used  int
}

// slot is a place of the table: the hash of the ends, and the connection that was the latest between them.
type slot struct {
	hash uint64
	flow int32  // its number; 0: the slot is free; gone or goneEarly: its records were given back
	last uint32 // when its latest packet came, by coarse; valid if it is gone
}

// Values of slot.flow for a connection whose records were given back. Then the hash stands for the ends: that two of a capture
// agree in 64 seeded bits does not happen.
const (
	gone      = -1
	goneEarly = -2 // it had been finished early: see bound.go
)

// find returns the slot of a hash: that of the connection for which same is true, or of one that is gone, or the free one
// where it belongs.
func (t *table) find(h uint64, same func(flow int32) bool) *slot {
	mask := uint32(len(t.slots) - 1)
	for i := uint32(h>>32) & mask; ; i = (i + 1) & mask {
		sl := &t.slots[i]
		if sl.flow == 0 || sl.hash == h && (sl.flow < 0 || same(sl.flow)) {
			return sl
		}
	}
}

// likely returns the number of the connection between ends with this hash, but for one case in 2^64: it compares no ends. 0 or
// below if there is none, or it is gone.
func (t *table) likely(h uint64) int32 {
	mask := uint64(len(t.slots) - 1)
	for i := h >> 32 & mask; ; i = (i + 1) & mask {
		if sl := &t.slots[i]; sl.hash == h || sl.flow == 0 {
			return sl.flow
		}
	}
}

// home is where the search for the connection of a slot begins.
func (sl *slot) home(mask uint32) uint32 { return uint32(sl.hash>>32) & mask }

// remove frees a slot. Those behind it that were pushed on by it move up, so that no search ends too soon.
func (t *table) remove(sl *slot) {
	mask := uint32(len(t.slots) - 1)
	hole := sl.home(mask)
	for &t.slots[hole] != sl {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; t.slots[i].flow != 0; i = (i + 1) & mask {
		if home := t.slots[i].home(mask); (i-home)&mask >= (i-hole)&mask {
			t.slots[hole] = t.slots[i]
			hole = i
		}
	}
	t.slots[hole] = slot{}
	t.used--
}

// grow doubles the table when it is 3/4 full.
func (t *table) grow() {
	if t.used < len(t.slots)/4*3 {
		return
	}
	old := t.slots
	t.slots = arena.NewBlock[slot](max(1024, 2*len(old)))
	mask := uint32(len(t.slots) - 1)
	for _, sl := range old {
		if sl.flow == 0 {
			continue
		}
		i := sl.home(mask)
		for t.slots[i].flow != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = sl
	}
}
