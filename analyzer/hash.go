package analyzer

import (
	"math/bits"

	"finscope/internal/decode"
)

// The functions of this file give what keyOf and key.hash give, without asking which end is the smaller one: the
// direction of the next packet cannot be predicted, and a branch on it costs as much as the rest of either.

// turned returns all ones if the destination of a segment is the first end of its key, else 0.
func turned(seg *decode.Segment) uint64 {
	_, borrow := bits.Sub64(uint64(seg.DstPort), uint64(seg.SrcPort), 0)
	_, borrow = bits.Sub64(seg.Dst.Hi, seg.Src.Hi, borrow)
	_, borrow = bits.Sub64(seg.Dst.Lo, seg.Src.Lo, borrow)
	return -borrow
}

// swapIf returns its arguments, swapped if mask is all ones.
func swapIf(mask, a, b uint64) (uint64, uint64) {
	d := (a ^ b) & mask
	return a ^ d, b ^ d
}

// orient is keyOf.
func orient(seg *decode.Segment) (k key, second bool) {
	mask := turned(seg)
	k.a.Lo, k.b.Lo = swapIf(mask, seg.Src.Lo, seg.Dst.Lo)
	k.a.Hi, k.b.Hi = swapIf(mask, seg.Src.Hi, seg.Dst.Hi)
	pa, pb := swapIf(mask, uint64(seg.SrcPort), uint64(seg.DstPort))
	k.pa, k.pb = uint16(pa), uint16(pb)
	return k, mask != 0
}

// hashOf is the hash of the key.
func hashOf(seg *decode.Segment, seed uint64) uint64 {
	mask := turned(seg)
	a, b := swapIf(mask, seg.Src.Lo, seg.Dst.Lo)
	pa, pb := swapIf(mask, uint64(seg.SrcPort), uint64(seg.DstPort))
	hi, lo := bits.Mul64(a^seed, b^bits.RotateLeft64(seed*0x9e3779b97f4a7c15, 32))
	h := hi ^ lo ^ pa<<16 ^ pb
	if seg.Src.Hi|seg.Dst.Hi != 0 {
		a, b = swapIf(mask, seg.Src.Hi, seg.Dst.Hi)
		hi, lo = bits.Mul64(a^h, b^seed)
		h = hi ^ lo
	}
	hi, lo = bits.Mul64(h^seed, 0xd6e8feb86659fd93)
	return hi ^ lo
}
