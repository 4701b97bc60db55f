package analyzer

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"finscope/analyzer/pkttest"
)

var updateFindings = flag.Bool("update-findings", false, "write testdata/findings.txt; read the diff as who is woken by it would before committing it")

// playedScripts plays all scripts and hands over each with its report.
func playedScripts(t *testing.T, opts Options, each func(s *pkttest.Script, rep *Report)) {
	t.Helper()
	for _, s := range allScripts(t) {
		cap := s.Play(pkttest.Variant{ISN: plainISNs()})
		each(s, enterAll(t, &cap, opts))
	}
}

// manyConnections makes the reports of what takes many connections: the codes of testedByNumbers.
func manyConnections(t *testing.T, each func(title string, rep *Report)) {
	for _, tt := range []struct {
		title  string
		n      uint16
		closer int
		first  uint16
		opts   Options
	}{
		{"100 connections at once, the server closes first", 100, 1, 40000, Options{}},
		{"all 32 ports of a client, a second apart", 32, 0, 40000, Options{PortRange: PortRange{40000, 40031}}},
		{"27 ports of 32", 27, 0, 40000, Options{PortRange: PortRange{40000, 40031}}},
		{"27 ports of 32, no Linux", 27, 0, 40000, Options{PortRange: PortRange{40000, 40031}, OS: "freebsd"}},
		{"all reserved ports", 512, 0, 512, Options{}},
	} {
		p := newPlay(1)
		for i := range tt.n {
			p.accept(tt.first+i, time.Duration(1+int(i)%50)*time.Second).closeBy(tt.closer)
		}
		slices.SortStableFunc(p.packets, func(a, b packet) int { return cmp.Compare(a.time, b.time) })
		each(tt.title, analyzePacketsAs(t, p.packets, tt.opts))
	}
}

// TestFindingTexts holds the words of all findings of the scripts, and of those that take many connections, against a
// file that people can read through.
func TestFindingTexts(t *testing.T) {
	var b strings.Builder
	write := func(title string, rep *Report) {
		title = "== " + title + "\n"
		say := func(format string, args ...any) {
			b.WriteString(title)
			title = ""
			fmt.Fprintf(&b, format, args...)
		}
		for f := range rep.Flows() {
			for _, x := range f.Findings {
				say("%d %s %s %v: %s\n", f.Stream, x.Severity, x.Code, x.Frames, x.Text)
			}
			if f.Reset != nil && f.Reset.Cause != nil {
				say("%d reset by %s, cause %s\n", f.Stream, f.Reset.By, *f.Reset.Cause)
			}
		}
		for _, x := range rep.Findings {
			streams := fmt.Sprint(x.Streams)
			if len(x.Streams) > 8 {
				streams = fmt.Sprintf("%v...", x.Streams[:8])
			}
			say("%s %s %s %d: %s\n  -> %s\n", streams, x.Severity, x.Code, x.Count, x.Text, x.Advice)
		}
	}
	playedScripts(t, Options{}, func(s *pkttest.Script, rep *Report) { write(s.Title, rep) })
	manyConnections(t, write)
	name := filepath.Join("testdata", "findings.txt")
	if *updateFindings {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("other words (-want +got; go test ./analyzer -run FindingTexts -update-findings accepts them):\n%s", diff)
	}
}

// nearMisses names for each code a script in which a naive rule would find it, and that must not lead to it.
var nearMisses = map[Code]string{
	FinWait2Stuck:        "fin-wait-2-stuck, near-miss: a half-close in use for two minutes",
	FinWait1Stuck:        "fin-wait-1-stuck, near-miss: the peer sends on and does not get the FIN",
	ClosingStuck:         "10 CLOSING sends its FIN again and gives up",
	LastAckStuck:         "last-ack-stuck, near-miss: the capture lost the last ACK, and the FIN is not sent again",
	CloseWaitStuck:       "fin-wait-2-stuck, near-miss: a half-close in use for two minutes",
	SlowClose:            "fin-wait-2-stuck, near-miss: a half-close in use for two minutes",
	LostACK:              "lost-ack, near-miss: the copy crossed the ACK of the first",
	LostFIN:              "lost-fin, near-miss: the sender permits no SACK, so nobody could have reported the first copy",
	FINRetransmitted:     "6 simultaneous, both ACKs lost before the capture point",
	CloseGivenUp:         "close-given-up, near-miss: the copies stop because the capture does",
	HalfCloseUsed:        "66 data crosses close",
	FINReordered:         "fin-reordered and data-after-fin, near-miss: old data sent again behind the FIN",
	DataAfterFIN:         "fin-reordered and data-after-fin, near-miss: old data sent again behind the FIN",
	ResetAbort:           "89 death by keep-alive",
	ResetUnreadData:      "reset-unread-data, near-miss: the data had not arrived when the socket was aborted",
	ResetLateData:        "91 FIN_WAIT_2 expired, a late FIN",
	ResetFinWait2Expired: "reset-fin-wait-2-expired, near-miss: 70 seconds after the close, but data were acknowledged meanwhile",
	ResetNoConnection:    "64 RST lost behind the capture point",
	ResetAfterClose:      "reset-after-close, near-miss: the RST that comes with the last ACK still missing",
	ResetIgnored:         "62 linger 0 with data in flight: several RSTs",
	ResetInjected:        "reset-injected, near-miss: a stack that sends its RSTs with another initial TTL",
	KeepaliveTimeout:     "keepalive-timeout, near-miss: probes that were answered, then an abort",
	PeerVanished:         "peer-vanished, near-miss: a lossy path that answers in the end",
	ICMPUnreachable:      "icmp-unreachable, near-miss: the copy of what was returned gets through",
	ZeroWindowClose:      "zero-window-close, near-miss: the window had been closed, long before the FIN",
	TimeWaitReused:       "137 the same ports again after TIME_WAIT has run out",
	TimeWaitRefused:      "119 SYN accepted in the server's TIME_WAIT, with timestamps",
	TimeWaitKilled:       "132 RST in TIME_WAIT, one off",
	TimeWaitExtended:     "39 FIN duplicated in the network",
	SimultaneousOpen:     "simultaneous-open, near-miss: a SYN of the server into the established connection",
	MPTCP:                "mptcp, near-miss: offered and not taken up",

	BindBlocked:          "2 client first, three segments",
	CloseWaitLeak:        "close-wait-leak, near-miss: a service that closes late by habit",
	ListenerClosed:       "listener-closed, near-miss: waiting connections are shed, and the next one is taken",
	ProcessExited:        "process-exited, near-miss: a service that closes first by habit",
	HostRestarted:        "host-restarted, near-miss: an older connection goes on, so what is between lost the state",
	HostUnreachable:      "host-unreachable, near-miss: one connection is dead while another of the host lives",
	RefusedWhileTimeWait: "process-exited: all connections end at once, the next SYN is refused",
	CaptureDuplicates:    "capture-duplicates, near-miss: the same bytes sent again, in a packet of their own",
	CaptureLoss:          "capture-loss, near-miss: bytes lost before the capture point, and sent again",
}

// testedByNumbers are the codes that take many connections. Their tests, near-misses among them, are TestBindBlockedSeverity,
// TestReservedPorts, TestPorts... and TestServer...
func testedByNumbers(c Code) bool {
	return slices.Contains([]Code{ServerHoldsTimeWait, PortExhaustion, ReservedPortsExhausted}, c)
}

// TestEveryCodeHasScripts checks that some script leads to each finding, and that another, in which it might be found, does
// not.
func TestEveryCodeHasScripts(t *testing.T) {
	seen := map[Code]bool{}
	played := map[string][]Code{}
	playedScripts(t, Options{}, func(s *pkttest.Script, rep *Report) {
		codes := []Code{}
		for f := range rep.Flows() {
			codes = append(codes, f.Codes...)
		}
		for _, x := range rep.Findings {
			codes = append(codes, x.Code)
		}
		for _, c := range codes {
			seen[c] = true
		}
		played[s.Title] = codes
	})
	for _, c := range Codes() {
		if testedByNumbers(c) {
			continue
		}
		if !seen[c] {
			t.Errorf("no script leads to %s", c)
		}
		switch codes, ok := played[nearMisses[c]]; {
		case !ok:
			t.Errorf("%s: no script %q", c, nearMisses[c])
		case slices.Contains(codes, c):
			t.Errorf("%s is found in its near-miss, %q", c, nearMisses[c])
		}
	}
}
