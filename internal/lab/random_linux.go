package lab

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// RecordRandom plays n connections at once whose applications and network do as a seed says. A kernel is no clockwork:
// the same seed gives the same calls and the same fate to the n-th packet of each side, not the same microseconds.
func (l *Lab) RecordRandom(seed uint64, n int) (*Run, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	ms := func(n int) time.Duration { return time.Duration(r.IntN(n)+1) * time.Millisecond }
	set := setup{v6: r.IntN(4) == 0, delay: ms(25)}
	for _, h := range []*[]string{&set.client, &set.server} {
		if r.IntN(3) == 0 {
			*h = append(*h, fmt.Sprintf("net.ipv4.tcp_fin_timeout=%d", 1+r.IntN(2)))
		}
		if r.IntN(3) == 0 {
			*h = append(*h, fmt.Sprintf("net.ipv4.tcp_orphan_retries=%d", 1+r.IntN(3)))
		}
		for _, setting := range []string{
			"net.ipv4.tcp_timestamps=0", "net.ipv4.tcp_sack=0", "net.ipv4.tcp_window_scaling=0", "net.ipv4.tcp_ecn=1",
			"net.ipv4.tcp_rfc1337=1", "net.ipv4.tcp_retries2=3",
		} {
			if r.IntN(6) == 0 {
				*h = append(*h, setting)
			}
		}
	}
	weather := fate{lost: r.IntN(4) * 30, twice: r.IntN(3) * 20, late: r.IntN(3) * 30}
	end := ms(2500)
	return l.run(fmt.Sprintf("random-%d", seed), set, func(p *Play) {
		p.patience = 400 * time.Millisecond
		p.fw.mu.Lock()
		p.fw.judge = weather.judge(seed)
		p.fw.mu.Unlock()
		p.random(seed, n)
		p.fw.mu.Lock()
		if r.IntN(2) == 0 {
			p.fw.judge = nil // good weather at last: what was lost comes through
		}
		p.fw.mu.Unlock()
		p.pause(end)
	})
}

// fate is how often something happens to a packet, in thousandths.
type fate struct{ lost, twice, late int }

// judge returns what the forwarder does to each packet: decided by the seed, the connection, the side and how many
// packets that side has sent.
func (f fate) judge(seed uint64) func(Side, *Segment, *known) ([]time.Duration, string) {
	type flow struct {
		port uint16
		from Side
	}
	count := map[flow]uint64{}
	return func(from Side, s *Segment, _ *known) ([]time.Duration, string) {
		port := s.Src.Port()
		if from == Server {
			port = s.Dst.Port()
		}
		k := flow{port, from}
		count[k]++
		salt := count[k]<<20 | uint64(port)
		if from == Server {
			salt |= 1 << 17
		}
		r := rand.New(rand.NewPCG(seed, salt))
		luck := r.IntN(1000)
		by := time.Duration(r.IntN(60)+1) * time.Millisecond
		switch {
		case luck < f.lost:
			return nil, string(verbLose)
		case luck < f.lost+f.twice:
			return []time.Duration{0, by}, string(verbTwice)
		case luck < f.lost+f.twice+f.late:
			return []time.Duration{by}, string(verbLate)
		}
		return []time.Duration{0}, ""
	}
}

// random plays n connections to their ends.
func (p *Play) random(seed uint64, n int) {
	l := p.listen(servicePort, n)
	var wg sync.WaitGroup
	quit := make(chan struct{})
	accepted := make(chan struct{})
	var servers sync.WaitGroup
	go func() {
		defer close(accepted)
		for {
			s := l.accept()
			if s != nil {
				s.patience(400 * time.Millisecond)
				r := rand.New(rand.NewPCG(seed, 1<<32|uint64(s.peer.Port())))
				servers.Go(func() { s.live(r) })
				continue
			}
			select {
			case <-quit:
				return
			default:
			}
		}
	}()
	for i := range n {
		r := rand.New(rand.NewPCG(seed, 2<<32|uint64(i)))
		wg.Go(func() {
			time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
			c, err := p.socket(Client, firstPort+uint16(i))
			if err != nil {
				return
			}
			c.patience(3 * time.Second) // for a SYN that is sent again
			if c.dial(p.serverPort()) == nil {
				c.patience(400 * time.Millisecond)
				c.live(r)
			}
		})
	}
	wg.Wait()
	close(quit)
	<-accepted
	servers.Wait()
}

// patience sets for how long calls block.
func (c *conn) patience(d time.Duration) {
	tv := unix.NsecToTimeval(int64(d))
	unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
}

// temper sets an option that changes when, or whether, the kernel sends.
func (c *conn) temper(r *rand.Rand) {
	switch r.IntN(14) {
	case 0:
		c.buffer(unix.SO_RCVBUF, 2304) // the least: a window that closes
	case 1:
		c.buffer(unix.SO_SNDBUF, 4608)
	case 2:
		c.option("TCP_NODELAY", unix.TCP_NODELAY, 1)
	case 3:
		c.option("TCP_LINGER2", unix.TCP_LINGER2, []int{-1, 1}[r.IntN(2)])
	case 4:
		c.option("TCP_USER_TIMEOUT", unix.TCP_USER_TIMEOUT, 300)
	case 5:
		c.option("TCP_QUICKACK", unix.TCP_QUICKACK, r.IntN(2))
	case 6:
		c.keepalive(1)
	}
}

// live does what applications do, at random.
func (c *conn) live(r *rand.Rand) {
	c.temper(r)
	for range 1 + r.IntN(6) {
		switch r.IntN(12) {
		case 0, 1, 2:
			c.write(1 + r.IntN(4000))
		case 3, 4:
			c.read(1 + r.IntN(3000))
		case 5, 6:
			time.Sleep(time.Duration(r.IntN(80)) * time.Millisecond)
		case 7:
			c.shutdown(unix.SHUT_WR)
		case 8:
			c.shutdown([]int{unix.SHUT_RD, unix.SHUT_RDWR, unix.SHUT_RDWR}[r.IntN(3)])
		case 9:
			if r.IntN(2) == 0 {
				c.abort()
				return
			}
		case 10:
			c.close()
			return
		case 11:
			c.readEOF()
		}
	}
	switch r.IntN(8) {
	case 0:
		return // left open
	case 1:
		c.abort()
	case 2:
		time.Sleep(time.Duration(r.IntN(1500)) * time.Millisecond)
		c.close()
	default:
		c.close()
	}
}
