package lab

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A space is a network namespace without a name: it lives as long as its descriptor, sockets and links do.
type space struct {
	name string
	fd   int
}

// newSpace makes a namespace whose defaults come from parent; nil is the namespace of the process.
func newSpace(name string, parent *space) (*space, error) {
	s := &space{name: name, fd: -1}
	err := inThread(func() error {
		if parent != nil {
			if err := unix.Setns(parent.fd, unix.CLONE_NEWNET); err != nil {
				return err
			}
		}
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		s.fd = fd
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", name, err)
	}
	return s, nil
}

// do runs f in the namespace. What f opens stays there.
func (s *space) do(f func() error) error {
	return inThread(func() error {
		if err := unix.Setns(s.fd, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter namespace %s: %w", s.name, err)
		}
		return f()
	})
}

// inThread runs f in a thread of its own that ends with it, so that no namespace leaks into other goroutines.
func inThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread dies with the goroutine
		err := errors.New("the thread ended early")
		defer func() { done <- err }()
		err = f()
	}()
	return <-done
}

// sysctl sets a value of the namespace, by its name below /proc/sys: "net.ipv4.tcp_fin_timeout".
func (s *space) sysctl(name, value string) error {
	return s.do(func() error {
		path := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			return fmt.Errorf("sysctl %s=%s in %s: %w", name, value, s.name, err)
		}
		return nil
	})
}

func (s *space) close() {
	if s != nil && s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1
	}
}
