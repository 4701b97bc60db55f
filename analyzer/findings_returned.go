package analyzer

import (
	"fmt"

	"finscope/internal/decode"
)

// returned says what did not arrive by ICMP's account, of endpoints whose peer was not heard of since.
func (c *casefile) returned() {
	for x := range c.f.e {
		u := c.s.undelivered(c.o.odd, x)
		y := c.f.peer(x)
		if !u.since(c.f.e[y].lastTime) || y == x {
			continue
		}
		frames := []uint64{u.first, u.last}
		if c.f.synchronized() {
			c.add(ICMPUnreachable, Warning, y, frames, "what %s sends does not arrive: %s returned it as ICMP %v (%s), and no segment of %s came since. %s",
				c.name(x), c.returner(u, x), u.why, c.messages(u), c.name(y), c.whyReturned(u, y))
			continue
		}
		what, fate := "SYN", ""
		switch {
		case !c.f.e[x].has(sentBareSYN):
			what = "SYN-ACK"
		case c.o.state[x] == Closed && c.a.platform.linux():
			fate = c.text(". On Linux connect() fails then: %s", connectError(u))
		}
		c.add(ICMPUnreachable, Warning, y, frames, "the %s of %s was answered with ICMP %v by %s (%s). %s%s",
			what, c.name(x), u.why, c.returner(u, x), c.messages(u), c.whyReturned(u, y), fate)
	}
}

// messages names the frames of what was returned.
func (c *casefile) messages(u *undelivered) string {
	if u.first == u.last {
		return c.text("frame %d", u.first)
	}
	return c.text("frames %d to %d", u.first, u.last)
}

// returner names who returned segments of x.
func (c *casefile) returner(u *undelivered, x int) string {
	if c.codesOnly {
		return ""
	}
	switch y := c.f.peer(x); u.by {
	case c.s.host(c.f, y):
		return c.role(y) + " itself"
	case c.s.host(c.f, x):
		return "its own host"
	}
	return fmt.Sprintf("%v on the way", u.by.Netip())
}

// whyReturned says what the reason means for who looks for the fault; y was not reached.
func (c *casefile) whyReturned(u *undelivered, y int) string {
	if c.codesOnly {
		return ""
	}
	switch host := c.s.addr(c.f, y); u.why {
	case decode.PortUnreachable:
		reject := c.a.platform.onLinux(" (`reject` of nftables, REJECT of iptables)")
		if c.f.synchronized() {
			return "A firewall there rejects the connection" + reject + ": TCP itself would have sent a RST"
		}
		return fmt.Sprintf("A firewall there rejects port %d%s: where only nobody listens, TCP answers with a RST", c.f.port(y), reject)
	case decode.Prohibited, decode.NetProhibited:
		return "A firewall or a route there forbids it" + c.a.platform.onLinux(" (`nft list ruleset`, `iptables -vnL`, `ip route show type prohibit`)")
	case decode.HostUnreachable:
		return fmt.Sprintf("It does not reach %v on the link%s: that host is down, or nobody has this address, or a route there says so", host,
			c.a.platform.onLinux(fmt.Sprintf(" (`ip neigh show %v` there: FAILED)", host)))
	case decode.NetUnreachable:
		return fmt.Sprintf("It has no route to %v%s", host, c.a.platform.onLinux(fmt.Sprintf(" (`ip route get %v` there)", host)))
	case decode.ProtocolUnreachable:
		return "That host has no TCP"
	case decode.HopsExceeded:
		return fmt.Sprintf("Their time to live ran out on the way to %v: routers send them round in a loop, or the sender gave them a short one, as traceroute does", host)
	case decode.TooBig:
		return "They are too long for the next link and do not get shorter: path MTU discovery fails" +
			c.a.platform.onLinux(" (`tracepath` shows the MTU; net.ipv4.tcp_mtu_probing=1 does without ICMP)")
	}
	return "Something in their headers is wrong"
}

// connectError is what an application on Linux reads where its connect() fails (icmp_err_convert, icmpv6_err_convert).
func connectError(u *undelivered) string {
	switch u.why {
	case decode.PortUnreachable:
		return "connection refused (ECONNREFUSED)"
	case decode.ProtocolUnreachable:
		return "protocol not available (ENOPROTOOPT)"
	case decode.NetUnreachable, decode.NetProhibited:
		return "network is unreachable (ENETUNREACH)"
	case decode.Prohibited:
		if !u.by.Is4() {
			return "permission denied (EACCES)"
		}
	case decode.OtherReason:
		return "protocol error (EPROTO)"
	}
	return "no route to host (EHOSTUNREACH)"
}
