package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// lossy are the scenarios of section 2 of the catalogue: loss, duplication and reordering in the close.
func lossy() []Scenario {
	ms := time.Millisecond
	return []Scenario{
		{Number: 6, Title: "simultaneous, both ACKs lost", Client: "TIME_WAIT", Server: "TIME_WAIT", First: "both", setup: setup{delay: 30 * ms},
			rules: func() []*rule { return []*rule{lose(Client, ackOfFIN(), 1), lose(Server, ackOfFIN(), 1)} },
			play:  func(p *Play) { bothClose(p); p.pause(800 * ms) }},
		{Number: 7, Title: "simultaneous, the client's FIN lost", Client: "TIME_WAIT", Server: "TIME_WAIT", First: "both", setup: setup{delay: 30 * ms},
			rules: func() []*rule { return []*rule{lose(Client, aFIN(), 1)} },
			play:  func(p *Play) { bothClose(p); p.pause(800 * ms) }},
		{Number: 10, Title: "CLOSING gives up", Client: "CLOSED", Server: "TIME_WAIT", First: "both",
			setup: setup{delay: 30 * ms, client: []string{"net.ipv4.tcp_orphan_retries=2"}},
			rules: func() []*rule { return []*rule{lose(Server, ackOfFIN(), 0)} },
			play:  func(p *Play) { bothClose(p); p.patience = 9 * time.Second; p.awaitState(Client, firstPort, "") }},
		{Number: 31, Title: "lost final ACK", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{lose(Client, ackOfFIN(), 1)} },
			play:  func(p *Play) { clientFirst4(p); p.awaitState(Server, firstPort, "") }},
		{Number: 33, Title: "all final ACKs lost, 3 orphan retries", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			setup: setup{server: []string{"net.ipv4.tcp_orphan_retries=3"}},
			rules: func() []*rule { return []*rule{lose(Client, ackOfFIN(), 0)} },
			play:  func(p *Play) { clientFirst4(p); p.patience = 9 * time.Second; p.awaitState(Server, firstPort, "") }},
		{Number: 37, Title: "FIN lost behind one tap and before the next", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{lose(Server, aFIN(), 1)} },
			play:  func(p *Play) { clientFirst4(p); p.awaitState(Server, firstPort, "") }},
		{Number: 49, Title: "every packet captured twice", Client: "TIME_WAIT", Server: "CLOSED", First: "client", setup: setup{twice: true}, play: clientFirst4},
		{Number: 34, Title: "lost first FIN", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{lose(Client, aFIN(), 1)} }, play: clientFirst4},
		{Number: 35, Title: "lost ACK of the first FIN", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{lose(Server, ackOfFIN(), 1)} },
			play: func(p *Play) {
				c, s := p.prelude()
				c.close()
				s.readEOF()
				p.pause(500 * ms)
				s.close()
			}},
		{Number: 36, Title: "lost second FIN twice", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{lose(Server, aFIN(), 2)} },
			play:  func(p *Play) { clientFirst4(p); p.awaitState(Client, firstPort, "TIME_WAIT") }},
		{Number: 38, Title: "out-of-order FIN", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{late(Client, data(), 1, 60*ms)} },
			play: func(p *Play) {
				c, s := p.pair()
				c.write(500)
				p.pause(2 * ms)
				c.close()
				s.readEOF()
				s.close()
			}},
		{Number: 39, Title: "FIN duplicated in the network", Client: "TIME_WAIT", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{twice(Client, aFIN(), 1, 10*ms)} }, play: clientFirst4},
		{Number: 40, Title: "second FIN duplicated, natural assassination", Client: "CLOSED", Server: "CLOSED", First: "client",
			rules: func() []*rule { return []*rule{twice(Server, aFIN(), 1, 15*ms)} },
			play:  func(p *Play) { clientFirst4(p); p.pause(100 * ms) }},
		{Number: 44, Title: "FIN_WAIT_1 gives up, peer gone, 2 retries", Client: "CLOSED", First: "client",
			setup: setup{client: []string{"net.ipv4.tcp_orphan_retries=2"}},
			play: func(p *Play) {
				c, _ := p.prelude()
				p.fw.add(lose(Client, anyPacket(), 0))
				c.close()
				p.patience = 9 * time.Second
				p.awaitState(Client, firstPort, "")
			}},
		{Number: 46, Title: "TCP_USER_TIMEOUT on FIN", Client: "CLOSED", First: "client", play: func(p *Play) {
			c, _ := p.prelude()
			c.option("TCP_USER_TIMEOUT", unix.TCP_USER_TIMEOUT, 1500)
			p.fw.add(lose(Client, anyPacket(), 0))
			c.shutdown(unix.SHUT_WR)
			c.await("CLOSED")
		}},
		{Number: 48, Title: "network outage during the close, heals", Client: "TIME_WAIT", Server: "CLOSED", First: "client", play: func(p *Play) {
			c, s := p.prelude()
			p.fw.add(lose(Client, anyPacket(), 0), lose(Server, anyPacket(), 0))
			c.close()
			p.pause(1200 * ms)
			p.fw.clear()
			s.readEOF()
			s.close()
			p.awaitState(Client, firstPort, "TIME_WAIT")
		}},
	}
}
