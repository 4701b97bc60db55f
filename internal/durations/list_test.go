package durations

import (
	"slices"
	"testing"
)

// What was added is there, in order, and takes little more than itself.
func TestList(t *testing.T) {
	var l List
	var want []int64
	for i := range int64(50_000) {
		l.Add(i * i)
		want = append(want, i*i)
		if i == 0 && (len(l) != 1 || cap(l[0]) > firstPiece) {
			t.Errorf("one duration takes %d pieces", len(l))
		}
	}
	if got := slices.Concat(l...); !slices.Equal(got, want) {
		t.Errorf("%d durations are not those %d that were added", len(got), len(want))
	}
	room := 0
	for _, piece := range l {
		room += cap(piece)
	}
	if room > len(want)+maxPiece {
		t.Errorf("room for %d", room)
	}
}
