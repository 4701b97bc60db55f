package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// orderly are the scenarios of section 1 of the catalogue: closes by FIN with nothing lost.
func orderly() []Scenario {
	return []Scenario{
		{Number: 1, Title: "client first, 4 segments", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: clientFirst4},
		{Number: 2, Title: "client first, 3 segments", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			go func() { s.readEOF(); s.close() }()
			p.pause(10 * time.Millisecond)
			c.close()
			p.awaitState(Client, firstPort, "TIME_WAIT")
		}},
		{Number: 3, Title: "server first", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: serverFirst},
		{Number: 4, Title: "server first without data", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) {
			c, s := p.pair()
			s.close()
			c.readEOF()
			c.close()
		}},
		{Number: 5, Title: "simultaneous close", Client: "TIME_WAIT", Server: "TIME_WAIT", First: "both", setup: setup{delay: 30 * time.Millisecond}, play: bothClose},
		{Number: 8, Title: "near-simultaneous, not crossed at the endpoint", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{delay: 100 * time.Millisecond}, play: func(p *Play) {
			c, s := p.prelude()
			c.close()
			p.pause(150 * time.Millisecond)
			s.close()
		}},
		{Number: 12, Title: "FIN with data", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.pair()
			c.option("TCP_CORK", unix.TCP_CORK, 1)
			c.write(300)
			c.close()
			s.readEOF()
			s.close()
		}},
		{Number: 13, Title: "FIN on a Nagle-held tail", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{delay: 30 * time.Millisecond}, play: func(p *Play) {
			c, s := p.pair()
			c.write(10)
			c.write(10)
			c.close()
			s.readEOF()
			s.close()
		}},
		{Number: 14, Title: "bulk send then close", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{delay: 20 * time.Millisecond}, play: func(p *Play) {
			c, s := p.pair()
			c.write(200_000)
			c.close()
			s.readEOF()
			s.close()
		}},
		{Number: 15, Title: "half-close by the client, the server streams on", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.shutdown(unix.SHUT_WR)
			s.readEOF()
			s.write(30000)
			s.write(5000)
			s.close()
			c.readEOF()
			c.close()
		}},
		{Number: 16, Title: "half-close by the server, the client sends on", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) {
			c, s := p.prelude()
			s.shutdown(unix.SHUT_WR)
			c.readEOF()
			c.write(20000)
			c.close()
			s.readEOF()
			s.close()
		}},
		{Number: 17, Title: "ACK of the FIN piggybacked on data", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) {
			c, s := p.pair()
			p.fw.add(lose(Client, bareACK(), 1))
			s.shutdown(unix.SHUT_WR)
			c.read(1)
			c.write(100)
			s.read(100)
			c.close()
		}},
		{Number: 18, Title: "shutdown RDWR, the peer closes", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.shutdown(unix.SHUT_RDWR)
			s.readEOF()
			p.pause(100 * time.Millisecond)
			s.close()
		}},
		{Number: 19, Title: "FIN completes the handshake", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{lose(Client, bareACK(), 1)} },
			play: func(p *Play) {
				l := p.listen(servicePort, 16)
				c := p.connect(firstPort, servicePort)
				c.close()
				s := l.accept()
				s.readEOF()
				s.close()
			}},
		{Number: 20, Title: "linger 5 s", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.pair()
			c.linger(1, 5)
			c.write(2000)
			go func() { p.pause(50 * time.Millisecond); s.readEOF(); s.close() }()
			c.close()
			p.awaitState(Client, firstPort, "TIME_WAIT")
		}},
		{Number: 21, Title: "simultaneous open, client first", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{delay: 30 * time.Millisecond}, play: func(p *Play) {
			c, s := p.openBoth()
			c.close()
			s.readEOF()
			s.close()
		}},
		{Number: 22, Title: "simultaneous open and close", Client: "TIME_WAIT", Server: "TIME_WAIT", First: "both", setup: setup{delay: 30 * time.Millisecond}, play: func(p *Play) {
			c, s := p.openBoth()
			c.close()
			s.close()
			p.pause(100 * time.Millisecond)
		}},
		{Number: 23, Title: "TFO, data in the SYN, client first", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			setup: setup{client: []string{"net.ipv4.tcp_fastopen=5"}, server: []string{"net.ipv4.tcp_fastopen=514"}}, play: fastOpen},
		{Number: 26, Title: "late accept", Client: "FIN_WAIT_2", Server: "CLOSE_WAIT", First: "client", play: func(p *Play) {
			p.listen(servicePort, 16)
			c := p.connect(firstPort, servicePort)
			c.write(5)
			c.close()
			p.pause(300 * time.Millisecond)
		}},
		{Number: 30, Title: "FIN on a segment of 20,000 bytes", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{mtu: 65000}, play: func(p *Play) {
			c, s := p.pair()
			c.option("TCP_CORK", unix.TCP_CORK, 1)
			c.write(20_000)
			c.close()
			s.readEOF()
			s.close()
		}},
		{Number: 24, Title: "MPTCP, client first", setup: setup{mptcp: true}, play: clientFirst4},
		{Number: 25, Title: "MPTCP, half-close by the client", setup: setup{mptcp: true}, play: func(p *Play) {
			c, s := p.prelude()
			c.shutdown(unix.SHUT_WR)
			s.readEOF()
			s.write(3000)
			c.read(3000)
			s.close()
			c.readEOF()
			c.close()
			p.pause(500 * time.Millisecond)
		}},
		{Number: 28, Title: "IPv6 client first", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{v6: true}, play: clientFirst4},
		{Number: 28, Title: "IPv6 server first", Client: "CLOSED", Server: "TIME_WAIT", First: "server", setup: setup{v6: true}, play: serverFirst},
		{Number: 28, Title: "IPv6 simultaneous", Client: "TIME_WAIT", Server: "TIME_WAIT", First: "both", setup: setup{v6: true, delay: 30 * time.Millisecond}, play: bothClose},
	}
}

// clientFirst4 is the close of the textbook.
func clientFirst4(p *Play) {
	c, s := p.prelude()
	c.close()
	s.readEOF()
	p.pause(300 * time.Millisecond)
	s.close()
}

func serverFirst(p *Play) {
	c, s := p.prelude()
	s.close()
	c.readEOF()
	p.pause(300 * time.Millisecond)
	c.close()
}

// bothClose closes at both ends within less than the path's delay.
func bothClose(p *Play) {
	c, s := p.prelude()
	c.close()
	s.close()
	p.pause(100 * time.Millisecond)
}

// openBoth opens a connection from both ends at once and waits until it stands.
func (p *Play) openBoth() (c, s *conn) {
	c, err := p.socket(Client, firstPort)
	if err != nil {
		p.fail("%v", err)
	}
	if s, err = p.socket(Server, servicePort); err != nil {
		p.fail("%v", err)
	}
	done := make(chan error, 2)
	go func() { done <- c.dial(s.local) }()
	go func() { done <- s.dial(c.local) }()
	for range 2 {
		if err := <-done; err != nil {
			p.fail("simultaneous open: %v", err)
		}
	}
	p.exchange(c, s)
	return c, s
}

// fastOpen sends data in a SYN: the first connection fetches the cookie.
func fastOpen(p *Play) {
	l := p.listen(servicePort, 16)
	l.option("TCP_FASTOPEN", unix.TCP_FASTOPEN, 16)
	for port := uint16(firstPort + 1); port >= firstPort; port-- {
		c, err := p.socket(Client, port)
		if err != nil {
			p.fail("%v", err)
		}
		began := time.Now()
		n, err := unix.SendmsgN(c.fd, make([]byte, 40), nil, sockaddr(l.local), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL)
		c.note(began, n, err, "sendto(%d, 40 bytes, MSG_FASTOPEN)", c.fd)
		s := l.accept()
		s.read(40)
		c.close()
		s.readEOF()
		s.close()
		p.settle(30 * time.Millisecond)
	}
}
