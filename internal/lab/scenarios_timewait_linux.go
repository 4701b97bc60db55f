package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// timeWaits are the scenarios of section 6 of the catalogue: TIME_WAIT, and ports used again.
func timeWaits() []Scenario {
	ms := time.Millisecond
	noTS := []string{"net.ipv4.tcp_timestamps=0"}
	plain := setup{client: noTS, server: noTS}
	fourPorts := []string{"net.ipv4.ip_local_port_range=40001 40004"}
	rfc1337 := setup{server: []string{"net.ipv4.tcp_rfc1337=1"}}
	return []Scenario{
		{Number: 119, Title: "SYN accepted in the server's TIME_WAIT, timestamps", Client: "ESTABLISHED", Server: "ESTABLISHED", play: reuseAtServer},
		{Number: 120, Title: "SYN accepted in the server's TIME_WAIT, no timestamps", Client: "ESTABLISHED", Server: "ESTABLISHED", setup: plain, play: reuseAtServer},
		{Number: 121, Title: "SYN with lower number, newer timestamp", play: func(p *Play) {
			serverFirst(p)
			p.settle(60 * ms)
			p.fw.add(lose(Client, aRST(), 0))
			p.inject(Server, firstPort, flagSYN, -1000, 0, p.stamp(5000))
			p.pause(100 * ms)
		}},
		{Number: 122, Title: "SYN with higher number, older timestamp", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) {
			serverFirst(p)
			p.settle(60 * ms)
			p.fw.add(lose(Client, aRST(), 0))
			p.inject(Server, firstPort, flagSYN, 100_000, 0, p.stamp(-5000))
			p.pause(100 * ms)
		}},
		{Number: 123, Title: "old SYN, no timestamps, the answer kills TIME_WAIT", Client: "CLOSED", Server: "CLOSED", First: "server", setup: plain, play: func(p *Play) {
			serverFirst(p)
			p.settle(60 * ms)
			p.inject(Server, firstPort, flagSYN, -1000, 0, nil)
			p.pause(100 * ms)
		}},
		{Number: 124, Title: "old SYN, tcp_rfc1337 keeps TIME_WAIT", Client: "CLOSED", Server: "TIME_WAIT", First: "server",
			setup: setup{client: noTS, server: []string{noTS[0], rfc1337.server[0]}}, play: func(p *Play) {
				serverFirst(p)
				p.settle(60 * ms)
				p.inject(Server, firstPort, flagSYN, -1000, 0, nil)
				p.pause(100 * ms)
			}},
		{Number: 125, Title: "the holder of TIME_WAIT connects again", Client: "ESTABLISHED", Server: "ESTABLISHED", play: func(p *Play) {
			clientFirst4(p)
			p.settle(60 * ms)
			p.pause(1100 * ms)
			p.exchange(p.again())
		}},
		{Number: 126, Title: "the holder of TIME_WAIT cannot connect again without timestamps", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: plain, play: func(p *Play) {
			clientFirst4(p)
			p.settle(60 * ms)
			p.pause(1100 * ms)
			p.connect(firstPort, servicePort)
		}},
		{Number: 127, Title: "port exhaustion", setup: setup{client: fourPorts}, play: func(p *Play) { p.useUp() }},
		{Number: 128, Title: "tcp_tw_reuse after a second", setup: setup{client: append([]string{"net.ipv4.tcp_tw_reuse=1"}, fourPorts...)}, play: func(p *Play) {
			p.useUp()
			p.pause(1200 * ms)
			c := p.connect(0, servicePort)
			p.exchange(c, p.listener.accept())
		}},
		{Number: 129, Title: "server first on 4 ports in turn", setup: setup{client: fourPorts}, play: func(p *Play) {
			p.listener = p.listen(servicePort, 16)
			for i := range uint16(8) {
				c := p.connect(firstPort+i%4, servicePort)
				s := p.listener.accept()
				p.exchange(c, s)
				p.goodbye(s, c)
			}
		}},
		{Number: 130, Title: "TIME_WAIT assassination", Client: "CLOSED", Server: "CLOSED", First: "server",
			rules: func() []*rule { return []*rule{twice(Client, data(), 1, 700*ms)} },
			play:  func(p *Play) { serverFirst(p); p.pause(500 * ms) }},
		{Number: 130, Title: "TIME_WAIT assassination, tcp_rfc1337", Client: "CLOSED", Server: "TIME_WAIT", First: "server", setup: rfc1337,
			rules: func() []*rule { return []*rule{twice(Client, data(), 1, 700*ms)} },
			play:  func(p *Play) { serverFirst(p); p.pause(500 * ms) }},
		{Number: 131, Title: "assassination by a late duplicate of data", Client: "CLOSED", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{twice(Server, data(), 1, 700*ms)} },
			play:  func(p *Play) { clientFirst4(p); p.pause(500 * ms) }},
		{Number: 132, Title: "RST in TIME_WAIT, exact", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			serverFirst(p)
			p.settle(60 * ms)
			p.inject(Server, firstPort, flagRST, 0, 0, nil)
			p.pause(50 * ms)
		}},
		{Number: 132, Title: "RST in TIME_WAIT, off by one", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) {
			serverFirst(p)
			p.settle(60 * ms)
			p.inject(Server, firstPort, flagRST, 1, 0, nil)
			p.inject(Server, firstPort, flagRST, -1, 0, nil)
			p.pause(50 * ms)
		}},
		{Number: 133, Title: "a bare ACK starts TIME_WAIT anew", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) {
			serverFirst(p)
			p.pause(1000 * ms)
			p.inject(Server, firstPort, flagACK, 0, 0, p.stamp(1000))
			p.pause(50 * ms)
		}},
		{Number: 134, Title: "TIME_WAIT bucket overflow", Client: "CLOSED", Server: "CLOSED", First: "client", setup: setup{client: []string{"net.ipv4.tcp_max_tw_buckets=0"}},
			play: func(p *Play) {
				c, s := p.prelude()
				c.close()
				s.readEOF()
				p.settle(60 * ms)
				s.close()
			}},
		{Number: 135, Title: "TIME_WAIT killed administratively", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			clientFirst4(p)
			p.settle(60 * ms)
			p.destroy(Client, firstPort)
			p.pause(50 * ms)
		}},
		{Number: 136, Title: "EADDRINUSE, and SYNs refused", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) { serverFirst(p); p.bindInVain() }},
		{Number: 136, Title: "EADDRINUSE until TIME_WAIT has run out", Long: true, Client: "ESTABLISHED", Server: "ESTABLISHED", play: func(p *Play) {
			serverFirst(p)
			p.bindInVain()
			p.patience = 70 * time.Second
			p.awaitState(Server, firstPort, "")
			p.listener = p.listen(servicePort, 16)
			p.exchange(p.again())
		}},
		{Number: 137, Title: "TIME_WAIT lives its full time, then reuse", Long: true, Client: "ESTABLISHED", Server: "ESTABLISHED", play: func(p *Play) {
			clientFirst4(p)
			p.patience = 70 * time.Second
			p.awaitState(Client, firstPort, "")
			p.exchange(p.again())
		}},
		{Number: 138, Title: "many connections mixed", play: func(p *Play) {
			l := p.listen(servicePort, 64)
			for i := range uint16(12) {
				c := p.connect(firstPort+i, servicePort)
				s := l.accept()
				c.write(50)
				s.read(50)
				switch i % 4 {
				case 0:
					p.goodbye(c, s)
				case 1:
					p.goodbye(s, c)
				case 2:
					c.abort()
				}
			}
		}},
	}
}

// reuseAtServer connects again from the port of a connection of which the server holds TIME_WAIT.
func reuseAtServer(p *Play) {
	serverFirst(p)
	p.settle(60 * time.Millisecond)
	p.pause(500 * time.Millisecond)
	p.exchange(p.again())
}

// useUp closes four connections at the client, which leaves it no port for a fifth.
func (p *Play) useUp() {
	p.listener = p.listen(servicePort, 16)
	for range 4 {
		c := p.connect(0, servicePort)
		s := p.listener.accept()
		p.exchange(c, s)
		p.goodbye(c, s)
	}
	p.connect(0, servicePort)
	p.settle(30 * time.Millisecond)
}

// bindInVain closes the listener and cannot open another without SO_REUSEADDR; a client is refused meanwhile.
func (p *Play) bindInVain() {
	p.settle(60 * time.Millisecond)
	p.listener.close()
	c, err := p.socket(Server, 0)
	if err != nil {
		p.fail("socket: %v", err)
	}
	unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
	p.note(time.Now(), Server, 0, 0, unix.Bind(c.fd, sockaddr(p.serverPort())), "bind(%d, port %d) without SO_REUSEADDR", c.fd, servicePort)
	p.connect(firstPort+1, servicePort)
	p.settle(30 * time.Millisecond)
}

// stamp gives a crafted segment of the client a timestamp relative to the latest one that passed.
func (p *Play) stamp(delta int32) func(*crafted) {
	return func(c *crafted) {
		p.fw.mu.Lock()
		defer p.fw.mu.Unlock()
		if k := p.fw.known[direction{c.src, c.dst}]; k != nil {
			c.tsVal, c.tsEcr = k.tsVal+uint32(delta), k.peer.tsVal
		}
	}
}
