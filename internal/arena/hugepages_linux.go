package arena

import (
	"runtime"
	"syscall"
	"unsafe"
)

const (
	manyPages = 1 << 15 // from which size on a block has so many pages that it pays to ask
	heapStep  = 4 << 20 // by which the heap grows (package runtime: pallocChunkBytes)
)

// wantHugePages asks the kernel for huge pages under a block of memory that will be used all over: with pages of 4 KiB
// nearly every look at one of a million connections misses the TLB, and each page is one more fault. Linux gives them to
// those who ask (/sys/kernel/mm/transparent_hugepage/enabled: madvise); that it does not is no error. The bounds are
// widened to whole steps of the heap: a huge page is given only where nothing was touched before, and by whatever of the heap
// is touched first.
func wantHugePages[T any](block []T) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(block)))
	size := uintptr(len(block)) * unsafe.Sizeof(*new(T))
	if size < manyPages {
		return
	}
	end := (start + size + heapStep - 1) &^ (heapStep - 1)
	start &^= heapStep - 1
	syscall.Syscall(syscall.SYS_MADVISE, start, end-start, syscall.MADV_HUGEPAGE) // refused, it is only slower
	runtime.KeepAlive(block)
}
