package analyzer

import "testing"

// What goes in comes out, in order, however the two take turns, and the room of what went out is given back.
func TestQueue(t *testing.T) {
	var q queue
	if _, ok := q.first(); ok {
		t.Error("a new queue is not empty")
	}
	in, out := int32(0), int32(0)
	for range 5000 {
		for range 3 {
			q.add(turn{id: in})
			in++
		}
		for range 2 {
			got, ok := q.first()
			if !ok || got.id != out {
				t.Fatalf("got %d, %v, want %d", got.id, ok, out)
			}
			q.drop()
			out++
		}
	}
	for ; out < in; out++ {
		if got, ok := q.first(); !ok || got.id != out {
			t.Fatalf("got %d, %v, want %d", got.id, ok, out)
		}
		q.drop()
	}
	if _, ok := q.first(); ok || len(q.turns) > 2048 {
		t.Errorf("%d places are left in an empty queue (empty: %v)", len(q.turns), !ok)
	}
}
