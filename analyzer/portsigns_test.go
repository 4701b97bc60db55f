package analyzer

import (
	"strings"
	"testing"
	"time"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// small is a range of 32 local ports: with a TIME_WAIT of 60 s it sustains 0.53 connections a second.
var small = PortRange{40000, 40031}

// connects plays connections of one client that closes first, one at each of the times, on the ports that pick chooses.
func connects(t *testing.T, times []time.Duration, pick func(i int) uint16) GroupFinding {
	t.Helper()
	p := newPlay(1)
	for i, when := range times {
		u := &tuple{p: p, port: pick(i), now: ticks(when)}
		u.connect([2]reassembly.Seq{reassembly.Seq(1+i) * 100000, reassembly.Seq(5+i) * 100000})
		u.closeBy(0)
	}
	found := p.findings(t, Options{PortRange: small}, PortExhaustion)
	if len(found) != 1 {
		t.Fatalf("%d findings port-exhaustion, want 1: all ports were in TIME_WAIT", len(found))
	}
	return found[0]
}

// each returns n times, one every step.
func each(n int, step time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Second + time.Duration(i)*step
	}
	return out
}

// Linux's connect() takes ports of the parity of the low end of the range first, and the others when there are no more
// (net/ipv4/inet_hashtables.c, __inet_hash_connect).
func TestEvenPortsFirst(t *testing.T) {
	const sign = "even ports were used up before odd ones"
	for _, tt := range []struct {
		name string
		pick func(i int) uint16
		want bool
	}{
		{"even, then odd", func(i int) uint16 { return 40000 + uint16(2*i%32+i/16) }, true},
		{"odd, then even: no kernel that picks by parity of the low end", func(i int) uint16 { return 40000 + uint16(2*i%32+1-i/16) }, false},
		{"one after the other", func(i int) uint16 { return 40000 + uint16(i) }, false},
		{"in any order", func(i int) uint16 { return 40000 + uint16(i*13%32) }, false},
	} {
		f := connects(t, each(32, time.Second), tt.pick)
		if got := strings.Contains(f.Text, sign); got != tt.want {
			t.Errorf("%s: said %v, want %v:\n%s", tt.name, got, tt.want, f.Text)
		}
	}
}

// A client whose range is exhausted opens connections just as fast as TIME_WAITs run out: each port comes back after 60 s.
// One that opens them more slowly has free ports, and something else sets its pace.
func TestPlateau(t *testing.T) {
	const sign = "which is what the range sustains"
	for _, tt := range []struct {
		name  string
		round time.Duration // from the first use of a port to the next
		want  bool
	}{
		{"each port again as soon as it is free", 60200 * time.Millisecond, true},
		{"each port again after 75 s: a limiter of the client's own", 75 * time.Second, false},
	} {
		var times []time.Duration
		for i := range 4 * 32 {
			times = append(times, time.Second+time.Duration(i/32)*tt.round+time.Duration(i%32)*time.Second)
		}
		f := connects(t, times, func(i int) uint16 { return 40000 + uint16(i%32) })
		if got := strings.Contains(f.Text, sign); got != tt.want {
			t.Errorf("%s: said %v, want %v:\n%s", tt.name, got, tt.want, f.Text)
		}
	}
}

// What a SYN of the old client meets in the server's TIME_WAIT, by the system of the server. The window of the old
// connection is 65,535 bytes; the SYN's timestamp is older than the old connection's, where it has one.
func TestSYNInTimeWaitOfSystems(t *testing.T) {
	for _, tt := range []struct {
		name   string
		system string
		past   reassembly.Seq // how far past the old connection's last number the SYN stands
		answer string         // of the server
		said   string         // in the finding time-wait-refused; empty: there is none
	}{
		{"illumos refuses a SYN inside the window", "solaris", 1000, "RST", "still inside the window of the old connection; it was refused with RST; the TIME_WAIT goes on"},
		{"and takes one past it", "solaris", 100000, "SYN-ACK", ""},
		{"an old one is answered", "solaris", 1<<32 - 5000, "ACK", "among the old ones and no newer timestamp speaks for it; it was answered with 1 ACK"},
		{"silence", "solaris", 1000, "", "still inside the window of the old connection; it got no answer (sent twice within 990 ms)"},
		{"Linux takes one inside the window", "linux", 1000, "SYN-ACK", ""},
		{"a RST at Linux comes from no TIME_WAIT", "linux", 1000, "RST", "nobody listens on the port any more"},
		{"silence at Linux", "linux", 1000, "", "its sequence number is past the old ones; it got no answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay(1)
			u := p.accept(40000, time.Second)
			u.closeBy(1)
			old := u.next
			start := u.now
			u.now = ticks(10 * time.Second)
			isn := u.next[0] + tt.past
			u.next = [2]reassembly.Seq{isn, 900000}
			u.send(0, decode.SYN, isn, 0)
			u.next[0] = isn + 1
			switch tt.answer {
			case "RST":
				u.next[1] = 0
				u.send(1, decode.RST|decode.ACK, 0, 0)
			case "SYN-ACK":
				u.send(1, decode.SYN|decode.ACK, 900000, 0)
				u.send(0, decode.ACK, u.next[0], 0)
			case "ACK":
				u.next[0] = old[0]
				u.send(1, decode.ACK, old[1], 0)
			default:
				u.now = ticks(11*time.Second) - 1
				u.send(0, decode.SYN, isn, 0)
			}
			p.accept(40001, 3*time.Minute)
			rep := analyzePacketsAs(t, p.packets, Options{OS: tt.system})
			next, _ := rep.Flow(1)
			text := ""
			for _, f := range next.Findings {
				if f.Code == TimeWaitRefused {
					text = f.Text
				}
			}
			if (text == "") != (tt.said == "") || !strings.Contains(text, tt.said) {
				t.Errorf("said %q, want %q", text, tt.said)
			}
			first, _ := rep.Flow(0)
			want := time.Unix(0, int64(start)*tick).Add(time.Minute)
			if tt.answer != "SYN-ACK" && tt.system == "solaris" && (len(first.TimeWait) != 1 || first.TimeWait[0].Until.Sub(want).Abs() > 50*time.Millisecond) {
				t.Errorf("TIME_WAIT %+v, want one until %v: a SYN that is not accepted does not touch it", first.TimeWait, want)
			}
		})
	}
}
