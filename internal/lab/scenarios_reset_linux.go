package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// resets are the scenarios of section 3 of the catalogue: endings by RST.
func resets() []Scenario {
	ms := time.Millisecond
	crossing := setup{delay: 30 * ms}
	return []Scenario{
		{Number: 59, Title: "close with unread data", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			c, s := p.pair()
			c.write(100)
			p.settle(30 * ms)
			s.close()
		}},
		{Number: 60, Title: "unread data after the peer's FIN", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			c, s := p.prelude()
			s.write(500)
			s.close()
			p.settle(60 * ms)
			c.close()
		}},
		{Number: 61, Title: "linger 0", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, _ := p.prelude()
			c.abort()
		}},
		{Number: 62, Title: "linger 0 with data in flight, several RSTs", Client: "CLOSED", Server: "CLOSED", First: "client", setup: crossing, play: func(p *Play) {
			c, _ := p.pair()
			c.write(3000)
			c.abort()
		}},
		{Number: 63, Title: "linger 0 in CLOSE_WAIT", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			c, s := p.prelude()
			s.close()
			c.readEOF()
			p.settle(60 * ms)
			c.abort()
		}},
		{Number: 64, Title: "RST lost", Client: "CLOSED", Server: "CLOSED",
			rules: func() []*rule { return []*rule{lose(Client, aRST(), 1)} },
			play: func(p *Play) {
				c, s := p.prelude()
				c.abort()
				p.pause(300 * ms)
				s.write(50)
			}},
		{Number: 65, Title: "data after close", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.close()
			s.readEOF()
			p.settle(60 * ms)
			s.write(100)
		}},
		{Number: 66, Title: "data crosses close", Client: "CLOSED", Server: "CLOSED", First: "client", setup: crossing, play: func(p *Play) {
			c, s := p.prelude()
			c.close()
			s.write(100)
		}},
		{Number: 67, Title: "the peer's FIN carries data to an orphan", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			c, s := p.pair()
			s.close()
			c.readEOF()
			p.settle(60 * ms)
			c.option("TCP_CORK", unix.TCP_CORK, 1)
			c.write(100)
			c.close()
		}},
		{Number: 68, Title: "out-of-order FIN to an orphan", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.close()
			s.readEOF()
			p.settle(60 * ms)
			p.fw.add(late(Server, data(), 1, 40*ms))
			s.write(100)
			p.pause(2 * ms)
			s.close()
		}},
		{Number: 69, Title: "shutdown RDWR, then data of the peer", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.shutdown(unix.SHUT_RDWR)
			s.readEOF()
			p.settle(60 * ms)
			s.write(100)
		}},
		{Number: 70, Title: "shutdown RDWR with unread data, then close", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			c, s := p.pair()
			c.write(100)
			p.settle(30 * ms)
			s.shutdown(unix.SHUT_RDWR)
			p.pause(100 * ms)
			s.close()
		}},
		{Number: 71, Title: "TCP_LINGER2 below zero", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, _ := p.prelude()
			c.option("TCP_LINGER2", unix.TCP_LINGER2, -1)
			c.close()
			p.pause(100 * ms)
		}},
		{Number: 72, Title: "half-closed client killed with unread data", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.shutdown(unix.SHUT_WR)
			s.readEOF()
			s.write(1000)
			p.settle(60 * ms)
			p.giveAway(c).kill()
		}},
		{Number: 73, Title: "both abort at once", Client: "CLOSED", Server: "CLOSED", First: "both", setup: crossing, play: func(p *Play) {
			c, s := p.pair()
			c.write(100)
			s.write(100)
			p.settle(100 * ms)
			c.abort()
			s.abort()
		}},
		{Number: 74, Title: "RST and FIN cross", Client: "CLOSED", Server: "CLOSED", First: "both", setup: crossing, play: func(p *Play) {
			c, s := p.prelude()
			c.abort()
			s.close()
		}},
		{Number: 75, Title: "injected exact RST", Client: "CLOSED", Server: "CLOSED", play: func(p *Play) {
			c, _ := p.prelude()
			p.inject(Server, firstPort, flagRST, 0, 0, nil)
			p.pause(30 * ms)
			c.write(10)
		}},
		{Number: 76, Title: "injected in-window RST", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			p.inject(Server, firstPort, flagRST, 100, 0, nil)
			p.pause(50 * ms)
			p.exchange(c, s)
			p.goodbye(c, s)
		}},
		{Number: 77, Title: "injected out-of-window RST", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			p.inject(Server, firstPort, flagRST, 50_000_000, 0, nil)
			p.pause(50 * ms)
			p.exchange(c, s)
			p.goodbye(c, s)
		}},
		{Number: 78, Title: "RST just before the next number, after a FIN", Client: "FIN_WAIT_2", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			c.shutdown(unix.SHUT_WR)
			s.readEOF()
			p.settle(60 * ms)
			p.inject(Server, firstPort, flagRST, -1, 0, nil)
		}},
		{Number: 79, Title: "SYN into ESTABLISHED", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			p.fw.add(lose(Server, bareACK(), 1)) // the challenge: the client would not mind it
			p.inject(Server, firstPort, flagSYN, 0, 0, func(c *crafted) { c.seq = 12345 })
			p.pause(50 * ms)
			p.heal()
			p.exchange(c, s)
			p.goodbye(c, s)
		}},
		{Number: 80, Title: "injected out-of-window FIN", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			p.inject(Server, firstPort, flagFIN|flagACK, 50_000_000, 0, nil)
			p.pause(50 * ms)
			p.exchange(c, s)
			p.goodbye(c, s)
		}},
		{Number: 81, Title: "firewall REJECT with tcp-reset", Client: "CLOSED", Server: "ESTABLISHED", play: func(p *Play) {
			c, _ := p.prelude()
			p.fw.add(lose(Client, anyPacket(), 0))
			c.write(10)
			p.pause(10 * ms)
			p.inject(Client, firstPort, flagRST, 0, 0, func(c *crafted) { c.window = 0 })
		}},
		{Number: 81, Title: "firewall REJECT with ICMP, no connection", Client: "CLOSED", First: "none",
			rules: func() []*rule { return []*rule{reject(Client, anyPacket(), 0)} },
			play: func(p *Play) {
				p.listen(servicePort, 16)
				p.connect(firstPort, servicePort)
			}},
		{Number: 81, Title: "firewall REJECT with ICMP, data", Client: "ESTABLISHED", Server: "ESTABLISHED", First: "none", play: func(p *Play) {
			c, _ := p.prelude()
			p.fw.add(reject(Client, anyPacket(), 0))
			c.write(10)
			p.pause(1000 * ms)
		}},
		{Number: 81, Title: "firewall REJECT with ICMP, the FIN", Client: "FIN_WAIT_1", Server: "ESTABLISHED", First: "client", play: func(p *Play) {
			c, _ := p.prelude()
			p.fw.add(reject(Client, anyPacket(), 0))
			c.close()
			p.pause(1000 * ms)
		}},
		{Number: 82, Title: "administrative kill of a live socket", Client: "CLOSED", Server: "CLOSED", First: "server", play: func(p *Play) {
			p.prelude()
			p.destroy(Server, firstPort)
		}},
		{Number: 83, Title: "connect AF_UNSPEC", Client: "CLOSED", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			s.write(10)
			p.settle(60 * ms)
			c.disconnect()
		}},
		{Number: 84, Title: "connection refused", Client: "CLOSED", Server: "CLOSED", First: "none", play: func(p *Play) {
			p.connect(firstPort, servicePort)
		}},
		{Number: 85, Title: "close in SYN_SENT", Client: "CLOSED", First: "none", play: func(p *Play) {
			p.listen(servicePort, 16)
			p.fw.add(lose(Client, anyPacket(), 0))
			c, _ := p.socket(Client, firstPort)
			c.startDial(p.serverPort())
			p.pause(1200 * ms)
			c.close()
		}},
		{Number: 85, Title: "close in SYN_SENT, late SYN-ACK", Client: "CLOSED", Server: "CLOSED", setup: setup{delay: 100 * ms}, play: func(p *Play) {
			p.listen(servicePort, 16)
			c, _ := p.socket(Client, firstPort)
			c.startDial(p.serverPort())
			p.pause(100 * ms)
			c.close()
			p.pause(300 * ms)
		}},
		{Number: 86, Title: "SYN-ACK to a host that sent no SYN", Server: "CLOSED", setup: setup{delay: 50 * ms}, play: func(p *Play) {
			p.listen(servicePort, 16)
			p.inject(Server, firstPort, flagSYN, 0, 0, func(c *crafted) { c.seq = 1000 })
			p.pause(200 * ms)
		}},
		{Number: 87, Title: "RST after both FINs to the closed end", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			clientFirst4(p)
			p.settle(60 * ms)
			p.inject(Server, firstPort, flagRST, 0, 0, nil)
		}},
		{Number: 88, Title: "RST with payload", Server: "CLOSED", play: func(p *Play) {
			p.prelude()
			p.inject(Server, firstPort, flagRST|flagACK, 0, 0, func(c *crafted) { c.payload = 7 })
		}},
		{Number: 89, Title: "keepalive death", Client: "CLOSED", First: "client", play: func(p *Play) {
			c, _ := p.prelude()
			c.keepalive(2)
			p.pause(1300 * ms)
			p.fw.add(lose(Server, anyPacket(), 0))
			p.awaitState(Client, firstPort, "")
		}},
	}
}
