package capgen

import (
	"time"

	"finscope/reassembly"
)

// conn is a connection that is being played: its opening, data and acknowledgments in turn, its ending. The generator
// has one for each open connection, a million of them: no pointers, two cache lines.
type conn struct {
	ends    [2]end // by Party
	hash    uint64 // of seed and number: whatever differs between connections and needs no drawing
	host    uint32 // number of the client
	rtt     uint32 // nanoseconds
	port    uint16 // of the client
	service uint16
	next    uint16 // move
	moves   uint16
	resent  uint16 // which exchanged move is followed by a copy of it; 0 none
	close   Close
	closer  Party
	running bool
}

// end is what one end has sent and received.
type end struct {
	nxt     reassembly.Seq // next to send
	heard   reassembly.Seq // next expected of the peer
	last    reassembly.Seq // first number of the last segment that occupied any
	ts      uint32         // timestamp sent last
	tsHeard uint32
	id      uint16 // IP identification sent last
}

// begin fills c with a new connection.
func (g *generator) begin(c *conn, now int64) {
	number := g.truth.Connections
	share := &g.o.Mix[pick(g, g.o.Mix, func(s *Share) int { return s.Weight })]
	*c = conn{
		hash:    mix(g.o.Seed ^ mix(uint64(number))),
		service: uint16(pick(g, g.o.Services, func(s *Service) int { return s.Weight })),
		rtt:     uint32(g.rtt/4 + g.below(g.rtt*3/2+1)),
		close:   share.Close,
		closer:  share.Closer,
		running: true,
	}
	g.assign(c, number)

	s := &g.scripts[c.close]
	middle := exchanged(g.o.Packets)
	if len(s.opening) != len(g.scripts[FourSegments].opening) {
		middle = 0
	}
	kind := Connection{Stream: number, Close: c.close, Closer: c.closer}
	if middle > 0 && g.below(1000) < int64(g.o.Resent) {
		kind.Resent = true
		c.resent = 1 + 2*uint16(g.below(int64(middle+1)/2))
		middle++
	}
	c.moves = uint16(len(s.opening) + middle + len(s.ending))
	g.number(c, now)
	if len(s.opening) < int(c.moves) && middle > 0 && g.below(1000) < int64(g.o.MidStream) {
		kind.MidStream = true
		c.next = uint16(len(s.opening))
		for p := range c.ends {
			c.ends[p].heard = c.ends[1-p].nxt
			c.ends[p].ts = c.clock(Party(p), now)
		}
	}

	g.open++
	g.truth.PeakOpen = max(g.truth.PeakOpen, g.open)
	g.truth.add(kind)
	if g.o.Each != nil {
		g.o.Each(kind)
	}
}

// assign gives a connection its 4-tuple. Hosts take turns and each uses its ports in order, so no tuple is open twice.
// With several hosts, each starts at a port of its own.
func (g *generator) assign(c *conn, number int) {
	clients := g.o.Clients
	c.host = uint32(number % clients)
	offset := 0
	if clients > 1 {
		offset = int(mix(g.o.Seed+uint64(c.host)) % numPorts)
	}
	c.port = firstPort + uint16((number/clients+offset)%numPorts)
}

// number draws initial sequence numbers: a hash of the 4-tuple plus a clock of 4 µs (RFC 9293 §3.4.1), so that a tuple
// used again goes on above its old numbers.
func (g *generator) number(c *conn, now int64) {
	tuple := mix(g.o.Seed ^ uint64(c.host)<<32 ^ uint64(c.port)<<16 ^ uint64(c.service))
	clock := uint32(now / 4000)
	c.ends[Client].nxt = reassembly.Seq(uint32(tuple) + clock)
	c.ends[Server].nxt = reassembly.Seq(uint32(tuple>>32) + clock)
	c.ends[Client].id = uint16(c.hash)
	c.ends[Server].id = uint16(c.hash >> 16)
}

// move returns the move that c has to make.
func (g *generator) move(c *conn) move {
	s := &g.scripts[c.close]
	i := int(c.next)
	if i < len(s.opening) {
		return s.opening[i]
	}
	if left := int(c.moves) - i; left <= len(s.ending) {
		return s.ending[len(s.ending)-left]
	}
	return c.exchange(i - len(s.opening))
}

// exchange returns the i-th move between opening and close: data of the client and of the server in turn, each
// acknowledged, one of them sent twice if c.resent says so.
func (c *conn) exchange(i int) move {
	how, wait := plain, think
	if c.resent > 0 && i >= int(c.resent) {
		if i == int(c.resent) {
			how, wait = again, rto
		}
		i--
	}
	from, to := client, server
	if i/2%2 == 1 {
		from, to = server, client
	}
	if i%2 == 1 {
		return move{to, sendACK, rtt, plain}
	}
	return move{from, sendData, wait, how}
}

// delay returns the nanoseconds until the next move of c.
func (g *generator) delay(c *conn) int64 {
	const timeout, synTimeout = 200 * int64(time.Millisecond), int64(time.Second)
	trip := int64(c.rtt)
	switch w := g.move(c).wait; w {
	case soon:
		return 5_000 + g.below(45_000)
	case rtt:
		return trip/2 + g.below(trip)
	case think:
		return trip/2 + g.below(2*g.think)
	case rto, rto2, rto3:
		return timeout<<(w-rto) + trip
	default:
		return synTimeout << (w - syn)
	}
}

// clock returns the TCP timestamp of an end: milliseconds from a beginning of its own for each pair of hosts, so that a
// tuple used again finds later timestamps than its last connection had.
func (c *conn) clock(p Party, now int64) uint32 {
	return uint32(now/int64(time.Millisecond)) + uint32(mix(uint64(c.host)<<1|uint64(p)))
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
