package lab

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const tracefs = "/sys/kernel/tracing"

// tracer reads the tracepoints of all sockets of the machine from an instance of its own and hands each hit to the run
// whose address it carries.
type tracer struct {
	dir  string
	pipe *os.File
	wg   sync.WaitGroup

	mu     sync.Mutex
	offset int64 // from the trace clock (CLOCK_MONOTONIC) to the epoch
	runs   map[netip.Addr]func(Event)
	marks  map[string]chan struct{}
	lost   bool
	nmarks int
}

// newTracer starts tracing. The error says what is missing.
func newTracer() (*tracer, error) {
	if _, err := os.Stat(filepath.Join(tracefs, "instances")); err != nil {
		if err := unix.Mount("nodev", tracefs, "tracefs", 0, ""); err != nil {
			return nil, fmt.Errorf("mount tracefs on %s: %w", tracefs, err)
		}
	}
	t := &tracer{
		dir:  filepath.Join(tracefs, "instances", fmt.Sprintf("finscope-lab-%d", os.Getpid())),
		runs: map[netip.Addr]func(Event){}, marks: map[string]chan struct{}{},
	}
	t.offset = clockOffset()
	if err := os.Mkdir(t.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("tracing instance: %w", err)
	}
	for _, set := range []struct{ file, value string }{
		{"trace_clock", "mono"},
		{"buffer_size_kb", "4096"},
		{"buffer_percent", "0"},
		{"events/sock/" + evState + "/filter", "protocol == 6"},
		{"events/sock/" + evState + "/enable", "1"},
	} {
		if err := t.set(set.file, set.value); err != nil {
			t.remove()
			return nil, err
		}
	}
	for _, ev := range []string{evSendRST, evRecvRST, evRetransmit} {
		t.set("events/tcp/"+ev+"/enable", "1") // a kernel without one of these says less, and that is all
	}
	pipe, err := os.Open(filepath.Join(t.dir, "trace_pipe"))
	if err != nil {
		t.remove()
		return nil, err
	}
	t.pipe = pipe
	t.wg.Go(t.read)
	return t, nil
}

// clockOffset returns what to add to CLOCK_MONOTONIC to get the time since the epoch.
func clockOffset() int64 {
	best, offset := int64(1<<62), int64(0)
	for range 20 {
		var m1, r, m2 unix.Timespec
		unix.ClockGettime(unix.CLOCK_MONOTONIC, &m1)
		unix.ClockGettime(unix.CLOCK_REALTIME, &r)
		unix.ClockGettime(unix.CLOCK_MONOTONIC, &m2)
		if d := m2.Nano() - m1.Nano(); d < best {
			best, offset = d, r.Nano()-m1.Nano()-d/2
		}
	}
	return offset
}

func (t *tracer) set(file, value string) error {
	if err := os.WriteFile(filepath.Join(t.dir, file), []byte(value), 0); err != nil {
		return fmt.Errorf("tracing %s=%s: %w", file, value, err)
	}
	return nil
}

func (t *tracer) remove() { os.Remove(t.dir) }

// close ends tracing and removes the instance.
func (t *tracer) close() {
	t.set("tracing_on", "0")
	t.set("events/enable", "0")
	// A read of trace_pipe that waits is only woken by an event or a signal: a mark wakes it.
	t.set("tracing_on", "1")
	t.mu.Lock()
	t.runs = nil
	t.mu.Unlock()
	t.set("trace_marker", "lab-end")
	t.wg.Wait()
	t.pipe.Close()
	t.remove()
}

// watch hands the events of sockets with these addresses to f until the returned function is called.
func (t *tracer) watch(f func(Event), addrs ...netip.Addr) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offset = clockOffset()
	for _, a := range addrs {
		t.runs[a] = f
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, a := range addrs {
			delete(t.runs, a)
		}
	}
}

// sync waits until all events so far have been handed on.
func (t *tracer) sync() error {
	t.mu.Lock()
	t.nmarks++
	mark := fmt.Sprintf("lab-mark-%d", t.nmarks)
	ch := make(chan struct{})
	t.marks[mark] = ch
	t.mu.Unlock()
	if err := t.set("trace_marker", mark); err != nil {
		return err
	}
	select {
	case <-ch:
	case <-time.After(10 * time.Second):
		return errors.New("the trace pipe does not answer")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost {
		return errors.New("the kernel lost trace events")
	}
	return nil
}

func (t *tracer) read() {
	sc := bufio.NewScanner(t.pipe)
	for sc.Scan() {
		line := sc.Text()
		if strings.Contains(line, "LOST") {
			t.mu.Lock()
			t.lost = true
			t.mu.Unlock()
			continue
		}
		head, rest, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		name, args, _ := strings.Cut(rest, ": ")
		if name == "tracing_mark_write" {
			args = strings.TrimSpace(args)
			if args == "lab-end" {
				return
			}
			t.mu.Lock()
			if ch := t.marks[args]; ch != nil {
				close(ch)
				delete(t.marks, args)
			}
			t.mu.Unlock()
			continue
		}
		stamp, err := strconv.ParseFloat(head[strings.LastIndexByte(head, ' ')+1:], 64)
		if err != nil {
			continue
		}
		ev, ok := parseEvent(name, args)
		if !ok {
			continue
		}
		t.mu.Lock()
		ev.Time = Moment(int64(stamp*1e6+0.5)*1000 + t.offset)
		f := t.runs[ev.Local.Addr()]
		if f == nil {
			f = t.runs[ev.Remote.Addr()]
		}
		t.mu.Unlock()
		if f != nil {
			f(ev)
		}
	}
}

// parseEvent reads the text of a tracepoint hit.
func parseEvent(name, args string) (ev Event, ok bool) {
	ev.What = name
	get := map[string]string{}
	for _, field := range strings.Fields(args) {
		k, v, _ := strings.Cut(field, "=")
		get[k] = v
	}
	switch name {
	case evState:
		ev.Old, ev.New = fromKernel(get["oldstate"]), fromKernel(get["newstate"])
	case evSendRST:
		ev.Reason = get["reason"]
		var err1, err2 error
		ev.Local, err1 = netip.ParseAddrPort(get["src"])
		ev.Remote, err2 = netip.ParseAddrPort(get["dest"])
		return ev, err1 == nil && err2 == nil
	case evRecvRST:
	case evRetransmit:
		ev.Old = fromKernel(get["state"])
	default:
		return ev, false
	}
	v6 := ""
	if get["family"] == "AF_INET6" {
		v6 = "v6"
	}
	src, err1 := netip.ParseAddr(get["saddr"+v6])
	dst, err2 := netip.ParseAddr(get["daddr"+v6])
	sport, err3 := strconv.ParseUint(get["sport"], 10, 16)
	dport, err4 := strconv.ParseUint(get["dport"], 10, 16)
	ev.Local = netip.AddrPortFrom(src.Unmap(), uint16(sport))
	ev.Remote = netip.AddrPortFrom(dst.Unmap(), uint16(dport))
	return ev, errors.Join(err1, err2, err3, err4) == nil
}

// fromKernel turns TCP_FIN_WAIT1 into FIN_WAIT_1 and so on.
func fromKernel(s string) string {
	switch s = strings.TrimPrefix(s, "TCP_"); s {
	case "SYN_RECV", "NEW_SYN_RECV":
		return "SYN_RECEIVED"
	case "FIN_WAIT1":
		return "FIN_WAIT_1"
	case "FIN_WAIT2":
		return "FIN_WAIT_2"
	case "CLOSE":
		return "CLOSED"
	}
	return s
}
