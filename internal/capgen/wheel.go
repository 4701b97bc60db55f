package capgen

// none ends a list of slots.
const none = -1

// wheel is a timer wheel: slot numbers in order of time. A heap of a million slots costs several cache misses for each
// packet, the wheel one. Times of equal value come in the order of their slots, so that the order is reproducible.
//
// A slot is in the wheel at most once. No time may lie before the one returned last.
type wheel struct {
	timers  []timer // by slot
	buckets []int32 // first slot of each list
	shift   uint    // a bucket is 1<<shift nanoseconds wide
	now     int64   // the bucket that is being emptied, counted from time 0
	current []int32 // what is left of it, the next one last
	len     int
}

type timer struct {
	at   int64
	next int32
}

// newWheel returns a wheel for so many slots that does best if all of them are in use and return after about mean
// nanoseconds. Longer delays cost a visit for each turn of the wheel.
func newWheel(slots int, mean int64) *wheel {
	w := &wheel{timers: make([]timer, slots)}
	for 2<<w.shift <= mean/int64(slots) {
		w.shift++
	}
	n := 1024
	for int64(n)<<w.shift < 8*mean {
		n *= 2
	}
	w.buckets = make([]int32, n)
	for i := range w.buckets {
		w.buckets[i] = none
	}
	return w
}

// add schedules slot at a time.
func (w *wheel) add(slot int32, at int64) {
	w.len++
	w.timers[slot].at = at
	bucket := at >> w.shift
	if bucket <= w.now {
		w.insert(slot)
		return
	}
	w.link(slot, bucket)
}

// link puts a slot in the list of its bucket, or in the last one of this turn if its time is further away.
func (w *wheel) link(slot int32, bucket int64) {
	bucket = min(bucket, w.now+int64(len(w.buckets))-1)
	list := &w.buckets[bucket&int64(len(w.buckets)-1)]
	w.timers[slot].next = *list
	*list = slot
}

// insert puts a slot among the current ones, which are few.
func (w *wheel) insert(slot int32) {
	w.current = append(w.current, slot)
	for i := len(w.current) - 1; i > 0 && w.before(w.current[i-1], slot); i-- {
		w.current[i-1], w.current[i] = slot, w.current[i-1]
	}
}

func (w *wheel) before(a, b int32) bool {
	x, y := w.timers[a].at, w.timers[b].at
	return x < y || x == y && a < b
}

// next removes the slot with the earliest time. It reports false if there is none.
func (w *wheel) next() (slot int32, at int64, ok bool) {
	if w.len == 0 {
		return 0, 0, false
	}
	for len(w.current) == 0 {
		w.advance()
	}
	last := len(w.current) - 1
	slot = w.current[last]
	w.current = w.current[:last]
	w.len--
	return slot, w.timers[slot].at, true
}

// advance makes the next bucket the current one.
func (w *wheel) advance() {
	w.now++
	list := &w.buckets[w.now&int64(len(w.buckets)-1)]
	slot := *list
	*list = none
	for slot != none {
		next := w.timers[slot].next
		if bucket := w.timers[slot].at >> w.shift; bucket > w.now {
			w.link(slot, bucket)
		} else {
			w.insert(slot)
		}
		slot = next
	}
}
