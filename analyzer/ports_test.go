package analyzer_test

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"finscope/analyzer"
	"finscope/internal/capgen"
)

// shortConnections analyses the generated capture of a preset: 60,000 short connections of one client to one service, 600
// a second. For that it goes through a file of 50 MB.
func shortConnections(t *testing.T, preset string, opts analyzer.Options) *analyzer.Report {
	t.Helper()
	if testing.Short() {
		t.Skip("60,000 connections take seconds")
	}
	o, ok := capgen.Preset(preset)
	if !ok {
		t.Fatalf("no preset %s", preset)
	}
	name := filepath.Join(t.TempDir(), preset+".pcap")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := capgen.Generate(f, o); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	rep, err := analyzer.ReadFile(t.Context(), name, opts)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return rep
}

func findingsOf(rep *analyzer.Report, code analyzer.Code) []analyzer.GroupFinding {
	var out []analyzer.GroupFinding
	for _, f := range rep.Findings {
		if f.Code == code {
			out = append(out, f)
		}
	}
	return out
}

// The arithmetic of the load: connection i starts at i/600 s on port 32768 + i mod 28,232, so all ports have been taken
// when connection 28,231 starts, after 47.05 s, and from then on each connection takes the port of the one 28,232 before
// it, out of its TIME_WAIT. A range of 28,232 ports sustains 28,232/60 = 470.5 connections a second.
const (
	ports = 28232
	rate  = 600
)

func TestPortsOfAClientThatClosesFirst(t *testing.T) {
	rep := shortConnections(t, "tw-client", analyzer.Options{})
	if len(rep.TimeWait) != 1 {
		t.Fatalf("%d time_wait records, want 1: the client's towards its only peer", len(rep.TimeWait))
	}
	w := rep.TimeWait[0]
	if w.Role != analyzer.ClientSide || w.LocalPort != nil || w.PeerPort == nil || *w.PeerPort != 8080 || *w.Capacity != ports {
		t.Errorf("record of %v %s port %v, peer %v:%v, capacity %v", w.Holder, w.Role, w.LocalPort, w.Peer, w.PeerPort, *w.Capacity)
	}
	// At the end all connections are closed, and the last 28,232 are in TIME_WAIT: all ports.
	if w.Peak != ports || w.Now != ports {
		t.Errorf("peak %d, at the end %d, want %d", w.Peak, w.Now, ports)
	}
	if n := len(w.Series); n > 500 || n < 200 {
		t.Errorf("%d points", n)
	}
	highest, last := 0, w.Series[len(w.Series)-1].Count
	for _, p := range w.Series {
		highest = max(highest, p.Count)
	}
	if highest != w.Peak || last != w.Now {
		t.Errorf("the series rises to %d and ends at %d; peak %d, now %d", highest, last, w.Peak, w.Now)
	}

	found := findingsOf(rep, analyzer.PortExhaustion)
	if len(found) != 1 {
		t.Fatalf("%d findings port-exhaustion", len(found))
	}
	f := found[0]
	full := rep.Summary.Start.Add((ports - 1) * time.Second / rate)
	for _, want := range []string{
		"It opened new ones at 600 a second; the range sustains 471", "exhausted at " + full.Format("15:04:05"),
		"first: 28,232 of its 28,232 local ports", "31,768 connections took a port whose TIME_WAIT had not run out",
	} {
		if !strings.Contains(f.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, f.Text)
		}
	}
	if f.Severity != analyzer.Error || f.Count != w.Peak || *f.Port != 8080 {
		t.Errorf("severity %s, count %d, port %d", f.Severity, f.Count, *f.Port)
	}
	// From 80 % on, which is when connection 22,585 starts.
	crossed := rep.Summary.Start.Add(time.Duration(math.Ceil(0.8*ports)-1) * time.Second / rate)
	if d := f.Start.Sub(crossed); d.Abs() > 2*time.Millisecond {
		t.Errorf("the range was 80 %% full at %v, want %v", f.Start, crossed)
	}
	for _, code := range []analyzer.Code{analyzer.BindBlocked, analyzer.ServerHoldsTimeWait, analyzer.RefusedWhileTimeWait} {
		if len(findingsOf(rep, code)) > 0 {
			t.Errorf("finding %s: the server holds nothing", code)
		}
	}
	t.Log(f.Text, "\n->", f.Advice)
}

// After 40 s the range is 85 % full: the moment at which it runs out is foretold.
func TestPortsRunOutSoon(t *testing.T) {
	rep := shortConnections(t, "tw-client", analyzer.Options{Duration: 40 * time.Second})
	found := findingsOf(rep, analyzer.PortExhaustion)
	if len(found) != 1 {
		t.Fatalf("%d findings port-exhaustion", len(found))
	}
	full := rep.Summary.Start.Add((ports - 1) * time.Second / rate)
	if want := "at this rate it runs out at " + full.Format("15:04:05"); !strings.Contains(found[0].Text, want) || found[0].Severity != analyzer.Warning {
		t.Errorf("%s: the text lacks %q:\n%s", found[0].Severity, want, found[0].Text)
	}
	// A third of the rate would never fill it.
	rep = shortConnections(t, "tw-client", analyzer.Options{Duration: 40 * time.Second, TimeWait: 20 * time.Second})
	if found := findingsOf(rep, analyzer.PortExhaustion); len(found) != 0 {
		t.Errorf("with a TIME_WAIT of 20 s 600 a second hold 12,000 ports, below 80 %%: %s", found[0].Text)
	}
}

func TestServerThatClosesFirst(t *testing.T) {
	rep := shortConnections(t, "tw-server", analyzer.Options{})
	if len(findingsOf(rep, analyzer.PortExhaustion)) > 0 {
		t.Error("port-exhaustion: the client holds nothing")
	}
	if len(rep.TimeWait) != 1 || rep.TimeWait[0].Role != analyzer.ServerSide || *rep.TimeWait[0].LocalPort != 8080 || rep.TimeWait[0].Capacity != nil {
		t.Fatalf("time_wait records %+v, want one: the server's port 8080", rep.TimeWait)
	}
	w := rep.TimeWait[0]
	found := findingsOf(rep, analyzer.BindBlocked)
	if len(found) != 1 {
		t.Fatalf("%d findings bind-blocked", len(found))
	}
	f := found[0]
	// The last connection ends the capture: its TIME_WAIT ends 60 s later.
	until := rep.Summary.End.Add(time.Minute)
	if !w.Until.Equal(until) || !f.End.Equal(until) || f.Count != w.Now || f.Severity != analyzer.Error {
		t.Errorf("blocked by %d until %v (%s), want %d until %v", f.Count, f.End, f.Severity, w.Now, until)
	}
	// As in the other test, the client's ports come round after 47.05 s: each SYN takes a TIME_WAIT away.
	if w.Peak != ports || w.Now != ports {
		t.Errorf("peak %d, at the end %d, want %d", w.Peak, w.Now, ports)
	}
	if want := ":8080 held 28,232 TIME_WAIT "; !strings.Contains(f.Text, want) {
		t.Errorf("the text lacks %q:\n%s", want, f.Text)
	}
	if n := findingsOf(rep, analyzer.ServerHoldsTimeWait); len(n) != 1 || n[0].Count != w.Peak {
		t.Errorf("server-holds-time-wait: %+v", n)
	}
	t.Log(f.Text, "\n->", f.Advice)
}
