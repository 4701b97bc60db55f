package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// checkMetrics refuses an address of --metrics that cannot be listened on anywhere.
func (c *config) checkMetrics() error {
	if !c.given["metrics"] {
		return nil
	}
	hint := ""
	_, port, err := net.SplitHostPort(c.live.metrics)
	if n, perr := strconv.ParseUint(port, 10, 16); err == nil && perr == nil && n > 0 {
		return nil
	}
	if _, err := strconv.ParseUint(c.live.metrics, 10, 16); err == nil {
		hint = "--metrics :" + c.live.metrics + " is that port of all addresses, 127.0.0.1:" + c.live.metrics + " of this host alone"
	}
	return wrong(hint, "--metrics: give HOST:PORT or :PORT, not %q", c.live.metrics)
}

// listenMetrics opens the address of --metrics; nil without one.
func (c *config) listenMetrics() (net.Listener, error) {
	if c.live.metrics == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", c.live.metrics)
	if err == nil {
		return l, nil
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	out := &cliError{code: exitUsage, msg: fmt.Sprintf("--metrics %s: %v", c.live.metrics, err)}
	_, port, _ := net.SplitHostPort(c.live.metrics)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		out.msg = fmt.Sprintf("--metrics %s: the address is in use", c.live.metrics)
		out.hint = "ss -ltnp sport = :" + port + " names the program that listens there; give another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		out.msg = fmt.Sprintf("--metrics %s: this host has no such address", c.live.metrics)
		out.hint = "--metrics :" + port + " listens on all addresses it has"
	case errors.Is(err, syscall.EACCES):
		out.hint = "ports below 1024 need root; give a higher one"
	}
	return nil, out
}
