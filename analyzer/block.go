package analyzer

import "unsafe"

// hugePage is the size of huge pages on nearly all machines; where it is another, wantHugePages asks for a little more.
const hugePage = 2 << 20

// manyPages is from which size on a block is likely to be used all over.
const manyPages = 1 << 19

// newBlock returns zero elements for one of the lists of connections, on huge pages if they fill some and the kernel has them.
func newBlock[T any](n int) []T {
	block := make([]T, n)
	size := int(unsafe.Sizeof(block[0]))
	if n*size >= manyPages {
		wantHugePages(block)
	}
	// What is read before it is written to gets the kernel's page of zeros first. With the first write it gets a page of its
	// own, for which all processors are interrupted (Linux, do_wp_page): a tenth of the time of two shards. Pages have 4 KiB or
	// more.
	var zero T
	for i := 0; i < n; i += max(1, 4096/size) {
		block[i] = zero
	}
	return block
}
