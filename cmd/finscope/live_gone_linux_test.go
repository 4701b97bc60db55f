//go:build linux && cgo

package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// says waits until standard error has a text.
func (s *sniffer) says(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if strings.Contains(s.stderr.String(), text) {
			return
		}
	}
	t.Fatalf("no %q on standard error: %s", text, s.stderr.String())
}

// remove removes the wire.
func (h *host) remove(t *testing.T) {
	t.Helper()
	nl := h.link(t)
	link, err := nl.LinkByName("veth0")
	if err == nil {
		err = nl.LinkDel(link)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// An interface that is removed is waited for, and goes on being listened on when there is one of its name again.
func TestLiveInterfaceRemoved(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "--stuck-after", "1", "-f", "tcp")
	c, peer := client.connect(t, l)
	c.CloseWrite()
	time.Sleep(300 * time.Millisecond)
	server.remove(t)
	s.says(t, "finscope: veth0: the interface disappeared: waiting until it is back; Ctrl-C ends with the report\n")
	s.await(t, "stuck: ", "owes its FIN") // the time goes on
	c.Close()
	peer.Close()
	l.Close()

	wire(t, client, server)
	s.says(t, "finscope: veth0 is back\n")
	l = server.listen(t, 81)
	c, peer = client.connect(t, l)
	c.Close()
	peer.Close()
	s.await(t, serverIP+":81", "both FINs acknowledged")
	if code := s.end(t, syscall.SIGINT); code != exitOK || !strings.Contains(s.output(), "2 TCP flows") {
		t.Errorf("exit code %d: %s\n%s", code, &s.stderr, s.output())
	}
}

// One that is shut down says so, and goes on when it is up again; the end may come meanwhile.
func TestLiveInterfaceDown(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "-f", "tcp")
	client.connect(t, l)
	time.Sleep(300 * time.Millisecond)
	set := func(do func(*netlink.Handle, netlink.Link) error) {
		t.Helper()
		nl := server.link(t)
		link, err := nl.LinkByName("veth0")
		if err == nil {
			err = do(nl, link)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	set((*netlink.Handle).LinkSetDown)
	s.says(t, "finscope: veth0 is down: there is nothing to capture until it is up\n")
	set((*netlink.Handle).LinkSetUp)
	s.says(t, "finscope: veth0 is up again\n")
	c, peer := client.connect(t, l)
	c.Close()
	peer.Close()
	s.await(t, "both FINs acknowledged")
	set((*netlink.Handle).LinkSetDown)
	time.Sleep(500 * time.Millisecond)
	if code := s.end(t, syscall.SIGTERM); code != exitOK || !strings.Contains(s.output(), "2 TCP flows") {
		t.Errorf("exit code %d: %s\n%s", code, &s.stderr, s.output())
	}
}

// Without the permission to open it again the run ends with the report.
func TestLiveInterfaceBackInVain(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "-Z", "nobody", "-f", "tcp")
	client.connect(t, l)
	time.Sleep(300 * time.Millisecond)
	server.remove(t)
	s.says(t, "waiting until it is back")
	wire(t, client, server)
	if code := s.end(t, 0); code != exitInterface || !strings.Contains(s.output(), "1 TCP flow") ||
		!strings.Contains(s.stderr.String(), "finscope: error: veth0 is back, but cannot be listened on again: -Z nobody gave the permission up\nfinscope: hint: the report covers") {
		t.Errorf("exit code %d: %s\n%s", code, &s.stderr, s.output())
	}
}

// Another address is nothing to a capture.
func TestLiveInterfaceChangesAddress(t *testing.T) {
	client, server := newWire(t)
	s := server.sniff(t, "-i", "veth0", "-f", "tcp")
	nl := server.link(t)
	link, err := nl.LinkByName("veth0")
	if err != nil {
		t.Fatal(err)
	}
	addr := func(ip string) *netlink.Addr {
		return &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(ip), Mask: net.CIDRMask(24, 32)}}
	}
	const other = "10.99.0.3"
	if err := errors.Join(nl.AddrDel(link, addr(serverIP)), nl.AddrAdd(link, addr(other))); err != nil {
		t.Fatal(err)
	}
	var l *net.TCPListener
	server.do(t, func() (err error) {
		l, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: net.ParseIP(other), Port: 80})
		return err
	})
	defer l.Close()
	c, peer := client.connect(t, l)
	c.Close()
	peer.Close()
	s.await(t, other+":80", "both FINs acknowledged")
	if code := s.end(t, syscall.SIGINT); code != exitOK || strings.Count(s.stderr.String(), "\n") != 2 {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
}

// An interface that is down from the start is no capture.
func TestLiveInterfaceIsDown(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces and capturing need root")
	}
	h := newHost(t)
	cmd := exec.Command("finscope", "-i", "lo")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	h.do(t, cmd.Start)
	cmd.Wait()
	want := "finscope: error: lo is down\nfinscope: hint: ip link set lo up\n"
	if code := cmd.ProcessState.ExitCode(); code != exitInterface || stderr.String() != want {
		t.Errorf("exit code %d: %s, want %s", code, &stderr, want)
	}
}
