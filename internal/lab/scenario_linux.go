package lab

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// servicePort is the server's port, firstPort the client's first one.
const (
	servicePort = 8080
	firstPort   = 40001
)

// Scenario is one line of the catalogue of closes.
type Scenario struct {
	Number int    // in the catalogue; variants have the same number
	Title  string // what happens
	Long   bool   // takes more than 10 s: not in the short group

	// Client, Server and First are what the catalogue says came of it, and the kernel has to agree, or the scenario did
	// not show what it is about: the final states ("" is not checked) and who closed first.
	Client, Server string
	First          string

	setup setup
	rules func() []*rule
	play  func(*Play)
}

// Name is the scenario's name, fit for a directory.
func (s *Scenario) Name() string {
	b := []byte(fmt.Sprintf("%03d-%s", s.Number, s.Title))
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			b[i] = '-'
		}
	}
	return string(b)
}

// Record plays a scenario.
func (l *Lab) Record(s *Scenario) (*Run, error) {
	set := s.setup
	if set.delay == 0 {
		set.delay = 5 * time.Millisecond
	}
	run, err := l.run(s.Name(), set, func(p *Play) {
		if s.rules != nil {
			p.fw.add(s.rules()...)
		}
		s.play(p)
	})
	if err == nil && set.twice {
		run.captureTwice()
	}
	return run, err
}

// captureTwice gives each tap every frame twice, as a mirror port of both directions does.
func (run *Run) captureTwice() {
	const later = 20e3 // ns
	for tap, frames := range run.Captures {
		out := make([]Frame, 0, 2*len(frames))
		for _, f := range frames {
			again := f
			again.Time += later
			out = append(out, f, again)
		}
		slices.SortStableFunc(out, func(a, b Frame) int { return cmp.Compare(a.Time, b.Time) })
		run.Captures[tap] = out
	}
}

// pair opens a connection, without a byte of data.
func (p *Play) pair() (c, s *conn) {
	p.listener = p.listen(servicePort, 16)
	c = p.connect(firstPort, servicePort)
	if s = p.listener.accept(); s == nil {
		p.fail("nothing to accept")
	}
	p.settle(25 * time.Millisecond)
	return c, s
}

// prelude opens a connection over which the client has sent 100 bytes and the server 200, all read and acknowledged.
func (p *Play) prelude() (c, s *conn) {
	c, s = p.pair()
	p.exchange(c, s)
	return c, s
}

// exchange sends 100 bytes and 200 bytes back.
func (p *Play) exchange(c, s *conn) {
	c.write(100)
	s.read(100)
	s.write(200)
	c.read(200)
	p.until("the last acknowledgment", func() bool { return c.unacked() == 0 && s.unacked() == 0 })
	p.settle(25 * time.Millisecond)
}
