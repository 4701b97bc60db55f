package analyzer

import (
	"math/bits"

	"finscope/internal/decode"
)

// key is the address and port pair of a connection, the smaller end first: both directions have the same key. Its ports are
// wide enough to leave no gap behind them: a copy of a key may bring along whatever was in one, which would be packed with it.
type key struct {
	a, b   decode.Addr
	pa, pb uint32
}

// keyOf returns the key of a segment and whether its sender is the second end of it. It asks nothing: the direction of the
// next packet cannot be predicted, and a branch on it costs as much as all the rest.
func keyOf(seg *decode.Segment) (k key, second bool) {
	_, borrow := bits.Sub64(uint64(seg.DstPort), uint64(seg.SrcPort), 0)
	_, borrow = bits.Sub64(seg.Dst.Hi, seg.Src.Hi, borrow)
	_, borrow = bits.Sub64(seg.Dst.Lo, seg.Src.Lo, borrow)
	mask := -borrow // all ones if the destination is the first end
	k.a.Lo, k.b.Lo = swapIf(mask, seg.Src.Lo, seg.Dst.Lo)
	k.a.Hi, k.b.Hi = swapIf(mask, seg.Src.Hi, seg.Dst.Hi)
	pa, pb := swapIf(mask, uint64(seg.SrcPort), uint64(seg.DstPort))
	k.pa, k.pb = uint32(pa), uint32(pb)
	return k, mask != 0
}

// swapIf returns its arguments, swapped if mask is all ones.
func swapIf(mask, a, b uint64) (uint64, uint64) {
	d := (a ^ b) & mask
	return a ^ d, b ^ d
}

// matches reports whether k is the key of a segment, and whether its sender is the second end of it, as keyOf would say. It does
// not branch on the direction either.
func (k *key) matches(seg *decode.Segment) (same, second bool) {
	forth := differ(k.a, seg.Src, k.pa, seg.SrcPort) | differ(k.b, seg.Dst, k.pb, seg.DstPort)
	back := differ(k.a, seg.Dst, k.pa, seg.DstPort) | differ(k.b, seg.Src, k.pb, seg.SrcPort)
	return min(forth, back) == 0, forth != 0
}

// differ returns 0 if two ends are the same.
func differ(a, b decode.Addr, pa uint32, pb uint16) uint64 {
	return (a.Hi ^ b.Hi) | (a.Lo ^ b.Lo) | uint64(pa^uint32(pb))
}

// hash mixes a key with a seed, so that nobody can choose addresses that collide.
func (k *key) hash(seed uint64) uint64 {
	return hashEnds(k.a.Hi, k.a.Lo, uint16(k.pa), k.b.Hi, k.b.Lo, uint16(k.pb), seed)
}

// hashOf is the hash of a segment's key without the key: it asks nothing about the order of the two ends.
func hashOf(seg *decode.Segment, seed uint64) uint64 {
	return hashEnds(seg.Src.Hi, seg.Src.Lo, seg.SrcPort, seg.Dst.Hi, seg.Dst.Lo, seg.DstPort, seed)
}

// hashEnds is the same whichever end comes first. No factor of a product may be known: it could be made 1 by an address,
// which takes the seed out of the product. A port is spread by a secret too, or an address could undo what it changes.
func hashEnds(aHi, aLo uint64, pa uint16, bHi, bLo uint64, pb uint16, seed uint64) uint64 {
	second := bits.RotateLeft64(seed*0x9e3779b97f4a7c15, 32)
	h := fold(aLo^second, aHi^seed+uint64(pa)*second) + fold(bLo^second, bHi^seed+uint64(pb)*second)
	return fold(h^seed, 0xd6e8feb86659fd93)
}

// fold multiplies and adds the halves of the product without carry.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
