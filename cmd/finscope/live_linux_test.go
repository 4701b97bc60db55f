//go:build linux && cgo

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// host is a network namespace of the test's own.
type host struct{ fd int }

// inThread runs f in a thread that ends with it: its namespace does not get into other goroutines.
func inThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for good
		done <- f()
	}()
	return <-done
}

func newHost(t *testing.T) *host {
	h := &host{}
	err := inThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		h.fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Skipf("SKIPPED: no network namespace here: %v", err)
	}
	t.Cleanup(func() { unix.Close(h.fd) })
	return h
}

// do runs f in the namespace; what it opens or starts stays there.
func (h *host) do(t *testing.T, f func() error) {
	t.Helper()
	err := inThread(func() error {
		if err := unix.Setns(h.fd, unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// link is the handle of the namespace's interfaces.
func (h *host) link(t *testing.T) *netlink.Handle {
	nl, err := netlink.NewHandleAt(netns.NsHandle(h.fd), unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nl.Close)
	return nl
}

// The two ends of the wire: both are called veth0.
const (
	clientIP = "10.99.0.1"
	serverIP = "10.99.0.2"
)

// newWire joins two hosts.
func newWire(t *testing.T) (client, server *host) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces and capturing need root")
	}
	client, server = newHost(t), newHost(t)
	wire(t, client, server)
	return client, server
}

// wire lays the wire between two hosts that have none.
func wire(t *testing.T, client, server *host) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "veth0"
	nl := client.link(t)
	if err := nl.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "veth0", PeerNamespace: netlink.NsFd(server.fd)}); err != nil {
		t.Skipf("SKIPPED: no veth pair here: %v", err)
	}
	for _, end := range []struct {
		h  *host
		ip string
	}{{client, clientIP}, {server, serverIP}} {
		nl := end.h.link(t)
		link, err := nl.LinkByName("veth0")
		if err != nil {
			t.Fatal(err)
		}
		addr := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(end.ip), Mask: net.CIDRMask(24, 32)}}
		if err := errors.Join(nl.AddrAdd(link, addr), nl.LinkSetUp(link)); err != nil {
			t.Fatal(err)
		}
	}
}

// listen opens a port of a host.
func (h *host) listen(t *testing.T, port int) *net.TCPListener {
	t.Helper()
	var l *net.TCPListener
	h.do(t, func() (err error) {
		l, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: net.ParseIP(serverIP), Port: port})
		return err
	})
	t.Cleanup(func() { l.Close() })
	return l
}

// connect opens a connection and returns both ends.
func (h *host) connect(t *testing.T, l *net.TCPListener) (client, server *net.TCPConn) {
	t.Helper()
	h.do(t, func() (err error) {
		client, err = net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
		return err
	})
	server, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// ping sends a datagram that nobody reads, so that a capture's last packet comes when the test wants it.
func (h *host) ping(t *testing.T) {
	t.Helper()
	h.do(t, func() error {
		c, err := net.Dial("udp4", serverIP+":9")
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("x"))
		return err
	})
}

// flood sends n datagrams to a port where nobody is: the socket is not connected and is not told.
func (h *host) flood(t *testing.T, n int) {
	t.Helper()
	h.do(t, func() error {
		c, err := net.ListenPacket("udp4", clientIP+":0")
		if err != nil {
			return err
		}
		defer c.Close()
		for range n {
			if _, err := c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.ParseIP(serverIP), Port: 9}); err != nil {
				return err
			}
		}
		return nil
	})
}

// sniffer is a running finscope -i.
type sniffer struct {
	cmd    *exec.Cmd
	stderr stderrBuffer // complete after wait
	copied chan struct{}
	ended  chan struct{}

	mu    sync.Mutex
	lines []string
	times []time.Time
}

// stderrBuffer can be read while it is written.
type stderrBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *stderrBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *stderrBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// sniff starts finscope in a host and waits until it listens.
func (h *host) sniff(t *testing.T, args ...string) *sniffer {
	t.Helper()
	s := &sniffer{cmd: exec.Command("finscope", args...), ended: make(chan struct{})}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.start(t, h)
	go func() {
		defer close(s.ended)
		for in := bufio.NewScanner(stdout); in.Scan(); {
			s.mu.Lock()
			s.lines, s.times = append(s.lines, in.Text()), append(s.times, time.Now())
			s.mu.Unlock()
		}
	}()
	return s
}

func (s *sniffer) start(t *testing.T, h *host) {
	t.Helper()
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.do(t, s.cmd.Start)
	t.Cleanup(func() { s.cmd.Process.Kill() })
	in := bufio.NewReader(stderr)
	first, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "finscope: listening on ") {
		rest, _ := io.ReadAll(in)
		t.Fatalf("it does not listen: %s%s", first, rest)
	}
	io.WriteString(&s.stderr, first)
	s.copied = make(chan struct{})
	go func() {
		defer close(s.copied)
		io.Copy(&s.stderr, in)
	}()
}

// wait waits for the end and returns how it came.
func (s *sniffer) wait() *os.ProcessState {
	timer := time.AfterFunc(10*time.Second, func() { s.cmd.Process.Kill() })
	defer timer.Stop()
	<-s.copied
	s.cmd.Wait()
	return s.cmd.ProcessState
}

// await waits for a line that contains all words and returns it, and when it came.
func (s *sniffer) await(t *testing.T, words ...string) (string, time.Time) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		for i, line := range s.lines {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				defer s.mu.Unlock()
				return line, s.times[i]
			}
		}
		s.mu.Unlock()
	}
	t.Fatalf("no line with %q:\n%s", words, s.output())
	return "", time.Time{}
}

func (s *sniffer) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n") + "\n"
}

// end sends a signal, if it is one, and returns the exit code.
func (s *sniffer) end(t *testing.T, sig syscall.Signal) int {
	t.Helper()
	if sig != 0 {
		s.cmd.Process.Signal(sig)
	}
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		t.Fatalf("it does not end:\n%s", s.output())
	}
	return s.wait().ExitCode()
}

// makeConnections closes connections in several ways; port 81 refuses.
func makeConnections(t *testing.T, client *host, l *net.TCPListener) (stuck *net.TCPConn) {
	t.Helper()
	const talk = "hello"
	for _, end := range []func(c, s *net.TCPConn){
		func(c, s *net.TCPConn) { c.Close(); io.ReadAll(s); s.Close() },
		func(c, s *net.TCPConn) { s.Close(); io.ReadAll(c); c.Close() },
		func(c, s *net.TCPConn) {
			c.CloseWrite()
			io.ReadAll(s)
			io.WriteString(s, talk)
			s.Close()
			io.ReadAll(c)
			c.Close()
		},
		func(c, s *net.TCPConn) { c.SetLinger(0); c.Close() },
		func(c, s *net.TCPConn) { s.SetLinger(0); s.Close() },
		func(c, s *net.TCPConn) {
			io.WriteString(s, talk)
			time.Sleep(20 * time.Millisecond)
			c.Close()
			s.Close()
		}, // unread data
		func(c, s *net.TCPConn) { time.Sleep(50 * time.Millisecond); go c.Close(); s.Close() },
		func(c, s *net.TCPConn) {},
	} {
		c, s := client.connect(t, l)
		io.WriteString(c, talk)
		io.ReadFull(s, make([]byte, len(talk)))
		end(c, s)
	}
	client.do(t, func() error {
		if c, err := net.Dial("tcp4", serverIP+":81"); err == nil {
			c.Close()
			return errors.New("port 81 is open")
		}
		return nil
	})
	c, s := client.connect(t, l)
	c.CloseWrite()
	return s
}

// flowRecords returns the flow records among lines by stream, the last one of each, without what depends on when the capture
// ended.
func flowRecords(t *testing.T, lines string) map[float64]map[string]any {
	t.Helper()
	out := map[float64]map[string]any{}
	for line := range strings.Lines(lines) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if r["type"] != "flow" {
			continue
		}
		delete(r, "age")
		if h, ok := r["half_close"].(map[string]any); ok {
			delete(h, "seconds")
		}
		for _, f := range r["findings"].([]any) {
			delete(f.(map[string]any), "text") // has the age in words
		}
		out[r["stream"].(float64)] = r
	}
	return out
}

// What is said live is what is said of the file that -w saved meanwhile.
func TestLiveLikeFile(t *testing.T) {
	client, server := newWire(t)
	for _, iface := range []string{"veth0", "any"} {
		t.Run(iface, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "live.pcap")
			l := server.listen(t, 80)
			defer l.Close()
			s := server.sniff(t, "-i", iface, "--json", "-w", name, "--stuck-after", "1")
			makeConnections(t, client, l)
			s.await(t, `"alert":"stuck"`)
			time.Sleep(1500 * time.Millisecond)
			client.ping(t)
			time.Sleep(200 * time.Millisecond)
			if code := s.end(t, syscall.SIGINT); code != exitOK {
				t.Fatalf("exit code %d: %s", code, &s.stderr)
			}
			file, err := exec.Command("finscope", "--json", "--stuck-after", "1", name).Output()
			if err != nil {
				t.Fatal(err)
			}
			live, saved := flowRecords(t, s.output()), flowRecords(t, string(file))
			if len(saved) != 10 {
				t.Errorf("%d connections in the file, want 10", len(saved))
			}
			for stream, want := range saved {
				a, _ := json.MarshalIndent(live[stream], "", "  ")
				b, _ := json.MarshalIndent(want, "", "  ")
				if !bytes.Equal(a, b) {
					t.Errorf("stream %v: live\n%s\nfrom the file\n%s", stream, a, b)
				}
			}
			if len(live) != len(saved) {
				t.Errorf("%d connections live, %d in the file", len(live), len(saved))
			}
			if n := strings.Count(s.output(), `"type":"flow"`); n != len(live) {
				t.Errorf("%d flow records for %d connections:\n%s", n, len(live), s.output())
			}
		})
	}
}

// A close that hangs is told within a second of its time although nothing is sent, once, and so is its end.
func TestLiveStuck(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "--stuck-after", "2")
	c, peer := client.connect(t, l)
	closed := time.Now()
	c.CloseWrite()
	_, told := s.await(t, "stuck:", "owes its FIN")
	if late := told.Sub(closed) - 2*time.Second; late < 0 || late > time.Second {
		t.Errorf("told %v after its time", late)
	}
	time.Sleep(1500 * time.Millisecond)
	over := time.Now()
	peer.Close()
	_, told = s.await(t, "not stuck any more")
	if late := told.Sub(over); late > time.Second {
		t.Errorf("its end was told after %v", late)
	}
	s.await(t, "client closed first, both FINs acknowledged; client TIME_WAIT, server CLOSED")
	if n := strings.Count(s.output(), "stuck:"); n != 1 {
		t.Errorf("told %d times:\n%s", n, s.output())
	}
	if code := s.end(t, syscall.SIGTERM); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
	if !strings.Contains(s.stderr.String(), " packets captured, 0 dropped by kernel, 0 dropped by interface\n") {
		t.Errorf("standard error: %s", &s.stderr)
	}
}

// SIGUSR1 prints a report and the capture goes on.
func TestLiveReportSoFar(t *testing.T) {
	client, server := newWire(t)
	name := filepath.Join(t.TempDir(), "live.pcap")
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "-w", name, "-f", "tcp")
	c, peer := client.connect(t, l)
	time.Sleep(300 * time.Millisecond)
	s.cmd.Process.Signal(syscall.SIGUSR1)
	s.await(t, "veth0  3 packets  1 TCP flow")
	if info, err := os.Stat(name); err != nil || info.Size() < 24+3*(16+54) {
		t.Errorf("the file was not flushed: %v, %v", info, err)
	}
	c.Close()
	peer.Close()
	s.await(t, "both FINs acknowledged; ")
	if code := s.end(t, syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
	if out := s.output(); !strings.Contains(out, "veth0  6 packets  1 TCP flow") && !strings.Contains(out, "veth0  7 packets  1 TCP flow") {
		t.Errorf("no final report:\n%s", out)
	}
}

// While somebody does not read the report, packets are kept that the kernel's buffer has no room for.
func TestLiveReportDoesNotBlock(t *testing.T) {
	client, server := newWire(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096)
	w.Write(make([]byte, 4096)) // full: the report cannot be written
	s := &sniffer{cmd: exec.Command("finscope", "-i", "veth0", "-f", "udp", "-B", "1024")}
	s.cmd.Stdout = w
	s.start(t, server)
	w.Close()
	client.flood(t, 10)
	time.Sleep(300 * time.Millisecond)
	s.cmd.Process.Signal(syscall.SIGUSR1)
	time.Sleep(300 * time.Millisecond)
	const n = 30_000
	for range n / 100 { // the buffer has no room for all at once
		client.flood(t, 100)
		time.Sleep(5 * time.Millisecond)
	}
	go io.Copy(io.Discard, r)
	time.Sleep(300 * time.Millisecond)
	s.cmd.Process.Signal(syscall.SIGINT)
	if code := s.wait().ExitCode(); code != exitOK || !strings.Contains(s.stderr.String(), fmt.Sprint(n+10, " packets captured, 0 dropped by kernel")) {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
}

// The ends that a run can come to.
func TestLiveEnds(t *testing.T) {
	t.Run("count", func(t *testing.T) {
		client, server := newWire(t)
		s := server.sniff(t, "-i", "veth0", "-f", "udp", "-c", "2")
		client.ping(t)
		client.ping(t)
		if code := s.end(t, 0); code != exitOK || !strings.Contains(s.stderr.String(), "2 packets captured") {
			t.Errorf("exit code %d: %s", code, &s.stderr)
		}
	})
	t.Run("what came before the signal", func(t *testing.T) {
		client, server := newWire(t)
		s := server.sniff(t, "-i", "veth0", "-f", "udp")
		time.Sleep(300 * time.Millisecond)
		const n = 500
		client.flood(t, n)
		begin := time.Now()
		if code := s.end(t, syscall.SIGINT); code != exitOK || !strings.Contains(s.stderr.String(), fmt.Sprint(n, " packets captured, 0 dropped")) {
			t.Errorf("exit code %d: %s", code, &s.stderr)
		}
		if d := time.Since(begin); d > 3*time.Second { // the race detector alone waits for a second
			t.Errorf("it ended after %v", d)
		}
	})
	t.Run("duration", func(t *testing.T) {
		_, server := newWire(t)
		s := server.sniff(t, "-i", "veth0", "--duration", "0.3")
		if code := s.end(t, 0); code != exitOK {
			t.Errorf("exit code %d: %s", code, &s.stderr)
		}
	})
	t.Run("full disk", func(t *testing.T) {
		client, server := newWire(t)
		s := server.sniff(t, "-i", "veth0", "-w", "/dev/full")
		client.ping(t)
		code := s.end(t, 0)
		if code != exitUsage || !strings.Contains(s.stderr.String(), "finscope: error: -w /dev/full: write /dev/full: no space left on device\n") {
			t.Errorf("exit code %d: %s", code, &s.stderr)
		}
		if !strings.Contains(s.output(), "veth0  ") {
			t.Errorf("no report:\n%s", s.output())
		}
	})
	t.Run("reader goes away", func(t *testing.T) {
		client, server := newWire(t)
		l := server.listen(t, 80)
		name := filepath.Join(t.TempDir(), "live.pcap")
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		s := &sniffer{cmd: exec.Command("finscope", "-i", "veth0", "-w", name)}
		s.cmd.Stdout = w
		s.start(t, server)
		r.Close()
		w.Close()
		makeConnections(t, client, l)
		if code := s.wait().ExitCode(); code != exitOK || strings.Count(s.stderr.String(), "\n") != 1 {
			t.Errorf("exit code %d: %s", code, &s.stderr)
		}
		if out, err := exec.Command("finscope", "-q", name).CombinedOutput(); err != nil {
			t.Errorf("the file of -w: %v\n%s", err, out)
		}
	})
	t.Run("second signal", func(t *testing.T) {
		client, server := newWire(t)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096)
		w.Write(make([]byte, 4096)) // full: the report cannot be written
		s := &sniffer{cmd: exec.Command("finscope", "-i", "veth0")}
		s.cmd.Stdout = w
		s.start(t, server)
		w.Close()
		client.ping(t)
		s.cmd.Process.Signal(syscall.SIGINT)
		time.Sleep(500 * time.Millisecond)
		s.cmd.Process.Signal(syscall.SIGINT)
		if st := s.wait(); st.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
			t.Errorf("ended with %v", st)
		}
	})
}

// Packets that the kernel's buffer has no room for are counted and take certainty away. The reader is stopped meanwhile.
func TestLiveDrops(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "--json", "-B", "64")
	c, peer := client.connect(t, l)
	time.Sleep(300 * time.Millisecond)
	s.cmd.Process.Signal(syscall.SIGSTOP)
	client.do(t, func() error {
		u, err := net.Dial("udp4", serverIP+":9")
		if err != nil {
			return err
		}
		defer u.Close()
		for range 5000 {
			u.Write([]byte("x")) // refused now and then
		}
		return nil
	})
	s.cmd.Process.Signal(syscall.SIGCONT)
	time.Sleep(300 * time.Millisecond)
	c.Close()
	peer.Close()
	s.await(t, `"type":"flow"`, `"verdict":"graceful"`, `"kernel-drops"`)
	if code := s.end(t, syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
	var captured, kernel, iface int
	_, line, _ := strings.Cut(s.stderr.String(), "\n")
	if _, err := fmt.Sscanf(line, "finscope: %d packets captured, %d dropped by kernel, %d dropped by interface\n", &captured, &kernel, &iface); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if kernel < 1000 || captured+kernel < 5000 {
		t.Errorf("%d captured, %d dropped of more than 5000", captured, kernel)
	}
	if want := fmt.Sprintf(`"kernel_dropped":%d,`, kernel+iface); !strings.Contains(s.output(), want) {
		t.Errorf("no %s:\n%s", want, s.output())
	}
}

// -Z leaves neither root nor its groups to any thread, and the file belongs to the user.
func TestLiveRelinquish(t *testing.T) {
	client, server := newWire(t)
	dir, err := os.MkdirTemp("", "finscope")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "live.pcap")
	s := server.sniff(t, "-i", "veth0", "-Z", "nobody", "-w", name)
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", s.cmd.Process.Pid, task.Name()))
		if err != nil {
			continue // the thread ended
		}
		for line := range strings.Lines(string(status)) {
			key, value, _ := strings.Cut(line, ":")
			fields := strings.Fields(value)
			switch key {
			case "Uid", "Gid":
				if slices.Contains(fields, "0") {
					t.Errorf("thread %s: %s", task.Name(), line)
				}
			case "CapEff", "CapPrm":
				if strings.Trim(value, " \t\n0") != "" {
					t.Errorf("thread %s: %s", task.Name(), line)
				}
			}
		}
	}
	client.ping(t)
	time.Sleep(300 * time.Millisecond)
	if code := s.end(t, syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner == 0 || info.Size() <= 24 {
		t.Errorf("the file has %d bytes and belongs to user %d", info.Size(), owner)
	}
}

// Without the permission to capture the answer is the command that grants it.
func TestLiveNoPermission(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: gives root up, so it needs it")
	}
	path, err := exec.LookPath("finscope")
	if err != nil {
		t.Fatal(err)
	}
	prog, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(prog)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "finscope")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "finscope")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(name, data, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, "-i", "lo")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, _ := cmd.CombinedOutput()
	want := "finscope: error: no permission to capture on lo\n" +
		"finscope: hint: grant it once with: sudo setcap cap_net_raw,cap_net_admin=eip " + name + "; or run finscope as root\n"
	if code := cmd.ProcessState.ExitCode(); code != exitInterface || string(out) != want {
		t.Errorf("exit code %d:\n%s\nwant\n%s", code, out, want)
	}
}
