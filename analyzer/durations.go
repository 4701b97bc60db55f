package analyzer

// durations is a list of times in ns, in pieces that never move: a slice that grows leaves several times its size as garbage.
type durations [][]int64

// The pieces of durations hold twice as many as the one before, within these bounds: most services have few connections.
const (
	firstPiece = 4
	maxPiece   = 4096
)

func (d *durations) add(ns int64) {
	n := len(*d)
	if n == 0 || len((*d)[n-1]) == cap((*d)[n-1]) {
		size := firstPiece
		if n > 0 {
			size = min(2*len((*d)[n-1]), maxPiece)
		}
		*d = append(*d, make([]int64, 0, size))
		n++
	}
	(*d)[n-1] = append((*d)[n-1], ns)
}
