package analyzer

import (
	"slices"
	"testing"
)

// What was added is there, in order, and takes little more than itself.
func TestDurations(t *testing.T) {
	var d durations
	var want []int64
	for i := range int64(50_000) {
		d.add(i * i)
		want = append(want, i*i)
		if i == 0 && (len(d) != 1 || cap(d[0]) > firstPiece) {
			t.Errorf("one duration takes %d pieces", len(d))
		}
	}
	if got := slices.Concat(d...); !slices.Equal(got, want) {
		t.Errorf("%d durations are not those %d that were added", len(got), len(want))
	}
	room := 0
	for _, piece := range d {
		room += cap(piece)
	}
	if room > len(want)+maxPiece {
		t.Errorf("room for %d", room)
	}
}
