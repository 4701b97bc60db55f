package capgen

import (
	"math/rand/v2"
	"testing"
)

func TestSumIsRFC1071(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for n := range 200 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32()) | byte(n%2*0xff) // every other one all ones: the most carries
		}
		if got, want := fold(sum(0, b)), plainSum(b); got != want {
			t.Errorf("% x: %04x, want %04x", b, got, want)
		}
	}
}

func TestWrongIsWrong(t *testing.T) {
	for right := range 1 << 16 {
		for _, partial := range []uint16{0, 1, uint16(right) ^ 0x5555, ^(uint16(right) ^ 0x3333)} {
			bad := wrong(uint16(right), partial)
			if bad == uint16(right) || bad == partial || bad == 0 || bad == 0xffff {
				t.Fatalf("wrong(%04x, %04x) = %04x", right, partial, bad)
			}
		}
	}
}
