package analyzer

import "unsafe"

// chunkSize is how many elements a chunk of an arena holds.
const chunkSize = 1024

// arena is a list that only grows, in chunks that never move: adding copies nothing, pointers to elements stay valid, and
// elements without pointers cost the garbage collector nothing. Index 0 is taken at the start and stands for "none"; after
// grow, what is there can be read, and is zero.
type arena[T any] struct {
	chunks []*[chunkSize]T
	n      int32
}

// add appends a zero element and returns its index, from 1.
func (a *arena[T]) add() int32 {
	a.n++
	if int(a.n)/chunkSize == len(a.chunks) {
		a.grow()
	}
	return a.n
}

// addSome appends zero elements side by side, at least one, and returns the index of the first.
func (a *arena[T]) addSome(n int) int32 {
	first := a.n + 1
	a.n += int32(n)
	for int(a.n)/chunkSize >= len(a.chunks) {
		a.grow()
	}
	return first
}

// grow adds chunks out of one block of memory: one at first, then a quarter of those there are, at most as many as make half a
// huge page. Larger blocks would be no faster, and lie half empty.
func (a *arena[T]) grow() {
	if len(a.chunks) == 0 { // small captures need a few elements of it
		first := new([chunkSize]T)
		wantHugePages(first[:])
		a.chunks = append(a.chunks, first)
		return
	}
	var zero T
	chunk := chunkSize * int(unsafe.Sizeof(zero))
	n := min(max(1, len(a.chunks)/4), (hugePage/2+chunk-1)/chunk)
	block := newBlock[T](n * chunkSize)
	for ; len(block) > 0; block = block[chunkSize:] {
		a.chunks = append(a.chunks, (*[chunkSize]T)(block))
	}
}

// at returns an element.
func (a *arena[T]) at(i int32) *T { return &a.chunks[uint32(i)/chunkSize][uint32(i)%chunkSize] }

// len returns how many elements were added; they have the indices 1 to len.
func (a *arena[T]) len() int32 { return a.n }

// freeArena is an arena whose elements can be given back.
type freeArena[T any] struct {
	arena[T]
	free []int32
}

// add returns the index of a zero element that nobody has.
func (a *freeArena[T]) add() int32 {
	n := len(a.free)
	if n == 0 {
		return a.arena.add()
	}
	i := a.free[n-1]
	a.free = a.free[:n-1]
	return i
}

// release gives an element back.
func (a *freeArena[T]) release(i int32) {
	var zero T
	*a.at(i) = zero
	a.free = append(a.free, i)
}
