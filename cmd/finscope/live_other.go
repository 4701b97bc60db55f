//go:build !unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// reportSignal returns a channel that nothing comes from: this system has no SIGUSR1.
func reportSignal() (<-chan os.Signal, func()) { return nil, func() {} }

func brokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

func relinquish(string) error { return errors.New("this system has no users to change to") }
