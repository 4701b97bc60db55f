package analyzer

import (
	"runtime"
	"syscall"
	"unsafe"
)

// wantHugePages asks the kernel for huge pages under a block of memory that will be used all over: with pages of 4 KiB
// nearly every look at one of a million connections misses the TLB, and each page is one more fault. Linux gives them to
// those who ask (/sys/kernel/mm/transparent_hugepage/enabled: madvise); that it does not is no error. The bounds are
// widened to whole pages: what lies around belongs to the same heap.
func wantHugePages[T any](block []T) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(block)))
	size := uintptr(len(block)) * unsafe.Sizeof(block[0])
	if size < manyPages {
		return
	}
	end := (start + size + hugePage - 1) &^ (hugePage - 1)
	start &^= hugePage - 1
	syscall.Syscall(syscall.SYS_MADVISE, start, end-start, syscall.MADV_HUGEPAGE) // refused, it is only slower
	runtime.KeepAlive(block)
}
