package lab

import (
	"container/heap"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// forwarder is the middle: what comes in at one link goes out at the other, after the delay of the path and if no rule
// says otherwise.
type forwarder struct {
	ports [2]port // of the client, of the server
	wg    sync.WaitGroup

	mu     sync.Mutex
	delay  [2]time.Duration // one way, by sender
	rules  []*rule
	judge  func(from Side, s *Segment, k *known) (copies []time.Duration, did string) // of random runs; nil: none
	known  map[direction]*known
	doings []Doing
	last   time.Time // when the latest frame came in or went out
	queued int
}

// port is a link of the middle and what waits to go out there.
type port struct {
	side  Side
	file  *os.File
	index int
	wake  chan struct{}

	mu    sync.Mutex
	queue frameHeap
	count int
	done  bool
}

type waiting struct {
	due   time.Time
	order int
	frame []byte
	// counted says that the run is not idle while the frame waits; one that is held back for long is not waited for.
	counted bool
}

// soon is how long a frame may be held back for a run to wait for it.
const soon = 300 * time.Millisecond

type frameHeap []waiting

func (h frameHeap) Len() int { return len(h) }
func (h frameHeap) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].order < h[j].order
	}
	return h[i].due.Before(h[j].due)
}
func (h frameHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *frameHeap) Push(x any)   { *h = append(*h, x.(waiting)) }
func (h *frameHeap) Pop() any {
	old := *h
	w := old[len(old)-1]
	*h = old[:len(old)-1]
	return w
}

// newForwarder starts handing on.
func newForwarder(middle *space, delay time.Duration) (*forwarder, error) {
	fw := &forwarder{known: map[direction]*known{}, delay: [2]time.Duration{delay, delay}, last: time.Now()}
	for i, link := range []string{toClientLink, toServerLink} {
		f, index, err := packetSocket(middle, link, true)
		if err != nil {
			for j := range i {
				fw.ports[j].file.Close()
			}
			return nil, err
		}
		p := &fw.ports[i]
		p.side, p.file, p.index, p.wake = []Side{Client, Server}[i], f, index, make(chan struct{}, 1)
	}
	for i := range fw.ports {
		fw.wg.Go(func() { fw.receive(&fw.ports[i], &fw.ports[1-i]) })
		fw.wg.Go(func() { fw.send(&fw.ports[i]) })
	}
	return fw, nil
}

func (fw *forwarder) close() {
	for i := range fw.ports {
		p := &fw.ports[i]
		p.mu.Lock()
		p.done = true
		p.mu.Unlock()
		p.kick()
		p.file.Close()
	}
	fw.wg.Wait()
}

func (p *port) kick() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// receive takes the frames of one host and queues them for the other.
func (fw *forwarder) receive(in, out *port) {
	raw, err := in.file.SyscallConn()
	if err != nil {
		return
	}
	buf, oob := make([]byte, 70000), make([]byte, 256)
	for {
		n, _, _, err := recvFrame(raw, buf, oob)
		if err != nil {
			return
		}
		frame := append([]byte(nil), buf[:n]...)
		waits, back := fw.decide(in.side, frame)
		for _, wait := range waits {
			fw.queue(out, frame, wait)
		}
		if back {
			fw.queue(in, portUnreachable(frame), 0)
		}
	}
}

// decide returns after which delays a frame goes out, none if it is lost, and whether its sender is told that it did not arrive.
func (fw *forwarder) decide(from Side, frame []byte) (waits []time.Duration, back bool) {
	fw.mu.Lock()
	defer fw.mu.Unlock()
	fw.last = time.Now()
	delay := fw.delay[0]
	if from == Server {
		delay = fw.delay[1]
	}
	s, ok := parse(frame)
	if !ok {
		return []time.Duration{delay}, false
	}
	k := fw.direction(&s)
	defer k.note(&s)
	did := func(what string) {
		fw.doings = append(fw.doings, Doing{Time: Moment(fw.last.UnixNano()), From: from, What: what, Packet: s.String()})
	}
	if fw.judge != nil {
		copies, what := fw.judge(from, &s, k)
		if what != "" {
			did(what)
		}
		for i := range copies {
			copies[i] += delay
		}
		return copies, false
	}
	waits = []time.Duration{delay}
	for _, r := range fw.rules {
		if !r.meets(from, &s, k) {
			continue
		}
		did(string(r.do))
		switch r.do {
		case verbLose:
			return nil, false
		case verbReturn:
			return nil, true
		case verbLate:
			waits[0] += r.by
		case verbTwice:
			waits = append(waits, waits[0]+r.by)
		}
	}
	return waits, false
}

// direction returns what is known of a segment's direction. fw.mu is held.
func (fw *forwarder) direction(s *Segment) *known {
	d := direction{s.Src, s.Dst}
	k := fw.known[d]
	if k == nil {
		k = &known{}
		peer := &known{peer: k}
		k.peer = peer
		fw.known[d], fw.known[direction{s.Dst, s.Src}] = k, peer
	}
	return k
}

func (fw *forwarder) queue(out *port, frame []byte, wait time.Duration) {
	counted := wait < soon
	if counted {
		fw.mu.Lock()
		fw.queued++
		fw.mu.Unlock()
	}
	out.mu.Lock()
	out.count++
	heap.Push(&out.queue, waiting{time.Now().Add(wait), out.count, frame, counted})
	out.mu.Unlock()
	out.kick()
}

// send puts out at a link what is due there.
func (fw *forwarder) send(p *port) {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		if p.done {
			p.mu.Unlock()
			return
		}
		var next waiting
		wait := time.Hour
		if len(p.queue) > 0 {
			if wait = time.Until(p.queue[0].due); wait <= 0 {
				next = heap.Pop(&p.queue).(waiting)
			}
		}
		p.mu.Unlock()
		if next.frame != nil {
			raw.Write(func(fd uintptr) bool {
				err := unix.Sendto(int(fd), next.frame, 0, &unix.SockaddrLinklayer{Ifindex: p.index, Protocol: htons(unix.ETH_P_IP)})
				return err != unix.EAGAIN
			})
			fw.mu.Lock()
			fw.last = time.Now()
			if next.counted {
				fw.queued--
			}
			fw.mu.Unlock()
			continue
		}
		timer.Reset(wait)
		select {
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// idle returns for how long no frame has passed; 0 while one waits.
func (fw *forwarder) idle() time.Duration {
	fw.mu.Lock()
	defer fw.mu.Unlock()
	if fw.queued > 0 {
		return 0
	}
	return time.Since(fw.last)
}

// add puts rules into force, behind those there are.
func (fw *forwarder) add(rules ...*rule) {
	fw.mu.Lock()
	defer fw.mu.Unlock()
	fw.rules = append(fw.rules, rules...)
}

// clear ends all rules.
func (fw *forwarder) clear() {
	fw.mu.Lock()
	defer fw.mu.Unlock()
	fw.rules = nil
}
