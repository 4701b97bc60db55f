package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"finscope/analyzer"
)

func TestAlerts(t *testing.T) {
	service := netip.MustParseAddrPort("10.0.0.5:8080")
	client := netip.MustParseAddr("10.0.0.7")
	ports := &analyzer.PortUse{Holder: client, Peer: service, Count: 22586, Capacity: 28232, Level: 80}
	reserved := &analyzer.PortUse{Holder: client, Count: 256, Capacity: 512, Level: 50}
	for _, c := range []struct {
		event      analyzer.Event
		text, json string
	}{
		{
			analyzer.Event{Kind: analyzer.EventPorts, Ports: ports},
			"local ports: 10.0.0.7 reached 80% of its 28,232 local ports towards 10.0.0.5:8080: 22,586 in TIME_WAIT",
			`"alert":"time-wait","time":"2026-03-01T12:04:11.370000000Z","holder":"10.0.0.7","peer":"10.0.0.5","peer_port":8080,"level":80,"count":22586,"capacity":28232,`,
		},
		{
			analyzer.Event{Kind: analyzer.EventPortsOver, Ports: reserved},
			"local ports: 10.0.0.7 is below 50% of its 512 reserved ports: 256 in TIME_WAIT",
			`"alert":"time-wait-over","time":"2026-03-01T12:04:11.370000000Z","holder":"10.0.0.7","peer":null,"peer_port":null,"level":50,"count":256,"capacity":512,`,
		},
		{
			analyzer.Event{Kind: analyzer.EventLeak, Leak: &analyzer.Leak{Service: service, Count: 2}},
			"leak: 10.0.0.5:8080 does not close its side: 2 connections that its clients closed hang in CLOSE_WAIT",
			`"alert":"close-wait-leak","time":"2026-03-01T12:04:11.370000000Z","ip":"10.0.0.5","port":8080,"owner":"server","client":null,"count":2,`,
		},
		{
			analyzer.Event{Kind: analyzer.EventLeakOver, Leak: &analyzer.Leak{Service: service, Client: client}},
			"leak: 10.0.0.7 leaves no connection of 10.0.0.5:8080 in CLOSE_WAIT any more",
			`"alert":"close-wait-leak-over","time":"2026-03-01T12:04:11.370000000Z","ip":"10.0.0.5","port":8080,"owner":"client","client":"10.0.0.7","count":0,`,
		},
	} {
		c.event.Time = time.Date(2026, 3, 1, 12, 4, 11, 37e7, time.UTC)
		var b strings.Builder
		if err := EventText(&b, &c.event, Palette{}); err != nil || b.String() != "12:04:11.370  "+c.text+"\n" {
			t.Errorf("got %v %q, want %q", err, b.String(), c.text)
		}
		b.Reset()
		_, text, _ := strings.Cut(c.text, ": ")
		want := `{"type":"alert","schema":1,` + c.json + `"text":"` + text + "\"}\n"
		if err := EventJSON(&b, &c.event); err != nil || b.String() != want {
			t.Errorf("got %v %s, want %s", err, b.String(), want)
		}
	}
}
