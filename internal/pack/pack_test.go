package pack

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What is unpacked is what was packed, whatever the words and however many; nothing is written outside the octets that Append returns
// and the eight behind them.
func TestPack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		all := make([]uint64, rng.IntN(70))
		last := uint64(1_700_000_000e9)
		for i := range all {
			switch rng.IntN(5) {
			case 0:
			case 1:
				all[i] = last + uint64(rng.Int64N(2e9)) - 1e9
			case 2:
				all[i] = ^uint64(0) >> rng.IntN(64)
			default:
				all[i] = rng.Uint64() >> rng.IntN(64)
			}
		}
		b := Append(make([]byte, 3, 1024), all, last)
		got := make([]uint64, len(all))
		if n := Unpack(b[3:len(b)+8], got, last); n != len(b)-3 || !slices.Equal(got, all) {
			t.Fatalf("%d octets of %d: %x, want %x", n, len(b)-3, got, all)
		}
	}
}

func TestWords(t *testing.T) {
	r := struct{ a, b uint64 }{1, 2}
	if w := Words(&r); !slices.Equal(w, []uint64{1, 2}) {
		t.Errorf("words %v", w)
	}
}
