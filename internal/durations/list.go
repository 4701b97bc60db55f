// Package durations keeps very many durations, in ns, and picks quantiles of them without sorting all. Nothing here knows of
// packets.
package durations

// List is a list of durations in ns, in pieces that never move: a slice that grows leaves several times its size as garbage. The
// zero value is empty.
type List [][]int64

// The pieces of a list hold twice as many as the one before, within these bounds: most lists are short.
const (
	firstPiece = 4
	maxPiece   = 4096
)

// Add appends a duration.
func (l *List) Add(ns int64) {
	n := len(*l)
	if n == 0 || len((*l)[n-1]) == cap((*l)[n-1]) {
		size := firstPiece
		if n > 0 {
			size = min(2*len((*l)[n-1]), maxPiece)
		}
		*l = append(*l, make([]int64, 0, size))
		n++
	}
	(*l)[n-1] = append((*l)[n-1], ns)
}
