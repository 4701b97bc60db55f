package lab

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newFile wraps a descriptor for a child process.
func newFile(fd int) *os.File { return os.NewFile(uintptr(fd), "socket") }

// connectRaw is connect with an address that package unix has no type for.
func connectRaw(fd int, a *unix.RawSockaddr) error {
	if _, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(a)), unsafe.Sizeof(*a)); errno != 0 {
		return errno
	}
	return nil
}
