// Package arena keeps many small records of one type in a list that never moves them, and gives out memory for long lists. It is
// not safe for use by several goroutines at a time: each shard has its own.
package arena

import "unsafe"

// chunkSize is how many elements a chunk of an arena holds.
const chunkSize = 1024

// List is a list that only grows, in chunks that never move: adding copies nothing, pointers to elements stay valid, and
// elements without pointers cost the garbage collector nothing. Index 0 is taken at the start and stands for "none"; after
// Grow, what is there can be read, and is zero. It has room for 2^31-1 elements. The zero value is empty.
type List[T any] struct {
	chunks []*[chunkSize]T
	n      int32
}

// Add appends a zero element and returns its index, from 1.
func (a *List[T]) Add() int32 {
	a.n++
	if int(a.n)/chunkSize == len(a.chunks) {
		a.Grow()
	}
	return a.n
}

// AddSome appends zero elements side by side, at least one, and returns the index of the first.
func (a *List[T]) AddSome(n int) int32 {
	first := a.n + 1
	a.n += int32(n)
	for int(a.n)/chunkSize >= len(a.chunks) {
		a.Grow()
	}
	return first
}

// Grow adds chunks out of one block of memory: one at first, then a quarter of those there are, at most as many as make half a
// huge page. Larger blocks would be no faster, and lie half empty.
func (a *List[T]) Grow() {
	if len(a.chunks) == 0 { // small captures need a few elements of it
		first := new([chunkSize]T)
		wantHugePages(first[:])
		a.chunks = append(a.chunks, first)
		return
	}
	var zero T
	chunk := chunkSize * int(unsafe.Sizeof(zero))
	n := min(max(1, len(a.chunks)/4), (hugePage/2+chunk-1)/chunk)
	block := NewBlock[T](n * chunkSize)
	for ; len(block) > 0; block = block[chunkSize:] {
		a.chunks = append(a.chunks, (*[chunkSize]T)(block))
	}
}

// At returns the element with an index that Add has returned, or element 0 once there is room.
func (a *List[T]) At(i int32) *T { return &a.chunks[uint32(i)/chunkSize][uint32(i)%chunkSize] }

// Len returns how many elements were added; they have the indices 1 to Len.
func (a *List[T]) Len() int32 { return a.n }

// Free is a List whose elements can be given back.
type Free[T any] struct {
	List[T]
	free []int32
}

// Add returns the index of a zero element that nobody has.
func (a *Free[T]) Add() int32 {
	n := len(a.free)
	if n == 0 {
		return a.List.Add()
	}
	i := a.free[n-1]
	a.free = a.free[:n-1]
	return i
}

// Release gives an element back.
func (a *Free[T]) Release(i int32) {
	var zero T
	*a.At(i) = zero
	a.free = append(a.free, i)
}

// InUse returns how many elements were added and not given back.
func (a *Free[T]) InUse() int { return int(a.Len()) - len(a.free) }

// Octets returns how much memory the elements and the list of those given back take, with the room for more.
func (a *Free[T]) Octets() int {
	var zero T
	return len(a.chunks)*chunkSize*int(unsafe.Sizeof(zero)) + 4*cap(a.free)
}
