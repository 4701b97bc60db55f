package lab

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// What scenarios do besides the calls of ordinary applications.

// vanish takes a socket away as a crash of its host does: without a packet (TCP_REPAIR).
func (c *conn) vanish() {
	c.option("TCP_REPAIR", unix.TCP_REPAIR, 1)
	c.close()
}

// keepalive probes a silent peer after a second, each second, and gives up after so many probes.
func (c *conn) keepalive(probes int) {
	c.option("TCP_KEEPIDLE", unix.TCP_KEEPIDLE, 1)
	c.option("TCP_KEEPINTVL", unix.TCP_KEEPINTVL, 1)
	c.option("TCP_KEEPCNT", unix.TCP_KEEPCNT, probes)
	c.note(time.Now(), 0, unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1), "setsockopt(%d, SO_KEEPALIVE, 1)", c.fd)
}

// buffer sets the size of a socket's buffers: SO_RCVBUF or SO_SNDBUF.
func (c *conn) buffer(option, size int) {
	name := "SO_SNDBUF"
	if option == unix.SO_RCVBUF {
		name = "SO_RCVBUF"
	}
	c.note(time.Now(), 0, unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, option, size), "setsockopt(%d, %s, %d)", c.fd, name, size)
}

// startDial begins to connect and does not wait.
func (c *conn) startDial(to netip.AddrPort) {
	unix.SetNonblock(c.fd, true)
	c.dial(to)
	unix.SetNonblock(c.fd, false)
}

// destroy ends the socket of a connection from outside, as ss -K does.
func (p *Play) destroy(side Side, port uint16) {
	local, remote := netip.AddrPortFrom(p.truth.Client, port), netip.AddrPortFrom(p.truth.Server, servicePort)
	if side == Server {
		local, remote = remote, local
	}
	const sockDestroy = 21
	req := make([]byte, diagRequestLen)
	ne, be := binary.NativeEndian, binary.BigEndian
	ne.PutUint32(req, diagRequestLen)
	ne.PutUint16(req[4:], sockDestroy)
	ne.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b := req[unix.NLMSG_HDRLEN:]
	b[0], b[1] = unix.AF_INET, unix.IPPROTO_TCP
	if local.Addr().Is6() {
		b[0] = unix.AF_INET6
	}
	ne.PutUint32(b[4:], ^uint32(0))
	be.PutUint16(b[8:], local.Port())
	be.PutUint16(b[10:], remote.Port())
	copy(b[12:], local.Addr().AsSlice())
	copy(b[28:], remote.Addr().AsSlice())
	ne.PutUint32(b[48:], ^uint32(0)) // any cookie
	ne.PutUint32(b[52:], ^uint32(0))
	began := time.Now()
	err := p.host(side).do(func() error {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		buf := make([]byte, 4096)
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err == nil && n >= unix.NLMSG_HDRLEN+4 {
			if code := int32(ne.Uint32(buf[unix.NLMSG_HDRLEN:])); code < 0 {
				return syscall.Errno(-code)
			}
		}
		return err
	})
	p.note(began, side, port, 0, err, "ss -K on port %d", port)
}

// cutOff loses everything in both directions until heal.
func (p *Play) cutOff() { p.fw.add(lose(Client, anyPacket(), 0), lose(Server, anyPacket(), 0)) }

// heal ends all rules.
func (p *Play) heal() { p.fw.clear() }

// again accepts the connection that a client opens on the port of the one before.
func (p *Play) again() (c, s *conn) {
	c = p.connect(firstPort, servicePort)
	s = p.listener.accept()
	return c, s
}

// goodbye closes at the client and then at the server.
func (p *Play) goodbye(c, s *conn) {
	c.close()
	s.readEOF()
	s.close()
	p.settle(30 * time.Millisecond)
}
