package due

import (
	"math/rand/v2"
	"testing"
)

type entry struct{ id, birth int32 }

// takeAll takes all that is due.
func takeAll(w *Wheel[entry], now int64) (all []entry) {
	for p := w.Take(now); len(p.All()) > 0; p = w.Take(now) {
		all = append(all, p.All()...)
	}
	return all
}

// Each entry comes once, not before it is due, and soon after, however time goes on: in small steps, in leaps past all turns.
func TestWheel(t *testing.T) {
	const span int64 = 100e9
	for name, step := range map[string]int64{"small steps": 1e8, "a turn at a time": span / (Turns - 2), "leaps": 5 * span} {
		rng := rand.New(rand.NewPCG(1, 2))
		w := NewWheel[entry](span)
		now := int64(1_700_000_000e9)
		if p := w.Take(now); len(p.All()) > 0 {
			t.Fatal("something comes out of an empty wheel")
		}
		due := map[int32]int64{}
		id := int32(0)
		for range 3000 {
			for range rng.IntN(4) {
				id++
				due[id] = now + rng.Int64N(span)
				w.Add(entry{id, -id}, due[id])
			}
			now += rng.Int64N(2 * step)
			for _, e := range takeAll(&w, now) {
				at, there := due[e.id]
				if !there || e.birth != -e.id || at >= now {
					t.Fatalf("%s: %+v comes at %d, due at %d (known: %v)", name, e, now, at, there)
				}
				delete(due, e.id)
			}
			for i, at := range due {
				if now-at > 2*w.length {
					t.Fatalf("%s: %d is due since %d and has not come", name, i, now-at)
				}
			}
		}
		if id < 1000 {
			t.Errorf("%s: only %d entries", name, id)
		}
	}
}

// What is due before now, or later than a wheel reaches, comes all the same.
func TestWheelOutOfReach(t *testing.T) {
	w := NewWheel[entry](100e9)
	w.Take(1000e9)
	w.Add(entry{id: 1}, 5e9)
	w.Add(entry{id: 2}, 5000e9)
	w.Add(entry{id: 3}, -5e9)
	seen := map[int32]int64{}
	for now := int64(1000e9); now < 1200e9; now += 1e9 {
		for _, e := range takeAll(&w, now) {
			seen[e.id] = now - 1000e9
		}
	}
	if len(seen) != 3 || seen[1] > 4e9 || seen[3] > 4e9 || seen[2] < 96e9 {
		t.Errorf("came after %v ns", seen)
	}
}
