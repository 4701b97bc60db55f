package arena

import "testing"

// A block is zero, of whatever size.
func TestNewBlock(t *testing.T) {
	for _, n := range []int{1, 1000, hugePage / 8, 3*hugePage/8 + 5} {
		block := NewBlock[int64](n)
		if len(block) != n {
			t.Fatalf("%d elements, want %d", len(block), n)
		}
		for i, v := range block {
			if v != 0 {
				t.Fatalf("block of %d: element %d is %d", n, i, v)
			}
			block[i] = 7
		}
	}
}
