package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Lab is what all runs of a process share: the tracer and the namespace that the others descend from.
type Lab struct {
	tracer   *tracer
	noEvents string
	root     *space
	base     byte

	mu     sync.Mutex
	number int
}

// Open prepares the laboratory. The error says what is missing: it needs root, network namespaces and packet sockets.
// Without tracefs it works, and the truth says that events are missing.
func Open() (*Lab, error) {
	l := &Lab{base: byte(unix.Getpid()%251) + 1}
	root, err := newSpace("root", nil)
	if err != nil {
		return nil, err
	}
	l.root = root
	// A socket table of its own and a small one, because sock_diag walks through it each time.
	if err := root.sysctl("net.ipv4.tcp_child_ehash_entries", "1024"); err != nil {
		l.noEvents = "" // older kernels have one table for all: polling is slower there, and that is all
	}
	if l.tracer, err = newTracer(); err != nil {
		l.noEvents = err.Error()
	}
	return l, nil
}

// NoEvents says why the kernel's tracepoints cannot be read; empty if they can.
func (l *Lab) NoEvents() string { return l.noEvents }

// Close ends the tracing.
func (l *Lab) Close() {
	if l.tracer != nil {
		l.tracer.close()
	}
	l.root.close()
}

// setup says how the hosts of a run are set.
type setup struct {
	v6     bool
	delay  time.Duration // one way
	client []string      // sysctls NAME=VALUE
	server []string
	mtu    int  // of all links; 0: 1500
	mptcp  bool // sockets are those of Multipath TCP
	twice  bool // each tap captures every packet twice
}

// Play is a run that goes on: what a scenario works with.
type Play struct {
	lab      *Lab
	set      setup
	wire     *wire
	fw       *forwarder
	taps     [4]*tap
	pollers  [2]*poller
	patience time.Duration // how long a call blocks
	stop     func()
	listener *conn // of the latest pair

	mu       sync.Mutex
	calls    []Call
	events   []Event
	conns    []*conn
	cleanups []func()
	truth    Truth
}

// failure is what ends a scenario early.
type failure struct{ error }

func (p *Play) fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

func (p *Play) atEnd(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cleanups = append(p.cleanups, f)
}

func (p *Play) host(s Side) *host {
	if s == Client {
		return &p.wire.client
	}
	return &p.wire.server
}

// Run makes a run of a scenario.
func (l *Lab) run(name string, set setup, f func(*Play)) (run *Run, err error) {
	p, err := l.start(name, set)
	if p != nil {
		defer p.cleanup()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(failure)
			if !ok {
				e = failure{fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
			}
			run, err = nil, fmt.Errorf("%s: %w", name, e.error)
		}
	}()
	f(p)
	return p.finish()
}

func (l *Lab) start(name string, set setup) (p *Play, err error) {
	l.mu.Lock()
	l.number = l.number%250 + 1
	number := l.number
	l.mu.Unlock()
	p = &Play{lab: l, set: set, patience: 5 * time.Second}
	if p.wire, err = newWire(l.root, number, l.base, set.v6, set.mtu); err != nil {
		return p, err
	}
	var uts unix.Utsname
	unix.Uname(&uts)
	p.truth = Truth{
		Scenario: name, Kernel: unix.ByteSliceToString(uts.Release[:]), NoEvents: l.noEvents,
		Client: p.wire.client.addr, Server: p.wire.server.addr,
	}
	for _, h := range []struct {
		side     Side
		settings []string
	}{{Client, set.client}, {Server, set.server}} {
		for _, s := range h.settings {
			k, v, _ := strings.Cut(s, "=")
			if err := p.host(h.side).sysctl(k, v); err != nil {
				return p, err
			}
			p.truth.Settings = append(p.truth.Settings, string(h.side)+" "+s)
		}
	}
	for i, t := range []struct {
		s    *space
		link string
	}{{p.wire.client.space, hostLink}, {p.wire.middle, toClientLink}, {p.wire.middle, toServerLink}, {p.wire.server.space, hostLink}} {
		if p.taps[i], err = newTap(t.s, t.link); err != nil {
			return p, err
		}
	}
	if p.fw, err = newForwarder(p.wire.middle, set.delay); err != nil {
		return p, err
	}
	if l.tracer != nil {
		p.stop = l.tracer.watch(p.event, p.truth.Client, p.truth.Server)
	}
	for i, side := range []Side{Client, Server} {
		if p.pollers[i], err = newPoller(p.host(side).space, side, set.v6); err != nil {
			p.truth.NoSightings = err.Error()
		}
	}
	return p, nil
}

// event takes an event of one of the hosts.
func (p *Play) event(ev Event) {
	ev.Who = Server
	if ev.Local.Addr() == p.truth.Client {
		ev.Who = Client
	}
	p.mu.Lock()
	p.events = append(p.events, ev)
	p.mu.Unlock()
}

// finish ends the recording with a frame that passes all taps.
func (p *Play) finish() (*Run, error) {
	p.settle(100 * time.Millisecond) // longer than a delayed acknowledgment
	mark := make([]byte, 60)
	binary.BigEndian.PutUint16(mark[12:], markType)
	copy(mark[14:], "end of the recording")
	for i := range p.fw.ports {
		h := []*host{&p.wire.client, &p.wire.server}[i]
		copy(mark, h.mac)
		p.fw.queue(&p.fw.ports[i], append([]byte(nil), mark...), 0)
	}
	p.settle(20 * time.Millisecond)
	run := &Run{Captures: map[Tap][]Frame{}}
	var all []Sighting
	for i, po := range p.pollers {
		if po == nil {
			continue
		}
		p.pollers[i] = nil
		sightings, err := po.close()
		if err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
		all = append(all, sightings...)
	}
	if p.lab.tracer != nil {
		if err := p.lab.tracer.sync(); err != nil {
			return nil, err
		}
	}
	for i, t := range Taps() {
		run.Dropped += p.taps[i].dropped()
		frames := p.taps[i].stop()
		p.taps[i] = nil
		for j, f := range frames {
			if isMark(f.Data) {
				frames = frames[:j+1]
				p.truth.End = max(p.truth.End, Moment(f.Time))
				break
			}
		}
		run.Captures[t] = frames
	}
	p.truth.Sightings = slices.DeleteFunc(all, func(s Sighting) bool { return s.After > p.truth.End })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.truth.Calls, p.truth.Events = p.calls, upTo(p.events, p.truth.End)
	p.fw.mu.Lock()
	p.truth.Network = p.fw.doings
	p.fw.mu.Unlock()
	if run.Dropped > 0 {
		return nil, errors.New("the taps missed frames")
	}
	run.Truth = p.truth
	return run, nil
}

// upTo returns the events until end.
func upTo(events []Event, end Moment) []Event {
	for i := range events {
		if events[i].Time > end {
			return events[:i]
		}
	}
	return events
}

// cleanup lets go of everything, whatever state the run is in.
func (p *Play) cleanup() {
	for _, t := range p.taps {
		if t != nil {
			t.stop()
		}
	}
	for _, po := range p.pollers {
		if po != nil {
			po.close()
		}
	}
	if p.stop != nil {
		p.stop()
	}
	for _, c := range p.conns {
		if c.fd >= 0 {
			unix.Close(c.fd)
		}
	}
	for _, f := range p.cleanups {
		f()
	}
	if p.fw != nil {
		p.fw.close()
	}
	if p.wire != nil {
		p.wire.close()
	}
}

// settle waits until nothing has passed the middle for a while.
func (p *Play) settle(quiet time.Duration) {
	end := time.Now().Add(5 * time.Second)
	time.Sleep(quiet) // what an application has just caused is on its way to the middle
	for time.Now().Before(end) && p.fw.idle() < quiet {
		time.Sleep(quiet / 4)
	}
}

// pause lets time pass.
func (p *Play) pause(d time.Duration) { time.Sleep(d) }

// until waits for a condition.
func (p *Play) until(what string, ok func() bool) {
	end := time.Now().Add(p.patience)
	for !ok() {
		if time.Now().After(end) {
			p.fail("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// gone waits until a side has no socket of a connection any more, or it is in TIME_WAIT.
func (p *Play) awaitState(side Side, port uint16, state string) {
	po := p.pollers[0]
	if side == Server {
		po = p.pollers[1]
	}
	if po == nil {
		p.fail("sock_diag is missing")
	}
	p.until(fmt.Sprintf("%s in %q", side, state), func() bool {
		if side == Client {
			return po.state(port, servicePort) == state
		}
		return po.state(servicePort, port) == state
	})
}

// inject sends a made-up segment to a side, as if the other had sent it. Numbers are relative to what the middle has
// seen: seq to the sender's next number, ack to what the sender last acknowledged.
func (p *Play) inject(to Side, port uint16, flags byte, seq, ack int32, tweak func(*crafted)) {
	c := crafted{flags: flags, window: 500}
	client := netip.AddrPortFrom(p.truth.Client, port)
	server := netip.AddrPortFrom(p.truth.Server, servicePort)
	c.src, c.dst = client, server
	if to == Client {
		c.src, c.dst = server, client
	}
	p.fw.mu.Lock()
	if k := p.fw.known[direction{c.src, c.dst}]; k != nil {
		c.seq, c.ack = k.nxt+uint32(seq), k.ack+uint32(ack)
	}
	p.fw.mu.Unlock()
	if tweak != nil {
		tweak(&c)
	}
	from, dst := p.host(to.other()), p.host(to)
	port0 := &p.fw.ports[0]
	if to == Server {
		port0 = &p.fw.ports[1]
	}
	frame := c.frame(dst.mac, from.mac)
	if s, ok := parse(frame); ok {
		p.fw.mu.Lock()
		p.fw.doings = append(p.fw.doings, Doing{Time: Moment(time.Now().UnixNano()), From: to.other(), What: madeUp, Packet: s.String()})
		p.fw.mu.Unlock()
	}
	p.fw.queue(port0, frame, 0)
}
