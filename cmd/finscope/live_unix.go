//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// reportSignal returns the channel that asks for a report: SIGUSR1.
func reportSignal() (<-chan os.Signal, func()) { return notify(syscall.SIGUSR1) }

func brokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

// relinquish makes the process run as another user, with that user's groups, for good and in all threads. The interface
// stays open.
func relinquish(name string) error {
	if os.Geteuid() != 0 {
		return errors.New("only root can become another user")
	}
	u, err := user.Lookup(name)
	if err != nil {
		return errors.New("there is no such user")
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	ids, err := u.GroupIds()
	if err != nil {
		return fmt.Errorf("its groups: %w", err)
	}
	groups := []int{gid}
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil && n != gid {
			groups = append(groups, n)
		}
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"setgroups", func() error { return syscall.Setgroups(groups) }},
		{"setgid", func() error { return syscall.Setgid(gid) }},
		{"setuid", func() error { return syscall.Setuid(uid) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	if os.Getuid() != uid || os.Geteuid() != uid || uid != 0 && syscall.Setuid(0) == nil {
		return errors.New("root could not be given up")
	}
	return nil
}
