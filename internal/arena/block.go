package arena

import "unsafe"

// hugePage is the size of huge pages on nearly all machines.
const hugePage = 2 << 20

// NewBlock returns zero elements for a list that will be filled, on huge pages if the kernel has some there.
func NewBlock[T any](n int) []T {
	block := make([]T, n)
	wantHugePages(block)
	// What is read before it is written to gets the kernel's page of zeros first. With the first write it gets a page of its
	// own, for which all processors are interrupted (Linux, do_wp_page): a tenth of the time of two shards. Pages have 4 KiB or
	// more.
	var zero T
	for i := 0; i < n; i += max(1, 4096/int(unsafe.Sizeof(zero))) {
		block[i] = zero
	}
	return block
}
