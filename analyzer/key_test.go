package analyzer

import (
	"math/rand/v2"
	"testing"

	"finscope/internal/decode"
)

// randomKey returns a key of IPv4 or IPv6 ends, in any order.
func randomKey(rng *rand.Rand) ends {
	addr := func(v6 bool) decode.Addr {
		if v6 {
			return decode.Addr{Hi: 0x2001_0db8<<32 | uint64(rng.Uint32N(4)), Lo: uint64(rng.Uint32N(32))}
		}
		return decode.Addr{Lo: 0xffff_0a00_0000 | uint64(rng.Uint32N(64))}
	}
	v6 := rng.Uint32N(3) == 0
	seg := decode.Segment{Src: addr(v6), Dst: addr(v6), SrcPort: uint16(rng.Uint32N(16)), DstPort: uint16(80 + rng.Uint32N(2))}
	return endsOf(&seg)
}

// Both directions of a connection have one hash.
func TestHashSymmetry(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	addrs := []decode.Addr{
		{Lo: 0xffff_0a00_0001}, {Lo: 0xffff_0a00_0002}, {Lo: 0xffff_ffff_ffff}, {Hi: 0x2001_0db8 << 32, Lo: 1},
		{Hi: 0x2001_0db8 << 32, Lo: 2}, {Hi: 0x2001_0db8<<32 | 1, Lo: 1}, {Lo: 1}, {Hi: 1 << 63, Lo: 0xffff_0a00_0001},
	}
	ports := []uint16{0, 1, 80, 32768, 65535}
	for range 20_000 {
		out := decode.Segment{
			Src: addrs[rng.IntN(len(addrs))], Dst: addrs[rng.IntN(len(addrs))],
			SrcPort: ports[rng.IntN(len(ports))], DstPort: ports[rng.IntN(len(ports))],
		}
		back := decode.Segment{Src: out.Dst, Dst: out.Src, SrcPort: out.DstPort, DstPort: out.SrcPort}
		k, j := endsOf(&out), endsOf(&back)
		if hashOf(&out, 7) != k.hash(7) || hashOf(&back, 7) != k.hash(7) || j.hash(7) != k.hash(7) {
			t.Fatalf("%+v: another hash on the way back, or of the ends", out)
		}
	}
}

// hashParts are the parts of a hash that are used for themselves: the slot of the table, the shard, what is compared.
func hashParts() map[string]func(h uint64) int {
	return map[string]func(h uint64) int{
		"shard":    func(h uint64) int { return int(h >> 8 & 255) },
		"slot":     func(h uint64) int { return int(h >> 32 & 255) },
		"compared": func(h uint64) int { return int(h >> 56) },
	}
}

// checkSpread fails if hashes do not fall into 256 buckets about as evenly as chance would have it: chi-square with 255
// degrees of freedom has mean 255 and standard deviation 22.6, and is above 400 once in 10^8 times.
func checkSpread(t *testing.T, name string, hashes []uint64) {
	t.Helper()
	for part, of := range hashParts() {
		var buckets [256]int
		for _, h := range hashes {
			buckets[of(h)]++
		}
		expected := float64(len(hashes)) / 256
		chi := 0.0
		for _, n := range buckets {
			chi += (float64(n) - expected) * (float64(n) - expected) / expected
		}
		if chi > 400 {
			t.Errorf("%s: the %s bits are uneven: chi-square %.0f", name, part, chi)
		}
	}
}

// Addresses and ports of real networks are anything but random: they count up.
func TestHashSpreads(t *testing.T) {
	const n = 1 << 14
	v4 := func(i int) decode.Addr { return decode.Addr{Lo: 0xffff_0a00_0000 + uint64(i)} }
	v6 := func(hi, lo int) decode.Addr { return decode.Addr{Hi: 0x2001_0db8<<32 + uint64(hi), Lo: uint64(lo)} }
	patterns := map[string]func(i int) ends{
		"client ports":              func(i int) ends { return ends{v4(1), v4(2), uint16(i), 80} },
		"server ports":              func(i int) ends { return ends{v4(1), v4(2), 40000, uint16(i)} },
		"client addresses":          func(i int) ends { return ends{v4(i), v4(1 << 20), 40000, 443} },
		"server addresses":          func(i int) ends { return ends{v4(1), v4(2 + i), 40000, 443} },
		"networks":                  func(i int) ends { return ends{v4(i << 8), v4(1 << 23), 40000, 443} },
		"addresses and ports":       func(i int) ends { return ends{v4(i / 64), v4(1 << 20), uint16(32768 + i%64), 443} },
		"both ends":                 func(i int) ends { return ends{v4(i), v4(i + 1), 40000, 443} },
		"both ends and their ports": func(i int) ends { return ends{v4(i), v4(1<<20 + i), uint16(i), uint16(i)} },
		"from port 0":               func(i int) ends { return ends{v4(i), v4(1 << 20), 0, 443} },
		"from port 1":               func(i int) ends { return ends{v4(i), v4(1 << 20), 1, 443} },
		"ports of one sum":          func(i int) ends { return ends{v4(1), v4(2), uint16(i), uint16(n - i)} },
		"one port at both ends":     func(i int) ends { return ends{v4(1), v4(2), uint16(i), uint16(i)} },
		"both ends the same":        func(i int) ends { return ends{v4(i), v4(i), 40000, 40000} },
		"IPv6 ports and networks":   func(i int) ends { return ends{v6(n-i, 1), v6(0, 2), uint16(i), 443} },
		"IPv6 interfaces":           func(i int) ends { return ends{v6(0, i), v6(1, 1<<20), 40000, 443} },
		"IPv6 networks":             func(i int) ends { return ends{v6(i, 1), v6(1<<20, 2), 40000, 443} },
		"IPv6 client ports":         func(i int) ends { return ends{v6(0, 1), v6(0, 2), uint16(i), 443} },
	}
	for name, of := range patterns {
		for seed := range uint64(3) {
			hashes := make([]uint64, n)
			for i := range hashes {
				k := of(i)
				hashes[i] = k.hash(seed*0x123456789abcdef + 1)
			}
			checkSpread(t, name, hashes)
		}
	}
}

// Whoever does not know the seed cannot make keys that collide: not by making a factor of the hash 1 or a power of two,
// and not by finding keys that collide under another seed.
func TestHashCannotBeChosen(t *testing.T) {
	const n = 1 << 12
	for _, known := range []uint64{0, 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93} {
		for shift := range 64 {
			distinct := map[uint64]bool{}
			for i := range uint64(n) {
				// The ports undo what the address changes, if it goes through a multiplication by 1<<shift unmixed.
				k := ends{decode.Addr{Hi: 1, Lo: i << 16}, decode.Addr{Hi: 2, Lo: known ^ 1<<shift}, uint16(i), 80}
				distinct[k.hash(0x5bd1e9955bd1e995)] = true
			}
			if len(distinct) < n-1 {
				t.Errorf("b = %#x ^ 1<<%d: %d keys have %d hashes", known, shift, n, len(distinct))
			}
		}
	}

	var collide []ends
	rng := rand.New(rand.NewPCG(3, 3))
	for len(collide) < n {
		k := ends{decode.Addr{Lo: 0xffff_0000_0000 | uint64(rng.Uint32())}, decode.Addr{Lo: 0xffff_ffff_ffff}, uint16(rng.Uint32()), 443}
		if k.hash(1)&1023 == 0 {
			collide = append(collide, k)
		}
	}
	hashes := make([]uint64, n)
	for i := range collide {
		hashes[i] = collide[i].hash(0x5bd1e9955bd1e995)
	}
	checkSpread(t, "keys that collide under another seed", hashes)

	var tab keyTable
	tab.table.grow()
	for i := range collide {
		tab.insert(collide[i], 2)
	}
	// In an evenly filled table of 8192 slots, half full, a search of more than a hundred slots does not happen.
	for i := range collide {
		if probes := tab.probes(collide[i], 2); probes > 100 {
			t.Fatalf("key %d is found after %d slots", i, probes)
		}
	}
}

// A connection keeps its ends, and tells the senders of its segments apart as the ends themselves do.
func TestSender(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	lows := []uint64{1, 0xffff_0a00_0001, 0xffff_0a00_0002, 0x1ffff_0a00_0001, 0xfffe_0a00_0001}
	segment := func() decode.Segment {
		addr := func() decode.Addr { return decode.Addr{Hi: uint64(rng.IntN(8) / 7), Lo: lows[rng.IntN(len(lows))]} }
		return decode.Segment{Src: addr(), Dst: addr(), SrcPort: uint16(rng.IntN(2)), DstPort: uint16(rng.IntN(2))}
	}
	s := newShard(newMachine(), 1)
	met, wides := 0, 0
	for range 500_000 {
		one, other := segment(), segment()
		k := endsOf(&one)
		var f flow
		s.setEnds(&f, k)
		if got := s.ends(&f); got != k {
			t.Fatalf("ends %+v, want %+v", got, k)
		}
		if is := f.flags&self != 0; is != (one.Src == one.Dst && one.SrcPort == one.DstPort) {
			t.Fatalf("%+v: the same socket: %v", one, is)
		}
		want, wantSecond := k.matches(&other)
		back := ends{other.Dst, other.Src, other.DstPort, other.SrcPort}
		if want != (k == endsOf(&other) || k == back) || want && wantSecond != (k != endsOf(&other)) {
			t.Fatalf("%+v and %+v: %v %v", one, other, want, wantSecond)
		}
		if f.flags&wide == 0 && !(other.Src.Is4() && other.Dst.Is4()) {
			continue // they have not the same hash
		}
		same, x := s.sender(&f, &other)
		if same != want || same && x != btoi(wantSecond) {
			t.Fatalf("%+v and %+v: %v %v, want %v %v", one, other, same, x, want, wantSecond)
		}
		if same {
			met++
		}
		if f.flags&wide != 0 {
			s.wides.Release(int32(f.key.a))
			wides++
		}
	}
	if met == 0 || wides == 0 {
		t.Errorf("%d were the same, %d were wide", met, wides)
	}
}
