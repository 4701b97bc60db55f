package timeline

// Lulls finds, of some moments, those at which all connections had ended that were open before the last of them ended: an
// end of a process looks so.
type Lulls struct {
	Moments
	last   []int64 // by moment: when the last connection before it ended; 0: none did
	oldest []int64 // by moment: when the first began of those that end after it; Never: none do
}

// NewLulls returns one without connections.
func NewLulls(m Moments) *Lulls {
	l := &Lulls{m, make([]int64, len(m.times)), make([]int64, len(m.times))}
	for i := range l.oldest {
		l.oldest[i] = Never
	}
	return l
}

// Add enters a connection.
func (l *Lulls) Add(start, end int64) {
	i := l.Before(end)
	if i < len(l.last) {
		l.last[i] = max(l.last[i], end)
	}
	if i > 0 {
		l.oldest[i-1] = min(l.oldest[i-1], start)
	}
}

// Ends returns, once all are entered, the ends of the last connections before these moments, each once.
func (l *Lulls) Ends() (out []int64) {
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
