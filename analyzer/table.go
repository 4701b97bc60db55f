package analyzer

import (
	"math/bits"

	"finscope/internal/decode"
)

// key is the address and port pair of a connection, the smaller end first: both directions have the same key.
type key struct {
	a, b   decode.Addr
	pa, pb uint16
}

// keyOf returns the key of a segment and whether its sender is the second end of it.
func keyOf(seg *decode.Segment) (k key, second bool) {
	if less(seg.Dst, seg.DstPort, seg.Src, seg.SrcPort) {
		return key{seg.Dst, seg.Src, seg.DstPort, seg.SrcPort}, true
	}
	return key{seg.Src, seg.Dst, seg.SrcPort, seg.DstPort}, false
}

// is reports whether k and o are the same key. Ports and the low words of addresses differ most; comparing field by field
// saves a call.
func (k *key) is(o *key) bool {
	return k.pa == o.pa && k.pb == o.pb && k.a.Lo == o.a.Lo && k.b.Lo == o.b.Lo && k.a.Hi == o.a.Hi && k.b.Hi == o.b.Hi
}

func less(a decode.Addr, pa uint16, b decode.Addr, pb uint16) bool {
	if a.Lo != b.Lo {
		return a.Lo < b.Lo
	}
	if a.Hi != b.Hi {
		return a.Hi < b.Hi
	}
	return pa < pb
}

// hash mixes a key with a seed, so that nobody can choose addresses that collide: no factor may be known, or one could be
// made 1 by an address and take the seed out of the product.
func (k *key) hash(seed uint64) uint64 {
	hi, lo := bits.Mul64(k.a.Lo^seed, k.b.Lo^bits.RotateLeft64(seed*0x9e3779b97f4a7c15, 32))
	h := hi ^ lo ^ uint64(k.pa)<<16 ^ uint64(k.pb)
	if k.a.Hi|k.b.Hi != 0 {
		hi, lo = bits.Mul64(k.a.Hi^h, k.b.Hi^seed)
		h = hi ^ lo
	}
	hi, lo = bits.Mul64(h^seed, 0xd6e8feb86659fd93)
	return hi ^ lo
}

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
