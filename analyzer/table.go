package analyzer

// table finds the latest connection of a key: open addressing with linear probing over pairs of 8 bytes, the upper half of
// the key's hash and the connection's number, at most 3/4 full. It looks at connections only to compare keys.
type table struct {
	slots []slot
	used  int
}

type slot struct {
	hash uint32
	flow int32 // number of the connection; 0: free
}

// find returns the slot of a key: that of its connection, or the free one where it belongs.
func (t *table) find(h uint64, same func(flow int32) bool) *slot {
	mask := uint32(len(t.slots) - 1)
	half := uint32(h >> 32)
	for i := half & mask; ; i = (i + 1) & mask {
		sl := &t.slots[i]
		if sl.flow == 0 || sl.hash == half && same(sl.flow) {
			return sl
		}
	}
}

// remove frees a slot. Those behind it that were pushed on by it move up, so that no search ends too soon.
func (t *table) remove(sl *slot) {
	mask := uint32(len(t.slots) - 1)
	hole := sl.hash & mask
	for &t.slots[hole] != sl {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; t.slots[i].flow != 0; i = (i + 1) & mask {
		if home := t.slots[i].hash & mask; (i-home)&mask >= (i-hole)&mask {
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
	t.slots = make([]slot, max(1024, 2*len(old)))
	wantHugePages(t.slots)
	mask := uint32(len(t.slots) - 1)
	for _, sl := range old {
		if sl.flow == 0 {
			continue
		}
		i := sl.hash & mask
		for t.slots[i].flow != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = sl
	}
}
