package arena

import "testing"

// Asking for huge pages changes nothing about the memory, wherever its bounds lie.
func TestWantHugePages(t *testing.T) {
	for _, n := range []int{1, 100, hugePage/8 - 1, hugePage / 8, 3*hugePage/8 + 5} {
		block := make([]uint64, n)
		for i := range block {
			block[i] = uint64(i)
		}
		wantHugePages(block)
		for i, v := range block {
			if v != uint64(i) {
				t.Fatalf("block of %d: word %d is %d", n, i, v)
			}
		}
	}
}
