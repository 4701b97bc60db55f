package analyzer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// ticks converts a time to ticks of the model in ledger_test.go.
func ticks(d time.Duration) int { return int(int64(d) / tick) }

// refuse plays a SYN from a port that is answered with RST at a time after the start.
func (p *play) refuse(port uint16, when time.Duration) {
	u := &tuple{p: p, port: port, now: ticks(when)}
	u.send(0, decode.SYN, 1000, 0)
	u.next[0] = 1001
	u.send(1, decode.RST|decode.ACK, 0, 0)
}

// accept plays a connection from a port that stays open.
func (p *play) accept(port uint16, when time.Duration) *tuple {
	u := &tuple{p: p, port: port, now: ticks(when)}
	u.connect([2]reassembly.Seq{1000, 5000})
	return u
}

// closeBy closes a connection, side x first.
func (u *tuple) closeBy(x int) {
	u.send(x, decode.FIN|decode.ACK, u.next[x], 0)
	u.send(1-x, decode.FIN|decode.ACK, u.next[1-x], 0)
	u.send(x, decode.ACK, u.next[x], 0)
}

func (p *play) findings(t *testing.T, opts Options, code Code) []GroupFinding {
	t.Helper()
	slices.SortStableFunc(p.packets, func(a, b packet) int { return int(a.time - b.time) })
	rep := analyzePacketsAs(t, p.packets, opts)
	return slices.DeleteFunc(rep.Findings, func(f GroupFinding) bool { return f.Code != code })
}

// Scenario 136: a server that cannot bind while its TIME_WAIT runs is out of service from its first refusal until it is
// back. TIME_WAIT starts 1.1 s after the start here and ends 60 s later.
func TestRefusedWhileTimeWait(t *testing.T) {
	sec := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	for _, tt := range []struct {
		name     string
		refused  []float64
		back     float64 // 0: not
		closer   int
		severity Severity // empty: no finding
		text     string
	}{
		{"back when TIME_WAIT has run out", []float64{5, 20, 58}, 62, 1, Warning, "out of service for 57.0 s"},
		{"back before: it restarted", []float64{5, 6}, 10, 1, "", ""},
		{"back long after: it was down", []float64{5, 20, 58}, 200, 1, "", ""},
		{"still refusing", []float64{5, 20, 30}, 0, 1, Error, "refuses connections since"},
		{"refused a moment ago: it may be about to start", []float64{5, 7}, 0, 1, "", ""},
		{"the client closed first: nothing is in the way", []float64{5, 20, 58}, 62, 0, "", ""},
		{"refused after TIME_WAIT", []float64{70}, 75, 1, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay(1)
			p.accept(40000, sec(1)).closeBy(tt.closer)
			for i, s := range tt.refused {
				p.refuse(41000+uint16(i), sec(s))
			}
			if tt.back > 0 {
				p.accept(42000, sec(tt.back))
			}
			found := p.findings(t, Options{}, RefusedWhileTimeWait)
			if tt.severity == "" {
				if len(found) > 0 {
					t.Errorf("found %s", found[0].Text)
				}
				return
			}
			if len(found) != 1 || found[0].Severity != tt.severity || found[0].Count != len(tt.refused) || !strings.Contains(found[0].Text, tt.text) {
				t.Fatalf("found %+v, want one of severity %s with %q", found, tt.severity, tt.text)
			}
		})
	}
}

// A connection that the old process never closed is in the way as well.
func TestRefusedWhileCloseWait(t *testing.T) {
	p := newPlay(1)
	u := p.accept(40000, time.Second)
	u.send(0, decode.FIN|decode.ACK, u.next[0], 0)
	u.send(1, decode.ACK, u.next[1], 0)
	p.refuse(41000, 10*time.Second)
	p.refuse(41001, 20*time.Second)
	u.now = ticks(30 * time.Second) // the process ends: its kernel closes
	u.send(1, decode.FIN|decode.ACK, u.next[1], 0)
	u.send(0, decode.ACK, u.next[0], 0)
	p.accept(42000, 31*time.Second)
	found := p.findings(t, Options{}, RefusedWhileTimeWait)
	if len(found) != 1 || !strings.Contains(found[0].Text, "1 CLOSE_WAIT") || !strings.Contains(found[0].Advice, "close-wait") {
		t.Fatalf("found %+v", found)
	}
}

// A bind is blocked by one TIME_WAIT; how many there are says how sure a restart is to run into one.
func TestBindBlockedSeverity(t *testing.T) {
	for n, want := range map[uint16]Severity{1: Info, 99: Info, 100: Warning, 999: Warning, 1000: Error, 1131: Error} {
		p := newPlay(1)
		for port := range n {
			p.accept(30000+port, time.Second).closeBy(1)
		}
		found := p.findings(t, Options{}, BindBlocked)
		if len(found) != 1 || found[0].Severity != want || found[0].Count != int(n) || len(found[0].Streams) != int(n) {
			t.Errorf("%d TIME_WAITs: %+v, want severity %s", n, found, want)
		}
	}
}

// A port that was bound anew in spite of TIME_WAITs has SO_REUSEADDR: no bind of it will be blocked. TIME_WAIT ends 61 s after the start.
func TestBindBlockedAfterRestart(t *testing.T) {
	for _, tt := range []struct {
		name          string
		refused, back time.Duration
		blocked       bool
	}{
		{"back while it runs", 5 * time.Second, 7 * time.Second, false},
		{"back when it has run out", 5 * time.Second, 62 * time.Second, true},
		{"others are accepted all the time", 5 * time.Second, 5*time.Second + 100*time.Millisecond, true},
		{"refused before it began", time.Second / 2, 3 * time.Second, true},
		{"not back so far", 5 * time.Second, 0, true},
	} {
		p := newPlay(1)
		p.accept(40000, time.Second).closeBy(1)
		p.refuse(41000, tt.refused)
		if tt.back > 0 {
			p.accept(42000, tt.back).closeBy(1)
		}
		if found := p.findings(t, Options{}, BindBlocked); len(found) > 0 != tt.blocked {
			t.Errorf("%s: %+v", tt.name, found)
		}
	}
}

// The article's rsh: each connection takes a reserved port, and the client closes first.
func TestReservedPorts(t *testing.T) {
	for n, want := range map[uint16]Severity{409: "", 410: Warning, 512: Error} {
		p := newPlay(1)
		for port := range n {
			p.accept(512+port, time.Second).closeBy(0)
		}
		found := p.findings(t, Options{}, ReservedPortsExhausted)
		switch {
		case want == "" && len(found) == 0:
		case len(found) != 1 || found[0].Severity != want || found[0].Count != int(n) || found[0].Port != nil:
			t.Errorf("%d of 512 ports: %+v, want severity %q", n, found, want)
		}
	}
}

// What each system does on a segment in TIME_WAIT (FACTS: tcp_timewait_state_process, tcp_twcheck,
// tcp_time_wait_processing): how long after its start, at 0 s, the TIME_WAIT of the server ends.
func TestTimeWaitRulesOfSystems(t *testing.T) {
	type outcome map[string]time.Duration // by system
	fin := func(u *tuple) { u.send(0, decode.FIN|decode.ACK, u.next[0]-1, 0); u.send(1, decode.ACK, u.next[1], 0) }
	for _, tt := range []struct {
		name string
		do   func(*tuple) // ten seconds after the start
		want outcome
	}{
		{"nothing", func(*tuple) {}, outcome{"linux": 60e9, "freebsd": 60e9, "macos": 30e9, "windows": 120e9, "solaris": 60e9}},
		{"the FIN again", fin, outcome{"linux": 70e9, "freebsd": 70e9, "macos": 40e9, "windows": 130e9, "solaris": 70e9}},
		{"old data", func(u *tuple) { u.send(0, decode.ACK, u.next[0]-31, 30); u.send(1, decode.ACK, u.next[1], 0) },
			outcome{"linux": 70e9, "freebsd": 60e9, "macos": 30e9, "windows": 120e9, "solaris": 60e9}},
		{"an empty ACK", func(u *tuple) { u.send(0, decode.ACK, u.next[0], 0) },
			outcome{"linux": 70e9, "freebsd": 60e9, "macos": 30e9, "windows": 120e9, "solaris": 60e9}},
		{"a RST that fits", func(u *tuple) { u.send(0, decode.RST, u.next[0], 0) },
			outcome{"linux": 10e9, "freebsd": 60e9, "macos": 30e9, "windows": 10e9, "solaris": 10e9}},
		{"a RST in the window", func(u *tuple) { u.send(0, decode.RST, u.next[0]+5, 0) },
			outcome{"linux": 60e9, "freebsd": 60e9, "macos": 30e9, "windows": 120e9, "solaris": 10e9}},
	} {
		for system, want := range tt.want {
			p := newPlay(1)
			u := p.accept(40000, time.Second)
			u.closeBy(1)
			start := u.now
			u.now += ticks(10*time.Second) - 1
			tt.do(u)
			p.accept(40001, 3*time.Minute)
			rep := analyzePacketsAs(t, p.packets, Options{OS: system})
			f, _ := rep.Flow(0)
			if len(f.TimeWait) != 1 {
				t.Errorf("%s, %s: %+v", tt.name, system, f.TimeWait)
				continue
			}
			w := f.TimeWait[0]
			got := w.Until.Sub(time.Unix(0, int64(start)*tick))
			if d := got - want; d < 0 || d > 20*time.Millisecond || w.Since.UnixNano() != int64(start)*tick {
				t.Errorf("%s, %s: TIME_WAIT of %v, want %v", tt.name, system, got, want)
			}
		}
	}
}
