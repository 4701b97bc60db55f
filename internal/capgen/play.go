package capgen

import "finscope/internal/decode"

// play makes the next move of c: the packet is in g.seg.
func (g *generator) play(c *conn, now int64) {
	m := g.move(c)
	from := c.sender(m.by)
	e, other := &c.ends[from], &c.ends[from.other()]
	if m.how != blind {
		e.heard, e.tsHeard = other.nxt, other.ts
	}
	e.ts = c.clock(from, now)
	e.id++

	s := &g.seg
	*s = decode.Segment{
		Marks:  decode.HasTimestamp,
		Flags:  m.what.flags(),
		Seq:    e.nxt,
		Ack:    e.heard,
		Window: 502,
		TTL:    64,
		TSVal:  e.ts,
		TSEcr:  e.tsHeard,
	}
	g.address(c, from)
	s.IPID = g.identify(c, from)

	switch m.what {
	case sendSYN, sendSYNACK:
		s.Marks |= decode.HasWScale | decode.PermitsSACK
		s.WScale = 7
		s.Window = 64240
	case sendData:
		s.Len = uint32(g.o.Payload)
	case sendRST:
		s.Window = 0
	case sendRefuse:
		s.Seq, s.Window, s.Marks = 0, 0, 0
	case sendBare:
		s.Ack, s.Window, s.Marks = 0, 0, 0
	}
	if m.how == again {
		s.Seq = e.last
	} else if s.Occupies() > 0 {
		e.last = s.Seq
		e.nxt = s.End()
	}
	if s.Src.Is4() {
		s.Marks |= decode.DontFragment
	}
}

// sender returns who makes a move.
func (c *conn) sender(w who) Party {
	switch w {
	case closer:
		return c.closer
	case peer:
		return c.closer.other()
	case client:
		return Client
	default:
		return Server
	}
}

func (v verb) flags() decode.Flags {
	switch v {
	case sendSYN:
		return decode.SYN
	case sendSYNACK:
		return decode.SYN | decode.ACK
	case sendData:
		return decode.PSH | decode.ACK
	case sendFIN:
		return decode.FIN | decode.ACK
	case sendRST, sendRefuse:
		return decode.RST | decode.ACK
	case sendBare:
		return decode.RST
	default:
		return decode.ACK
	}
}

// address sets addresses, ports and what the way did to the TTL: the capture is taken beside the servers.
func (g *generator) address(c *conn, from Party) {
	s := &g.seg
	server := &g.services[c.service]
	host := decode.Addr{Hi: 0xfd00_0001 << 32, Lo: uint64(c.host) + 1}
	if server.addr.Is4() {
		host = decode.AddrFrom4([]byte{10, 64 + byte(c.host>>16), byte(c.host >> 8), byte(c.host)})
	}
	if from == Client {
		s.Src, s.Dst, s.SrcPort, s.DstPort = host, server.addr, c.port, server.port
		s.TTL = 64 - byte(mix(uint64(c.host))%20)
		return
	}
	s.Src, s.Dst, s.SrcPort, s.DstPort = server.addr, host, server.port, c.port
}

// identify returns an identification that counts up, or the flow label of the direction.
func (g *generator) identify(c *conn, from Party) uint32 {
	if g.seg.Src.Is4() {
		return uint32(c.ends[from].id)
	}
	return uint32(c.hash>>(32*uint(from))) & 0xfffff
}
