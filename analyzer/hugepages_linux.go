package analyzer

import (
	"syscall"
	"unsafe"
)

// wantHugePages asks the kernel for huge pages under a block of memory that will be used all over: with pages of 4 KiB
// nearly every look at one of a million connections misses the TLB, and each page is one more fault. Linux gives them to
// those who ask (/sys/kernel/mm/transparent_hugepage/enabled: madvise); that it does not is no error. The bounds are
// widened to whole pages: what lies around belongs to the same heap.
func wantHugePages[T any](block []T) {
	size := len(block) * int(unsafe.Sizeof(block[0]))
	if size < hugePage {
		return
	}
	start := unsafe.Pointer(unsafe.SliceData(block))
	before := int(uintptr(start) % hugePage)
	b := unsafe.Slice((*byte)(unsafe.Add(start, -before)), (before+size+hugePage-1)/hugePage*hugePage)
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) // without them it is only slower
}
