package lab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// pollEvery is how often sock_diag is asked: often enough to see a TIME_WAIT that lives for a few ms.
const pollEvery = 3 * time.Millisecond

// poller asks sock_diag again and again for all TCP sockets of a namespace and keeps what changes. It sees what the
// tracepoint of state changes does not: TIME_WAIT, the small FIN_WAIT_2 of an orphan, and connection requests.
type poller struct {
	fd     int
	who    Side
	family uint8
	stop   chan struct{}
	wg     sync.WaitGroup

	mu     sync.Mutex
	seen   map[[2]netip.AddrPort]Sighting
	out    []Sighting
	last   Moment // start of the latest complete poll
	failed error
}

func newPoller(s *space, who Side, v6 bool) (*poller, error) {
	p := &poller{fd: -1, who: who, family: unix.AF_INET, stop: make(chan struct{}), seen: map[[2]netip.AddrPort]Sighting{}}
	if v6 {
		p.family = unix.AF_INET6
	}
	err := s.do(func() (err error) {
		p.fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	tv := unix.NsecToTimeval(int64(2 * time.Second))
	if err := unix.SetsockoptTimeval(p.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return nil, err
	}
	if err := p.poll(); err != nil {
		unix.Close(p.fd)
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	p.wg.Go(func() {
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				if err := p.poll(); err != nil {
					p.mu.Lock()
					p.failed = err
					p.mu.Unlock()
					return
				}
			}
		}
	})
	return p, nil
}

// close ends the polling with one last look and returns what was seen.
func (p *poller) close() ([]Sighting, error) {
	close(p.stop)
	p.wg.Wait()
	err := p.failed
	if err == nil {
		err = p.poll()
	}
	unix.Close(p.fd)
	return p.out, err
}

// state returns the latest state of a socket by its ports; empty if there is none.
func (p *poller) state(local, remote uint16) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, s := range p.seen {
		if k[0].Port() == local && k[1].Port() == remote {
			return s.State
		}
	}
	return ""
}

// Layout of sock_diag messages (linux/inet_diag.h).
const (
	sockDiagByFamily = 20
	diagRequestLen   = unix.NLMSG_HDRLEN + 56
	diagMessageLen   = 72
)

func (p *poller) poll() error {
	began := Moment(time.Now().UnixNano())
	req := make([]byte, diagRequestLen)
	ne := binary.NativeEndian
	ne.PutUint32(req, diagRequestLen)
	ne.PutUint16(req[4:], sockDiagByFamily)
	ne.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b := req[unix.NLMSG_HDRLEN:]
	b[0], b[1] = p.family, unix.IPPROTO_TCP
	ne.PutUint32(b[4:], 0x1ffe&^(1<<10)) // ESTABLISHED (1) to NEW_SYN_RECV (12), but LISTEN
	if err := unix.Sendto(p.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	now := map[[2]netip.AddrPort]Sighting{}
	buf := make([]byte, 64<<10)
	for done := false; !done; {
		n, _, err := unix.Recvfrom(p.fd, buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		for m := buf[:n]; len(m) >= unix.NLMSG_HDRLEN; {
			l := int(ne.Uint32(m))
			if l < unix.NLMSG_HDRLEN || l > len(m) {
				break
			}
			switch ne.Uint16(m[4:]) {
			case unix.NLMSG_DONE:
				done = true
			case unix.NLMSG_ERROR:
				return fmt.Errorf("error %d", int32(ne.Uint32(m[unix.NLMSG_HDRLEN:])))
			default:
				if body := m[unix.NLMSG_HDRLEN:l]; len(body) >= diagMessageLen {
					s := p.sighting(body)
					now[[2]netip.AddrPort{s.Local, s.Remote}] = s
				}
			}
			m = m[min(len(m), (l+3)&^3):]
		}
	}
	p.compare(now, began, Moment(time.Now().UnixNano()))
	return nil
}

// sighting reads an inet_diag_msg.
func (p *poller) sighting(b []byte) Sighting {
	ne, be := binary.NativeEndian, binary.BigEndian
	addr := func(b []byte) netip.Addr {
		if p.family == unix.AF_INET {
			return netip.AddrFrom4([4]byte(b))
		}
		return netip.AddrFrom16([16]byte(b)).Unmap()
	}
	s := Sighting{
		Who:   p.who,
		Local: netip.AddrPortFrom(addr(b[8:]), be.Uint16(b[4:])), Remote: netip.AddrPortFrom(addr(b[24:]), be.Uint16(b[6:])),
		State: stateName(int(b[1])), Orphan: ne.Uint32(b[68:]) == 0,
	}
	const timerTimeWait = 3
	if timer := b[2]; timer == timerTimeWait {
		s.Small = true
		s.Expires = Moment(time.Now().UnixNano() + int64(ne.Uint32(b[52:]))*1e6)
	} else if b[1] == 3 && s.Orphan || b[1] == 12 {
		s.Small = true // a request: it belongs to no process yet
	}
	return s
}

// compare notes what changed since the poll before.
func (p *poller) compare(now map[[2]netip.AddrPort]Sighting, began, ended Moment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, s := range now {
		old, ok := p.seen[k]
		again := s.Expires - old.Expires // a timer that was started anew, beyond the coarseness of jiffies
		if ok && s.State == old.State && s.Small == old.Small && s.Orphan == old.Orphan && again < 20e6 {
			now[k] = old
			continue
		}
		s.After, s.Until = p.last, ended
		now[k] = s
		p.out = append(p.out, s)
	}
	for k, old := range p.seen {
		if _, ok := now[k]; !ok {
			p.out = append(p.out, Sighting{After: p.last, Until: ended, Who: p.who, Local: old.Local, Remote: old.Remote})
		}
	}
	p.seen, p.last = now, began
}
