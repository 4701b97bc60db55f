package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// stuck are the scenarios of section 4 of the catalogue: states that last, and how they run out.
func stuck() []Scenario {
	ms := time.Millisecond
	return []Scenario{
		{Number: 32, Title: "all final ACKs lost, LAST_ACK gives up", Long: true, Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{lose(Client, ackOfFIN(), 0)} },
			play:  func(p *Play) { clientFirst4(p); p.patience = 210 * time.Second; p.awaitState(Server, firstPort, "") }},
		{Number: 44, Title: "FIN_WAIT_1 gives up, peer gone", Long: true, Client: "CLOSED", First: "client", play: func(p *Play) {
			c, _ := p.prelude()
			p.fw.add(lose(Client, anyPacket(), 0))
			c.close()
			p.patience = 210 * time.Second
			p.awaitState(Client, firstPort, "")
		}},
		{Number: 45, Title: "FIN with shutdown only, peer gone", Long: true, Client: "CLOSED", First: "client", play: func(p *Play) {
			c, _ := p.prelude()
			p.fw.add(lose(Client, anyPacket(), 0))
			c.shutdown(unix.SHUT_WR)
			p.patience = 1000 * time.Second
			c.await("CLOSED")
		}},
		{Number: 47, Title: "keepalive in CLOSE_WAIT", Client: "FIN_WAIT_2", Server: "CLOSE_WAIT", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			s.keepalive(5)
			c.shutdown(unix.SHUT_WR)
			s.readEOF()
			p.pause(2500 * ms)
		}},
		{Number: 90, Title: "the server never closes", Client: "FIN_WAIT_2", Server: "CLOSE_WAIT", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.close()
			s.readEOF()
			p.pause(1500 * ms)
		}},
		{Number: 91, Title: "orphan FIN_WAIT_2 runs out, late FIN", Client: "CLOSED", Server: "CLOSED", First: "client", setup: setup{client: []string{"net.ipv4.tcp_fin_timeout=1"}},
			play: func(p *Play) {
				c, s := p.prelude()
				c.close()
				s.readEOF()
				p.awaitState(Client, firstPort, "")
				p.pause(100 * ms)
				s.close()
			}},
		{Number: 91, Title: "orphan FIN_WAIT_2 runs out after a minute, late FIN", Long: true, Client: "CLOSED", Server: "CLOSED", First: "client",
			play: func(p *Play) {
				c, s := p.prelude()
				c.close()
				s.readEOF()
				p.patience = 70 * time.Second
				p.awaitState(Client, firstPort, "")
				p.pause(time.Second)
				s.close()
			}},
		{Number: 92, Title: "orphan FIN_WAIT_2 runs out, late data", Client: "CLOSED", Server: "CLOSED", First: "client", setup: setup{client: []string{"net.ipv4.tcp_fin_timeout=1"}},
			play: func(p *Play) {
				c, s := p.prelude()
				c.close()
				s.readEOF()
				p.awaitState(Client, firstPort, "")
				p.pause(100 * ms)
				s.write(20)
			}},
		{Number: 93, Title: "FIN just before FIN_WAIT_2 runs out", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{client: []string{"net.ipv4.tcp_fin_timeout=3"}},
			play: func(p *Play) {
				c, s := p.prelude()
				c.close()
				s.readEOF()
				p.pause(2000 * ms)
				s.close()
				p.pause(1800 * ms)
			}},
		{Number: 94, Title: "FIN_WAIT_2 of an open socket, 70 s", Long: true, Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.shutdown(unix.SHUT_WR)
			s.readEOF()
			p.pause(70 * time.Second)
			s.write(100)
			s.close()
			c.readEOF()
			c.close()
		}},
		{Number: 94, Title: "FIN_WAIT_2 of an open socket, beyond fin_timeout", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{client: []string{"net.ipv4.tcp_fin_timeout=1"}},
			play: func(p *Play) {
				c, s := p.prelude()
				c.shutdown(unix.SHUT_WR)
				s.readEOF()
				p.pause(2500 * ms)
				s.write(100)
				s.close()
				c.readEOF()
				c.close()
			}},
		{Number: 95, Title: "tcp_fin_timeout 120", Long: true, Client: "CLOSED", Server: "CLOSED", First: "client", setup: setup{client: []string{"net.ipv4.tcp_fin_timeout=120"}},
			play: func(p *Play) {
				c, s := p.prelude()
				c.close()
				s.readEOF()
				p.patience = 130 * time.Second
				p.awaitState(Client, firstPort, "")
				p.pause(time.Second)
				s.close()
			}},
		{Number: 96, Title: "zero window holds the FIN", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.full()
			c.close()
			p.pause(1500 * ms)
			s.readEOF()
			s.close()
		}},
		{Number: 97, Title: "zero window, reader killed", Client: "CLOSED", Server: "CLOSED", play: func(p *Play) {
			c, s := p.full()
			c.close()
			p.pause(700 * ms)
			p.giveAway(s).kill()
		}},
		{Number: 98, Title: "zero window, orphan FIN_WAIT_1", Client: "FIN_WAIT_1", Server: "ESTABLISHED", play: func(p *Play) {
			c, _ := p.full()
			c.close()
			p.pause(2000 * ms)
		}},
		{Number: 100, Title: "SYN_RECV give-up, 1 retry", Server: "CLOSED", First: "none", setup: setup{server: []string{"net.ipv4.tcp_synack_retries=1"}}, play: func(p *Play) {
			p.listen(servicePort, 16)
			p.fw.add(lose(Server, anyPacket(), 0))
			p.inject(Server, firstPort, flagSYN, 0, 0, func(c *crafted) { c.seq = 1000 })
			p.pause(4 * time.Second)
		}},
		{Number: 100, Title: "SYN_RECV give-up", Long: true, Server: "CLOSED", First: "none", play: func(p *Play) {
			p.listen(servicePort, 16)
			p.fw.add(lose(Server, anyPacket(), 0))
			p.inject(Server, firstPort, flagSYN, 0, 0, func(c *crafted) { c.seq = 1000 })
			p.pause(70 * time.Second)
		}},
	}
}

// full opens a connection whose server reads nothing, and fills its window.
func (p *Play) full() (c, s *conn) {
	p.listener = p.listen(servicePort, 16)
	p.listener.buffer(unix.SO_RCVBUF, 8192)
	c, err := p.socket(Client, firstPort)
	if err != nil {
		p.fail("%v", err)
	}
	c.buffer(unix.SO_SNDBUF, 1<<18)
	c.dial(p.serverPort())
	if s = p.listener.accept(); s == nil {
		p.fail("nothing to accept")
	}
	c.write(60_000)
	p.settle(60 * time.Millisecond)
	return c, s
}
