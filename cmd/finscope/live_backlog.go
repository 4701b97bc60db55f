package main

import (
	"errors"

	"finscope/internal/capture"
)

// backlog keeps the packets that arrive while a report is made and written, which takes half a second with 100,000
// connections, and as long as its reader likes. The kernel's buffer would be full before.
type backlog struct {
	packets []capture.Packet // without Data
	ends    []int            // of each packet in data
	data    []byte
}

// maxBacklog is how many octets of packets are kept at most; then the kernel's buffer fills, and drops are counted.
const maxBacklog = 64 << 20

func (b *backlog) add(p *capture.Packet) {
	b.data = append(b.data, p.Data...)
	b.ends = append(b.ends, len(b.data))
	b.packets = append(b.packets, *p)
	b.packets[len(b.packets)-1].Data = nil
}

// during runs f in a goroutine of its own and keeps the packets that arrive meanwhile, which are taken in after it. Nothing
// else may use the session until then. It reports whether the run is complete.
func (l *live) during(f func() error) (complete bool, err error) {
	done := make(chan error, 1)
	go func() { done <- f() }()
	var b backlog
	err = l.keepUntil(done, &b)
	begin := 0
	for i, end := range b.ends {
		if complete || err != nil {
			break
		}
		b.packets[i].Data = b.data[begin:end]
		begin = end
		complete, err = l.take(&b.packets[i])
	}
	return complete, err
}

// keepUntil keeps packets until done, or until there is no room or there are no more.
func (l *live) keepUntil(done <-chan error, b *backlog) error {
	var p capture.Packet
	for len(b.data) < maxBacklog {
		select {
		case err := <-done:
			return err
		default:
		}
		switch err := l.src.Next(&p); {
		case err == nil:
			b.add(&p)
		case !errors.Is(err, capture.ErrQuiet):
			return <-done // it comes again
		}
	}
	return <-done
}
