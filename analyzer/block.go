package analyzer

import "unsafe"

// hugePage is the size of huge pages on nearly all machines; where it is another, wantHugePages asks for a little more.
const hugePage = 2 << 20

// maxBlock is how many octets are allocated at once at most: some huge pages.
const maxBlock = 4 * hugePage

// newBlock returns zero elements for one of the lists of connections, on huge pages if they fill some.
func newBlock[T any](n int) []T {
	block := make([]T, n)
	size := int(unsafe.Sizeof(block[0]))
	if n*size < hugePage {
		return block
	}
	wantHugePages(block)
	// What is read before it is written to gets the kernel's page of zeros, and with the first write a small page of its own
	// instead of a huge one.
	var zero T
	for i := 0; i < n; i += max(1, hugePage/size) {
		block[i] = zero
	}
	block[n-1] = zero
	return block
}
