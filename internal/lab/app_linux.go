package lab

import (
	"fmt"
	"net/netip"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is a socket of one of the applications. Its methods are the system calls, each noted with its result; they
// return nothing, because a scenario goes on whatever a call said, and the truth has it.
type conn struct {
	p     *Play
	side  Side
	fd    int
	local netip.AddrPort
	peer  netip.AddrPort
}

// sockaddr is an address and port as the kernel wants it.
func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// note adds a call to the truth and returns its error.
func (p *Play) note(began time.Time, who Side, port uint16, n int, err error, format string, args ...any) error {
	c := Call{Began: Moment(began.UnixNano()), Time: Moment(time.Now().UnixNano()), Who: who, Port: port, Call: fmt.Sprintf(format, args...), Result: n}
	if err != nil {
		c.Result, c.Errno = -1, unix.ErrnoName(err.(syscall.Errno))
	}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	return err
}

// note is [Play.note] for a call on the socket.
func (c *conn) note(began time.Time, n int, err error, format string, args ...any) error {
	return c.p.note(began, c.side, c.clientPort(), n, err, format, args...)
}

// clientPort returns the client's port of the connection.
func (c *conn) clientPort() uint16 {
	if c.side == Client {
		return c.local.Port()
	}
	return c.peer.Port()
}

// socket opens a TCP socket of a side, bound to a port of its address.
func (p *Play) socket(side Side, port uint16) (*conn, error) {
	h := p.host(side)
	family := unix.AF_INET
	if h.addr.Is6() {
		family = unix.AF_INET6
	}
	c := &conn{p: p, side: side, fd: -1, local: netip.AddrPortFrom(h.addr, port)}
	proto := 0
	if p.set.mptcp {
		proto = unix.IPPROTO_MPTCP
	}
	err := h.do(func() (err error) {
		c.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, proto)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.conns = append(p.conns, c)
	p.mu.Unlock()
	tv := unix.NsecToTimeval(int64(p.patience))
	unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
	unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if port == 0 { // chosen by connect, as for a socket that is not bound
		unix.SetsockoptInt(c.fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
	}
	return c, c.note(time.Now(), 0, unix.Bind(c.fd, sockaddr(c.local)), "bind(%d, port %d)", c.fd, port)
}

// listen opens a listening socket of the server.
func (p *Play) listen(port uint16, backlog int) *conn {
	c, err := p.socket(Server, port)
	if err != nil {
		p.fail("listen: %v", err)
	}
	if err := c.note(time.Now(), 0, unix.Listen(c.fd, backlog), "listen(%d, %d)", c.fd, backlog); err != nil {
		p.fail("listen: %v", err)
	}
	return c
}

// connect opens a connection of the client to the server's port and waits for it; the error is noted.
func (p *Play) connect(from, to uint16) *conn {
	c, err := p.socket(Client, from)
	if err != nil {
		p.fail("connect: %v", err)
	}
	c.dial(netip.AddrPortFrom(p.host(Server).addr, to))
	return c
}

// dial connects a bound socket.
func (c *conn) dial(to netip.AddrPort) error {
	began := time.Now()
	c.peer = to
	err := unix.Connect(c.fd, sockaddr(to))
	if c.local.Port() == 0 && err == nil {
		c.local = netip.AddrPortFrom(c.local.Addr(), localPort(c.fd))
	}
	return c.note(began, 0, err, "connect(%d, port %d > %d)", c.fd, c.local.Port(), to.Port())
}

// localPort returns the port of a socket.
func localPort(fd int) uint16 {
	switch a, _ := unix.Getsockname(fd); a := a.(type) {
	case *unix.SockaddrInet4:
		return uint16(a.Port)
	case *unix.SockaddrInet6:
		return uint16(a.Port)
	}
	return 0
}

// accept takes a connection off the listener; nil if none comes.
func (c *conn) accept() *conn {
	began := time.Now()
	fd, from, err := unix.Accept4(c.fd, unix.SOCK_CLOEXEC)
	if err != nil {
		c.note(began, fd, err, "accept(%d)", c.fd)
		return nil
	}
	n := &conn{p: c.p, side: c.side, fd: fd, local: c.local}
	switch a := from.(type) {
	case *unix.SockaddrInet4:
		n.peer = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		n.peer = netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	n.note(began, fd, nil, "accept(%d)", c.fd)
	c.p.mu.Lock()
	c.p.conns = append(c.p.conns, n)
	c.p.mu.Unlock()
	return n
}

// write sends n bytes.
func (c *conn) write(n int) {
	began := time.Now()
	got, err := unix.SendmsgN(c.fd, make([]byte, n), nil, nil, unix.MSG_NOSIGNAL)
	c.note(began, got, err, "write(%d, %d bytes)", c.fd, n)
}

// read takes n bytes in, less at the end of the stream or after an error.
func (c *conn) read(n int) {
	began := time.Now()
	buf, total := make([]byte, min(n, 64<<10)), 0
	var err error
	for total < n {
		var m int
		m, err = unix.Read(c.fd, buf[:min(len(buf), n-total)])
		if err == unix.EINTR {
			continue
		}
		if m <= 0 {
			break
		}
		total += m
	}
	c.note(began, total, err, "read(%d, %d bytes)", c.fd, n)
}

// readEOF reads to the end of the stream.
func (c *conn) readEOF() { c.read(1 << 30) }

// shutdown closes one direction or both: unix.SHUT_RD, SHUT_WR, SHUT_RDWR.
func (c *conn) shutdown(how int) {
	name := [...]string{"SHUT_RD", "SHUT_WR", "SHUT_RDWR"}[how]
	c.note(time.Now(), 0, unix.Shutdown(c.fd, how), "shutdown(%d, %s)", c.fd, name)
}

func (c *conn) close() {
	if c == nil || c.fd < 0 {
		return
	}
	began, fd := time.Now(), c.fd
	c.fd = -1
	c.note(began, 0, unix.Close(fd), "close(%d)", fd)
}

// abort closes with SO_LINGER 0: RST instead of FIN.
func (c *conn) abort() {
	c.linger(1, 0)
	c.close()
}

func (c *conn) linger(on, seconds int32) {
	err := unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: on, Linger: seconds})
	c.note(time.Now(), 0, err, "setsockopt(%d, SO_LINGER, %d %d)", c.fd, on, seconds)
}

// option sets a TCP option.
func (c *conn) option(name string, option, value int) {
	c.note(time.Now(), 0, unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, option, value), "setsockopt(%d, %s, %d)", c.fd, name, value)
}

// disconnect is connect to AF_UNSPEC: Linux's way to abort and keep the socket.
func (c *conn) disconnect() {
	raw := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	began := time.Now()
	err := connectRaw(c.fd, &raw)
	c.note(began, 0, err, "connect(%d, AF_UNSPEC)", c.fd)
}

// state asks the kernel for the state of the socket.
func (c *conn) state() string {
	info, err := unix.GetsockoptTCPInfo(c.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return ""
	}
	return stateName(int(info.State))
}

// unacked returns how many segments are on their way.
func (c *conn) unacked() int {
	info, err := unix.GetsockoptTCPInfo(c.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return int(info.Unacked)
}

// await waits until the socket is in a state.
func (c *conn) await(state string) {
	c.p.until("a socket in "+state, func() bool { return c.state() == state })
}

// owned is a socket that another process holds: it dies with that.
type owned struct {
	p    *Play
	side Side
	fd   int
	port uint16
	cmd  *exec.Cmd
}

// giveAway hands sockets to a process that does nothing; the scenario keeps none.
func (p *Play) giveAway(conns ...*conn) *owned {
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for _, c := range conns {
		fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			p.fail("dup: %v", err)
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, newFile(fd))
	}
	if err := cmd.Start(); err != nil {
		p.fail("start a process: %v", err)
	}
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	o := &owned{p: p, side: conns[0].side, cmd: cmd}
	for _, c := range conns {
		o.fd, o.port = c.fd, c.clientPort()
		unix.Close(c.fd)
		c.fd = -1
	}
	p.atEnd(func() { cmd.Process.Kill(); cmd.Wait() })
	return o
}

// kill ends the process as kill -9 does.
func (o *owned) kill() {
	began := time.Now()
	o.cmd.Process.Kill()
	o.cmd.Wait()
	o.p.note(began, o.side, o.port, 0, nil, "kill -9 of the process with %d", o.fd)
}
