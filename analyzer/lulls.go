package analyzer

// lulls finds, of some moments, those at which all connections had ended that were open before the last of them ended: an
// end of a process looks so.
type lulls struct {
	moments
	last   []int64 // by moment: when the last connection before it ended; 0: none did
	oldest []int64 // by moment: when the first began of those that end after it; maxTime: none do
}

func newLulls(m moments) *lulls {
	l := &lulls{m, make([]int64, len(m.times)), make([]int64, len(m.times))}
	for i := range l.oldest {
		l.oldest[i] = maxTime
	}
	return l
}

// add enters a connection.
func (l *lulls) add(start, end int64) {
	i := l.before(end)
	if i < len(l.last) {
		l.last[i] = max(l.last[i], end)
	}
	if i > 0 {
		l.oldest[i-1] = min(l.oldest[i-1], start)
	}
}

// ends returns, once all are entered, the ends of the last connections before these moments, each once.
func (l *lulls) ends() (out []int64) {
	n := len(l.times)
	for i := 1; i < n; i++ {
		l.last[i] = max(l.last[i], l.last[i-1])
	}
	for i := n - 2; i >= 0; i-- {
		l.oldest[i] = min(l.oldest[i], l.oldest[i+1])
	}
	for i, last := range l.last {
		if last != 0 && l.oldest[i] > last && (len(out) == 0 || out[len(out)-1] != last) {
			out = append(out, last)
		}
	}
	return out
}
