package lab

import "time"

// hosts are the scenarios of section 5 of the catalogue: listeners, processes and hosts that go.
func hosts() []Scenario {
	ms := time.Millisecond
	return []Scenario{
		{Number: 101, Title: "listener closed with 3 pending connections", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			l := p.pending()
			l.close()
		}},
		{Number: 102, Title: "listener killed with pending connections", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			l := p.pending()
			p.giveAway(l).kill()
			p.pause(50 * ms)
			p.connect(firstPort+3, servicePort)
		}},
		{Number: 103, Title: "listener closed, request in SYN_RECV", Client: "CLOSED", Server: "CLOSED",
			rules: func() []*rule { return []*rule{lose(Client, bareACK(), 1)} },
			play: func(p *Play) {
				l := p.listen(servicePort, 16)
				c := p.connect(firstPort, servicePort)
				p.settle(30 * ms)
				l.close()
				p.pause(400 * ms)
				c.write(20)
			}},
		{Number: 104, Title: "pending connection already closed by the client", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			l := p.listen(servicePort, 16)
			c := p.connect(firstPort, servicePort)
			c.close()
			p.settle(80 * ms)
			l.close()
		}},
		{Number: 105, Title: "listener closed, none pending", Client: "CLOSED", Server: "CLOSED", First: "none", play: func(p *Play) {
			p.listen(servicePort, 16).close()
			p.connect(firstPort, servicePort)
		}},
		{Number: 106, Title: "accept queue full at SYN time", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			l := p.listen(servicePort, 0)
			first := p.connect(firstPort+1, servicePort)
			done := make(chan *conn)
			go func() { done <- p.connect(firstPort, servicePort) }()
			p.pause(1300 * ms)
			s := l.accept()
			c := <-done
			p.goodbye(first, s)
			s = l.accept()
			p.goodbye(c, s)
		}},
		{Number: 107, Title: "kill -9 of an idle server, the client closes", Client: "CLOSED", Server: "TIME_WAIT", First: "server", play: func(p *Play) {
			c, s := p.prelude()
			p.giveAway(s).kill()
			c.readEOF()
			p.pause(50 * ms)
			c.close()
		}},
		{Number: 108, Title: "kill -9 of an idle server, the client writes", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			c, s := p.prelude()
			p.giveAway(s).kill()
			c.readEOF()
			p.settle(60 * ms)
			c.write(10)
		}},
		{Number: 109, Title: "kill -9 with unread data", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			c, s := p.pair()
			c.write(100)
			p.settle(30 * ms)
			p.giveAway(s).kill()
		}},
		{Number: 110, Title: "kill -9 with a full send buffer", Client: "CLOSED", Server: "TIME_WAIT", First: "server", setup: setup{delay: 20 * ms}, play: func(p *Play) {
			c, s := p.pair()
			s.write(46000)
			p.giveAway(s).kill()
			c.readEOF()
			c.close()
			p.settle(60 * ms)
		}},
		{Number: 111, Title: "server host down, the client has data", Client: "ESTABLISHED", Server: "ESTABLISHED", First: "none", play: func(p *Play) {
			c, _ := p.prelude()
			p.cutOff()
			c.write(100)
			p.pause(2000 * ms)
		}},
		{Number: 112, Title: "server reboot, the client sends", Client: "CLOSED", Server: "CLOSED", play: func(p *Play) {
			c, s := p.prelude()
			s.vanish()
			p.pause(100 * ms)
			c.write(100)
		}},
		{Number: 113, Title: "server reboot, the client closes", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			s.vanish()
			p.pause(100 * ms)
			c.close()
		}},
		{Number: 114, Title: "reboot while data is unacknowledged", Client: "CLOSED", Server: "CLOSED", play: func(p *Play) {
			c, s := p.prelude()
			p.cutOff()
			c.write(100)
			p.pause(500 * ms)
			s.vanish()
			p.heal()
			p.pause(1000 * ms)
		}},
		{Number: 115, Title: "client reboot, same port", Client: "ESTABLISHED", Server: "ESTABLISHED", play: func(p *Play) {
			c, _ := p.prelude()
			c.vanish()
			p.pause(50 * ms)
			c, s := p.again()
			p.exchange(c, s)
		}},
		{Number: 116, Title: "client reboot, new port, the old one found later", Client: "CLOSED", Server: "CLOSED", play: func(p *Play) {
			c, s := p.prelude()
			c.vanish()
			n := p.connect(firstPort+1, servicePort)
			p.exchange(n, p.listener.accept())
			s.write(10)
		}},
		{Number: 117, Title: "client reboot found by keepalive", Client: "CLOSED", Server: "CLOSED", play: func(p *Play) {
			c, s := p.prelude()
			s.keepalive(5)
			c.vanish()
			p.pause(1500 * ms)
		}},
		{Number: 118, Title: "a firewall forgot the flow", Client: "CLOSED", Server: "CLOSED", play: func(p *Play) {
			c, s := p.prelude()
			p.cutOff()
			c.write(100)
			p.pause(5 * ms)
			p.inject(Client, firstPort, flagRST, 0, 0, func(c *crafted) { c.window = 0 })
			p.pause(100 * ms)
			s.write(10)
			p.pause(5 * ms)
			p.inject(Server, firstPort, flagRST, -100, 0, func(c *crafted) { c.window = 0 })
		}},
	}
}

// pending opens three connections that nobody accepts; one has sent data.
func (p *Play) pending() (l *conn) {
	l = p.listen(servicePort, 16)
	c := p.connect(firstPort, servicePort)
	p.connect(firstPort+1, servicePort)
	p.connect(firstPort+2, servicePort)
	c.write(50)
	p.settle(60 * time.Millisecond)
	return l
}
