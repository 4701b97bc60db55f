package analyzer

import (
	"math/rand/v2"
	"testing"

	"finscope/internal/decode"
)

// TestOrient checks orient and hashOf against keyOf and key.hash, on addresses and ports of which many are equal or differ
// in one part only.
func TestOrient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := []uint64{0, 1, 2, 0xffff_0a00_0001, 0xffff_0a00_0002, 1 << 63, 1<<64 - 1}
	ports := []uint16{0, 1, 80, 32768, 65535}
	word := func() uint64 { return words[rng.IntN(len(words))] }
	port := func() uint16 { return ports[rng.IntN(len(ports))] }
	for range 100_000 {
		seg := decode.Segment{
			Src: decode.Addr{Hi: word(), Lo: word()}, Dst: decode.Addr{Hi: word(), Lo: word()}, SrcPort: port(), DstPort: port(),
		}
		want, wantSecond := keyOf(&seg)
		if k, second := orient(&seg); k != want || second != wantSecond {
			t.Fatalf("%+v: %+v %v, want %+v %v", seg, k, second, want, wantSecond)
		}
		seed := rng.Uint64()
		if h := hashOf(&seg, seed); h != want.hash(seed) {
			t.Fatalf("%+v: hash %x, want %x", seg, h, want.hash(seed))
		}
	}
}
