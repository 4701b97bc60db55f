package capture

// merge keeps inputs as a heap, the one whose packet comes next on top: earliest time first, argument order on equal times.
// Every input but the top holds its next packet. Only heads are compared, so each file keeps its own order even where its
// clock went backwards.
type merge []*input

func (m merge) before(i, j int) bool {
	a, b := m[i], m[j]
	if s, t := a.head[0].Time, b.head[0].Time; s != t {
		return s < t
	}
	return a.index < b.index
}

// heapify orders a slice whose inputs all hold a packet.
func (m merge) heapify() {
	for i := len(m)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
}

// sink restores the order after the packet of input i has been replaced by a later one.
func (m merge) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(m) {
			return
		}
		if right := child + 1; right < len(m) && m.before(right, child) {
			child = right
		}
		if !m.before(child, i) {
			return
		}
		m[i], m[child] = m[child], m[i]
		i = child
	}
}

// pop removes the top.
func (m *merge) pop() {
	h := *m
	last := len(h) - 1
	h[0] = h[last]
	h[last] = nil
	*m = h[:last]
	m.sink(0)
}
