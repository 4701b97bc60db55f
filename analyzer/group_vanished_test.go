package analyzer

import (
	"net/netip"
	"strings"
	"testing"
)

// Connections of one server that die towards many hosts are one finding about the server; towards a few, one for each host.
func TestManyVanished(t *testing.T) {
	server, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for _, tt := range []struct {
		hosts int
		peer  func(i int) netip.Addr
		want  int
		at    netip.Addr
	}{
		{manyHosts - 1, func(int) netip.Addr { return server }, manyHosts - 1, netip.MustParseAddr("198.51.100.1")},
		{manyHosts, func(int) netip.Addr { return server }, 1, server},
		{manyHosts, func(i int) netip.Addr { return []netip.Addr{server, other}[i%2] }, manyHosts, netip.MustParseAddr("198.51.100.1")},
	} {
		g := &gathering{trouble: newTrouble(500e9, &assumptions{}), sightings: sightings{}}
		for i := range tt.hosts {
			host := netip.AddrFrom4([4]byte{198, 51, 100, byte(i + 1)})
			at := int64(i) * 20e9
			g.silent[host] = []outage{{stream: i, peer: tt.peer(i), since: 10e9 + at, until: 15e9 + at, established: true}}
		}
		g.watch = g.watchHosts()
		for i := range tt.hosts {
			h, s := &g.watch.hosts[i], g.sightings.of(g.watch, int32(i))
			h.meet(s, presence{start: 1e9, heard: 9e9, stream: int32(i)}, true)
			h.meet(s, presence{start: 1e9, heard: 400e9, stream: int32(100 + i)}, false)
		}
		g.hosts()
		if len(g.out) != tt.want {
			t.Errorf("%d hosts: %d findings, want %d", tt.hosts, len(g.out), tt.want)
			continue
		}
		f := &g.out[0]
		if f.Code != PeerVanished || f.IP != tt.at {
			t.Errorf("%d hosts: %s at %v, want it at %v", tt.hosts, f.Code, f.IP, tt.at)
		}
		if tt.want == 1 && (len(f.Streams) != tt.hosts || f.Start.UnixNano() != 10e9 || !strings.Contains(f.Text, "4 connections of 192.0.2.1 got no answer any more from 4 hosts")) {
			t.Errorf("streams %v from %v: %s", f.Streams, f.Start, f.Text)
		}
	}
}
