//go:build linux && cgo

package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"finscope/internal/capgen"
	"finscope/internal/decode"
	"finscope/reassembly"
)

// flooder sends SYNs of made-up sources from a host. No stack answers them: their Ethernet address is nobody's.
type flooder struct {
	fd  int
	to  unix.SockaddrLinklayer
	rnd *rand.Rand
	buf []byte
}

func (h *host) newFlooder(t *testing.T) *flooder {
	t.Helper()
	link, err := h.link(t).LinkByName("veth0")
	if err != nil {
		t.Fatal(err)
	}
	f := &flooder{to: unix.SockaddrLinklayer{Ifindex: link.Attrs().Index, Protocol: 0x0008}, rnd: rand.New(rand.NewPCG(5, 6))}
	h.do(t, func() (err error) {
		f.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	t.Cleanup(func() { unix.Close(f.fd) })
	return f
}

// syn sends one SYN to port 80.
func (f *flooder) syn() error {
	source := netip.AddrFrom4([4]byte{10, byte(100 + f.rnd.IntN(100)), byte(f.rnd.IntN(256)), byte(f.rnd.IntN(256))})
	seg := decode.Segment{
		Src: decode.AddrFrom(source), Dst: decode.AddrFrom(netip.MustParseAddr(serverIP)),
		SrcPort: uint16(1024 + f.rnd.IntN(64000)), DstPort: 80, Flags: decode.SYN, Seq: reassembly.Seq(f.rnd.Uint32()), Window: 64240, TTL: 64,
	}
	f.buf, _ = capgen.AppendPacket(f.buf[:0], &seg, 0)
	return unix.Sendto(f.fd, f.buf, 0, &f.to)
}

// A flood of SYNs takes nothing from the closes that go on: its SYNs are given up, and counted.
func TestLiveBound(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "--max-flows", "100", "--stuck-after", "3", "--metrics", metricsAt, "-f", "tcp and "+notScrapes)
	var peers []interface{ Close() error }
	for range 3 {
		c, peer := client.connect(t, l)
		c.CloseWrite()
		peers = append(peers, peer)
	}
	time.Sleep(100 * time.Millisecond)
	f := client.newFlooder(t)
	const n = 5000
	for range n {
		if err := f.syn(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Microsecond)
	}
	for stream := range 3 {
		s.await(t, fmt.Sprintf("stream %d  ", stream), "stuck: ", "owes its FIN")
	}
	for _, peer := range peers {
		peer.Close()
	}
	for stream := range 3 {
		s.await(t, fmt.Sprintf("stream %d  ", stream), "client closed first, both FINs acknowledged")
	}
	c, peer := client.connect(t, l) // a new one is tracked too
	c.Close()
	peer.Close()
	s.await(t, fmt.Sprintf("stream %d  ", n+3), "client closed first, both FINs acknowledged")
	got := client.scrape(t)
	for key, want := range map[string]float64{"finscope_flows_total": n + 4, "finscope_flows_finished_early_total": n + 4 - 100 - 4} {
		if v := got[key]; v < want || v > want+4 {
			t.Errorf("%s is %v, want %v", key, v, want)
		}
	}
	if code := s.end(t, syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
	if !strings.Contains(s.output(), " connections finished early") {
		t.Errorf("the report does not tell:\n%s", s.output())
	}
}
