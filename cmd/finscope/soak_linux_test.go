//go:build linux && cgo

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var soakFor = flag.Duration("soak", 0, "how long TestSoak runs; 30m makes a million connections")

// The ways in which the connections of a soak close. The client tells the server which, in its one octet.
const (
	clientCloses = iota
	serverCloses
	clientAborts
	serverAborts
	serverHangs // for hangFor; then it closes
	refused
	soakKinds
)

const (
	soakRate  = 280 // connections a second, made by kernels
	floodRate = 280 // SYNs a second, of made-up sources
	soakPorts = 5   // listening ports, from 8000 on; the next one refuses
	hangEvery = 50  // one of so many hangs: with all as often, thousands would
	hangFor   = 4 * time.Second
)

// TestSoak keeps a capture busy for as long as -soak says, with connections of every kind and a flood of SYNs of made-up
// sources, all of it between two namespaces of its own: at the end the metrics are what was done, and memory has not grown
// since the first minutes.
//
//	go test ./cmd/finscope -run TestSoak -soak 30m -timeout 40m -v
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("SKIPPED: takes as long as -soak says, for example -soak 30m")
	}
	client, server := newWire(t)
	for _, h := range []*host{client, server} {
		h.do(t, func() error { return os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0) })
	}
	for i := range soakPorts {
		go serveSoak(server.listen(t, 8000+i))
	}
	s := server.sniff(t, "-i", "veth0", "-q", "--stuck-after", "2", "--metrics", metricsAt, "-f", "tcp and "+notScrapes)

	var made [soakKinds]atomic.Uint64
	var flooded, failed atomic.Uint64
	stop := make(chan struct{})
	var work sync.WaitGroup
	const workers = 4
	for i := range workers {
		work.Go(func() {
			err := inThread(func() error {
				if err := unix.Setns(client.fd, unix.CLONE_NEWNET); err != nil {
					return err
				}
				every(time.Second*workers/soakRate, stop, func(n int) {
					kind := n % soakKinds
					if kind == serverHangs && n/soakKinds%hangEvery != 0 {
						kind = clientCloses
					}
					if err := connectSoak(kind, 8000+(n+i)%soakPorts); err != nil {
						failed.Add(1)
						return
					}
					made[kind].Add(1)
				})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	flooder := client.newFlooder(t)
	work.Go(func() {
		every(time.Second/floodRate, stop, func(int) {
			if flooder.syn() == nil {
				flooded.Add(1)
			}
		})
	})

	var rss []int
	begin := time.Now()
	for next := begin; time.Since(begin) < *soakFor; {
		next = next.Add(*soakFor / 60)
		time.Sleep(time.Until(next))
		rss = append(rss, residentKB(t, s.cmd.Process.Pid))
		if len(rss)%6 == 0 {
			t.Logf("%6.0f s  %d MB", time.Since(begin).Seconds(), rss[len(rss)-1]>>10)
		}
	}
	close(stop)
	work.Wait()
	time.Sleep(hangFor + 4*time.Second)

	got := client.scrape(t)
	held := [2]int{server.timeWaits(t), client.timeWaits(t)}
	var all uint64
	for i := range made {
		all += made[i].Load()
	}
	sum := func(name string, labels ...string) (n float64) {
		for key, v := range got {
			if strings.HasPrefix(key, name+"{") && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(key, l) }) {
				n += v
			}
		}
		return n
	}
	closes := func(first, verdict string) float64 {
		return sum("finscope_closes_total", fmt.Sprintf("closed_first=%q", first), fmt.Sprintf("verdict=%q", verdict))
	}
	lost := server.lostOnWire(t) + client.lostOnWire(t)
	t.Logf("%d connections, %d SYNs of the flood, %d packets lost on the wire", all, flooded.Load(), lost)
	if n, want := got["finscope_flows_total"], float64(all+flooded.Load()); n > want || n < want-float64(lost) { // nobody sends a SYN of the flood again
		t.Errorf("%v connections, want %v", n, want)
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"failed", float64(failed.Load()), 0},
		{"dropped", sum("finscope_dropped_packets_total"), 0},
		{"client first, graceful", closes("client", "graceful"), float64(made[clientCloses].Load() + made[serverHangs].Load())},
		{"server first, graceful", closes("server", "graceful"), float64(made[serverCloses].Load())},
		{"client first, reset", closes("client", "reset"), float64(made[clientAborts].Load())},
		{"server first, reset", closes("server", "reset"), float64(made[serverAborts].Load())},
		{"refused", closes("none", "refused"), float64(made[refused].Load())},
		{"close-wait-stuck", got[`finscope_findings_total{code="close-wait-stuck"}`], float64(made[serverHangs].Load())},
		{"stuck now", sum("finscope_stuck"), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	for i, holder := range []string{"server", "client"} { // the kernel's timers tick in steps, and some seconds passed between the two looks
		n := sum("finscope_time_wait", fmt.Sprintf("holder=%q", holder))
		t.Logf("TIME_WAIT of the %s: %v, by its kernel %d", holder, n, held[i])
		if d := n - float64(held[i]); d > 0.1*n+100 || -d > 0.1*n+100 {
			t.Errorf("TIME_WAIT of the %s: %v, by its kernel %d", holder, n, held[i])
		}
	}
	if *soakFor >= 30*time.Minute { // what ended two minutes ago is remembered for up to 8 minutes
		before, after := slices.Max(rss[20:40]), slices.Max(rss[40:])
		t.Logf("at most %d MB in the second third, %d MB in the last", before>>10, after>>10)
		if after > before*11/10 {
			t.Errorf("memory grew from %d to %d kB", before, after)
		}
	}
	if code := s.end(t, syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
}

// every calls f in steps of d until stop is closed. What is late is made up for.
func every(d time.Duration, stop <-chan struct{}, f func(n int)) {
	begin := time.Now()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Until(begin.Add(time.Duration(n) * d))):
			f(n)
		}
	}
}

// connectSoak makes a connection that closes in one of the ways, from the namespace of the calling thread.
func connectSoak(kind, port int) error {
	if kind == refused {
		port = 8000 + soakPorts
	}
	c, err := net.DialTCP("tcp4", nil, &net.TCPAddr{IP: net.ParseIP(serverIP), Port: port})
	if kind == refused {
		if err == nil {
			c.Close()
			return fmt.Errorf("port %d is open", port)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write([]byte{byte(kind)}); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil { // the server has it, so nothing of ours is unread there
		return err
	}
	switch kind {
	case clientAborts:
		c.SetLinger(0)
	case serverCloses, serverAborts:
		c.Read(make([]byte, 1)) // until it has closed
	}
	return nil
}

// serveSoak is the other side.
func serveSoak(l *net.TCPListener) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			kind := make([]byte, 1)
			if _, err := io.ReadFull(c, kind); err != nil {
				return
			}
			c.Write(kind)
			switch kind[0] {
			case serverCloses:
				return
			case serverAborts:
				c.SetLinger(0)
				return
			}
			c.Read(kind)
			if kind[0] == serverHangs {
				time.Sleep(hangFor)
			}
		}()
	}
}

// residentKB is the memory of a process.
func residentKB(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(line)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// timeWaits is how many the kernel of a host holds.
func (h *host) timeWaits(t *testing.T) (n int) {
	t.Helper()
	h.do(t, func() error {
		stat, err := os.ReadFile("/proc/thread-self/net/sockstat")
		if err != nil {
			return err
		}
		_, line, _ := strings.Cut(string(stat), " tw ")
		n, err = strconv.Atoi(strings.Fields(line)[0])
		return err
	})
	return n
}

// lostOnWire is how many packets the end of the wire at a host had no room for.
func (h *host) lostOnWire(t *testing.T) uint64 {
	t.Helper()
	link, err := h.link(t).LinkByName("veth0")
	if err != nil {
		t.Fatal(err)
	}
	stats := link.Attrs().Statistics
	return stats.TxDropped + stats.RxDropped
}
