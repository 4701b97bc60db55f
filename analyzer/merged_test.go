package analyzer

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// Captures of both hosts, merged, are the capture of one connection: where routers between them change the TTL, neither the way
// between the hosts nor a clock that is as much wrong changes who closed, or adds findings that neither capture has.
func TestMergedCaptures(t *testing.T) {
	const skew = 75e6 // ns
	known := map[string]string{
		"006-simultaneous--both-ACKs-lost time-wait-extended": "each ACK passed one host: with both, TIME_WAIT begins with them, and anew with the FINs that come again",
		"115-client-reboot--same-port reset-ignored":          "the copy of a RST comes when its sender has begun the next connection",
		"118-a-firewall-forgot-the-flow reset-injected":       "RSTs in the names of both, with TTLs of neither",
		"118-a-firewall-forgot-the-flow reset, unknown first": "the same",
	}
	dirs, err := filepath.Glob("../testdata/pcaps/lab/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%d fixtures, error %v", len(dirs), err)
	}
	merged := 0
	for _, dir := range dirs {
		client, server := packetsOf(t, filepath.Join(dir, "client.pcap")), packetsOf(t, filepath.Join(dir, "server.pcap"))
		if len(client) == 0 || len(server) == 0 {
			continue
		}
		near, far := endsIn(analyzePackets(t, client)), endsIn(analyzePackets(t, server))
		host := client[0].seg.Src
		both := slices.Clone(client)
		for _, p := range server {
			p.time += skew
			both = append(both, p)
		}
		for i := range both {
			if p := &both[i]; (p.seg.Src == host) != (i < len(client)) {
				p.seg.TTL -= 3
			}
		}
		slices.SortStableFunc(both, func(a, b packet) int { return int(a.time - b.time) })
		merged++
		for what, n := range endsIn(analyzePackets(t, both)) {
			name := filepath.Base(dir) + " " + what
			switch differs := n > max(near[what], far[what]); {
			case differs && known[name] == "":
				t.Errorf("%s: %d times, in the captures of the hosts %d and %d times", name, n, near[what], far[what])
			case differs:
				delete(known, name)
			}
		}
	}
	for name := range known {
		t.Errorf("%s: no difference any more", name)
	}
	if merged < 100 {
		t.Errorf("%d fixtures", merged)
	}
}

// endsIn counts how the connections of a report ended, and what was found of them.
func endsIn(r *Report) map[string]int {
	n := map[string]int{}
	for f := range r.Flows() {
		n[fmt.Sprintf("%s, %s first", f.Verdict, f.ClosedFirst)]++
		for _, c := range f.Codes {
			n[string(c)]++
		}
	}
	return n
}
