package analyzer

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"finscope/internal/timeline"
)

// closed makes the record of a connection of which the client holds TIME_WAIT.
func closed(stream int, client, server netip.AddrPort, until int64, ended WaitEnd) *Flow {
	return &Flow{
		Stream: stream, Client: Endpoint{IP: client.Addr(), Port: client.Port()}, Server: Endpoint{IP: server.Addr(), Port: server.Port()},
		TimeWait: []TimeWaitSpan{{Holder: ClientSide, Until: at(until), Ended: ended}},
	}
}

// The numbers are those of a list of all TIME_WAITs that is gone through each time, whatever is started anew, ended early or
// runs out; nothing is kept of what has ended.
func TestRunningWaitsLikeCounting(t *testing.T) {
	type held struct {
		client, server netip.AddrPort
		until          int64
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	ports := PortRange{1000, 1019}
	w := newRunningWaits(ports)
	list := map[int]held{}
	host := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }
	told := map[PortUse]int{}
	for now := int64(1); now < 5000; now += rnd.Int64N(3) {
		w.expire(now)
		stream := rnd.IntN(300)
		switch h, known := list[stream]; {
		case known && rnd.IntN(3) == 0:
			w.set(closed(stream, h.client, h.server, h.until, "killed"), now)
			delete(list, stream)
		case known:
			h.until = now + 1 + rnd.Int64N(100)
			w.set(closed(stream, h.client, h.server, h.until, "running"), now)
			list[stream] = h
		case rnd.IntN(20) > 0:
			h = held{netip.AddrPortFrom(host(rnd.IntN(2)), uint16(995+rnd.IntN(30))), netip.AddrPortFrom(host(9), uint16(80+rnd.IntN(2))), now + 1 + rnd.Int64N(100)}
			w.set(closed(stream, h.client, h.server, h.until, "running"), now)
			list[stream] = h
		}
		maps.DeleteFunc(list, func(_ int, h held) bool { return h.until <= now })

		services, pools := map[netip.AddrPort]int{}, map[PortUse]int{}
		for _, h := range list {
			services[h.server]++
			if ports.holds(h.client.Port()) {
				pools[PortUse{Holder: h.client.Addr(), Peer: h.server, Capacity: 20}]++
			} else if reservedPorts().holds(h.client.Port()) {
				pools[PortUse{Holder: h.client.Addr(), Capacity: 512}]++
			}
		}
		if len(w.running) != len(list) || len(w.services) != len(services) {
			t.Fatalf("%d: %d of %d services run, want %d of %d", now, len(w.running), len(w.services), len(list), len(services))
		}
		for at, n := range w.services {
			if services[at.addrPort()] != int(n.client) || n.server != 0 {
				t.Fatalf("%d: %v of %v, want %d", now, n, at.addrPort(), services[at.addrPort()])
			}
		}
		pressed := map[PortUse]int{}
		for use := range w.pressure() {
			n := use.Count
			use.Count = 0
			pressed[use] = n
		}
		for use, n := range pools {
			if _, ok := pressed[use]; ok != (10*n >= use.Capacity) || ok && pressed[use] != n {
				t.Fatalf("%d: %v has %d, reported %v %d", now, use, n, ok, pressed[use])
			}
			delete(pressed, use)
		}
		if len(pressed) > 0 {
			t.Fatalf("%d: reported but not there: %v", now, pressed)
		}

		if err := w.tell(func(kind EventKind, use *PortUse) error {
			key := PortUse{Holder: use.Holder, Peer: use.Peer, Capacity: use.Capacity}
			level := told[key]
			if use.Count != pools[key] {
				t.Fatalf("%d: told %d of %v, there are %d", now, use.Count, key, pools[key])
			}
			switch i := slices.Index([]int{50, 80, 95}, use.Level); {
			case kind == EventPorts && i == level && 100*use.Count >= use.Level*use.Capacity:
				told[key]++
			case kind == EventPortsOver && i == level-1 && 100*use.Count < (use.Level-5)*use.Capacity:
				told[key]--
			default:
				t.Fatalf("%d: told %d %+v after %d levels", now, kind, use, level)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for use, n := range pools {
			if i := told[use]; i < 3 && 100*n >= pressureLevels()[i]*use.Capacity {
				t.Fatalf("%d: %v with %d was not told", now, use, n)
			}
		}
	}
	w.expire(timeline.Never)
	if err := w.tell(func(EventKind, *PortUse) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n := len(w.running) + len(w.ends) + len(w.services) + len(w.pools) + len(w.pressed) + len(w.moved); n > 0 {
		t.Errorf("%d entries are left", n)
	}
}

// What a session counts is what the report at the same moment counts.
func TestSessionWaitsLikeReport(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	running := 0
	for _, name := range names {
		s := replay(t, name, Options{}, func(Event) error { return nil })
		if s.Packets() == 0 {
			continue
		}
		if err := s.Advance(at(s.run.end).Add(2*time.Second), func(Event) error { return nil }); err != nil {
			t.Fatal(err)
		}
		got := map[netip.AddrPort]HeldNow{}
		for service, n := range s.TimeWaits() {
			got[service] = n
			running += n.Client + n.Server
		}
		for _, sv := range s.Report().Services {
			service := netip.AddrPortFrom(sv.IP, sv.Port)
			want := HeldNow{sv.TimeWait.Client.Now, sv.TimeWait.Server.Now}
			if got[service] != want {
				t.Errorf("%s: %v: %+v, the report has %+v", filepath.Base(name), service, got[service], want)
			}
			delete(got, service)
		}
		if len(got) > 0 {
			t.Errorf("%s: the report has none of %v", filepath.Base(name), got)
		}
	}
	if running == 0 {
		t.Error("no capture ends with a TIME_WAIT")
	}
}
