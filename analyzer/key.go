package analyzer

import (
	"math/bits"

	"finscope/internal/decode"
)

// ends are the addresses and ports of a connection, endpoint 0 first.
type ends struct {
	a, b   decode.Addr
	pa, pb uint16
}

// endsOf returns the ends of a connection that begins with a segment.
func endsOf(seg *decode.Segment) ends { return ends{seg.Src, seg.Dst, seg.SrcPort, seg.DstPort} }

// matches reports whether a segment runs between these ends, and whether the second one sent it.
func (k *ends) matches(seg *decode.Segment) (same, second bool) {
	forth := differ(k.a, seg.Src, k.pa, seg.SrcPort) | differ(k.b, seg.Dst, k.pb, seg.DstPort)
	back := differ(k.a, seg.Dst, k.pa, seg.DstPort) | differ(k.b, seg.Src, k.pb, seg.SrcPort)
	return min(forth, back) == 0, forth != 0
}

// differ returns 0 if two ends are the same.
func differ(a, b decode.Addr, pa, pb uint16) uint64 {
	return (a.Hi ^ b.Hi) | (a.Lo ^ b.Lo) | uint64(pa^pb)
}

// key is how a connection keeps its ends: the lower halves of two IPv4 addresses. Those of IPv6 are in shard.wides, a is
// their index (flow.flags has wide).
type key struct {
	a, b   uint32
	pa, pb uint16
}

// wideEnds are two addresses that do not fit into a key.
type wideEnds struct{ a, b decode.Addr }

// setEnds gives f its ends.
func (s *shard) setEnds(f *flow, k ends) {
	f.key = key{uint32(k.a.Lo), uint32(k.b.Lo), k.pa, k.pb}
	if !k.a.Is4() || !k.b.Is4() {
		i := s.wides.Add()
		*s.wides.At(i) = wideEnds{k.a, k.b}
		f.flags |= wide
		f.key.a = uint32(i)
	}
	if k.a == k.b && k.pa == k.pb {
		f.flags |= self
	}
}

// sender reports whether a segment runs between the ends of f, and which endpoint sent it. Both have the same hash, which those
// of an IPv6 segment that agrees with IPv4 ends in the last 32 bits of its addresses have not.
func (s *shard) sender(f *flow, seg *decode.Segment) (same bool, x int) {
	if f.flags&wide != 0 {
		k := s.ends(f)
		same, second := k.matches(seg)
		return same, btoi(second)
	}
	forth, back := f.key.differences(seg)
	return min(forth, back) == 0, btoi(forth != 0)
}

// differences returns in what the ends of a segment differ from those of an IPv4 connection, on its way from endpoint 0 and
// back. It asks nothing about the direction, which cannot be predicted: a branch on it costs as much as all the rest.
func (k *key) differences(seg *decode.Segment) (forth, back uint64) {
	addrs, ports := uint64(uint32(seg.Src.Lo))|seg.Dst.Lo<<32, uint32(seg.SrcPort)|uint32(seg.DstPort)<<16
	ownAddrs, ownPorts := uint64(k.a)|uint64(k.b)<<32, uint32(k.pa)|uint32(k.pb)<<16
	forth = addrs ^ ownAddrs | uint64(ports^ownPorts)
	back = bits.RotateLeft64(addrs, 32) ^ ownAddrs | uint64(bits.RotateLeft32(ports, 16)^ownPorts)
	return forth, back
}

// ends returns the ends of f.
func (s *shard) ends(f *flow) ends {
	k := &f.key
	if f.flags&wide != 0 {
		w := s.wides.At(int32(k.a))
		return ends{w.a, w.b, k.pa, k.pb}
	}
	return ends{addr4(k.a), addr4(k.b), k.pa, k.pb}
}

// addr4 returns the IPv4 address of these 32 bits.
func addr4(a uint32) decode.Addr { return decode.Addr{Lo: 0xffff<<32 | uint64(a)} }

// hash mixes ends with a seed, so that nobody can choose addresses that collide.
func (k *ends) hash(seed uint64) uint64 {
	return hashEnds(k.a.Hi, k.a.Lo, k.pa, k.b.Hi, k.b.Lo, k.pb, seed)
}

// hashOf is the hash of a segment's ends.
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
