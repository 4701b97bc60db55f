package analyzer_test

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finscope/analyzer"
	"finscope/internal/capture"
)

// returnedCase is a small capture with ICMP errors. Each line of packets is one, as in streamCase without streams; one of ICMP is
//
//	[+SECONDS] icmp TYPE CODE BY N
//
// and quotes the packet of frame N.
type returnedCase struct {
	name    string
	packets string
	os      string // "" is linux

	verdict        analyzer.Verdict
	client, server analyzer.State
	clientFrame    uint64 // on which the client's state rests; 0: not compared
	doubts         []analyzer.Doubt
	codes          []analyzer.Code
	text           string   // in the finding icmp-unreachable
	frames         []uint64 // of that
}

const handshake = `
	> S 1000
	< SA 5000 1001
	> A 1001 5001
	> PA 1001 5001 100
	< A 5001 1101`

var returnedCases = []returnedCase{
	{name: "a firewall at the server rejects the port", packets: `
		> S 1000
		icmp 3 3 10.0.0.5 1`,
		verdict: analyzer.NoReply, client: analyzer.Closed, clientFrame: 2, doubts: []analyzer.Doubt{analyzer.DoubtGivenUp},
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{2}, text: "was answered with ICMP port unreachable by the server itself (frame 2). A firewall there rejects port 8080"},
	{name: "what the client's application reads", packets: `
		> S 1000
		icmp 3 1 10.0.9.1 1`,
		verdict: analyzer.NoReply, client: analyzer.Closed, clientFrame: 2, doubts: []analyzer.Doubt{analyzer.DoubtGivenUp},
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{2}, text: "On Linux connect() fails then: no route to host (EHOSTUNREACH)"},
	{name: "others than Linux go on where nobody refuses", os: "freebsd", packets: `
		> S 1000
		icmp 3 1 10.0.9.1 1`,
		verdict: analyzer.NoReply, client: analyzer.SynSent, clientFrame: 1,
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{2}, text: "ICMP host unreachable by 10.0.9.1 on the way"},
	{name: "others than Linux end where somebody does", os: "freebsd", packets: `
		> S 1000
		icmp 3 13 10.0.9.1 1`,
		verdict: analyzer.NoReply, client: analyzer.Closed, clientFrame: 2, doubts: []analyzer.Doubt{analyzer.DoubtGivenUp},
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{2}, text: "administratively prohibited"},
	{name: "its SYN is sent again all the same", packets: `
		> S 1000
		icmp 3 1 10.0.9.1 1
		+1 > S 1000`,
		verdict: analyzer.NoReply, client: analyzer.SynSent, clientFrame: 1,
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{2}, text: "host unreachable"},
	{name: "the second SYN is returned too", packets: `
		> S 1000
		icmp 3 1 10.0.9.1 1
		+1 > S 1000
		icmp 3 1 10.0.9.1 3`,
		verdict: analyzer.NoReply, client: analyzer.Closed, clientFrame: 4, doubts: []analyzer.Doubt{analyzer.DoubtGivenUp},
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{2, 4}, text: "(frames 2 to 4)"},
	{name: "a SYN of other numbers was returned: of an earlier connection, or an attempt to disturb this one", packets: `
		> S 1000
		icmp 3 3 10.0.0.5 3
		> S 900000
		+0.1 > S 1000`,
		verdict: analyzer.NoReply, client: analyzer.SynSent},
	{name: "a later SYN gets through", packets: `
		> S 1000
		icmp 3 1 10.0.9.1 1
		+1 > S 1000
		< SA 5000 1001
		> A 1001 5001`,
		verdict: analyzer.Open, client: analyzer.Established, server: analyzer.Established},
	{name: "what was acknowledged cannot have been returned", packets: handshake + `
		icmp 3 1 10.0.9.1 4
		+10 > PA 1101 5001 10
		< A 5001 1111`,
		verdict: analyzer.Open, client: analyzer.Established, server: analyzer.Established},
	{name: "data is returned, and the server not heard of since", packets: handshake + `
		+1 > PA 1101 5001 10
		icmp 3 3 10.0.9.1 6
		+0.2 > PA 1101 5001 10
		icmp 3 3 10.0.9.1 8`,
		verdict: analyzer.Open, client: analyzer.Established, server: analyzer.Established,
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{7, 9}, text: "10.0.9.1 on the way returned it as ICMP port unreachable (frames 7 to 9), and no segment of the server 10.0.0.5:8080 came since. A firewall there rejects the connection"},
	{name: "data too long for a link is sent again in smaller packets", packets: handshake + `
		+1 > PA 1101 5001 1400
		icmp 3 4 10.0.9.1 6
		> A 1101 5001 1000
		> PA 2101 5001 400
		< A 5001 2501`,
		verdict: analyzer.Open, client: analyzer.Established, server: analyzer.Established},
	{name: "data too long for a link is sent again as it is", packets: handshake + `
		+1 > PA 1101 5001 1400
		icmp 3 4 10.0.9.1 6
		+0.2 > PA 1101 5001 1400
		icmp 3 4 10.0.9.1 8`,
		verdict: analyzer.Open, client: analyzer.Established, server: analyzer.Established,
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{7, 9}, text: "path MTU discovery fails"},
	{name: "a FIN is returned: its sender still waits, and no ACK of it can have been missed", packets: handshake + `
		+1 > FA 1101 5001
		icmp 3 1 10.0.9.1 6
		+0.2 > FA 1101 5001
		icmp 3 1 10.0.9.1 8
		+3600 icmp 3 1 10.0.9.1 1`,
		verdict: analyzer.Unanswered, client: analyzer.FinWait1, server: analyzer.Established, doubts: []analyzer.Doubt{analyzer.DoubtGivenUp},
		codes:  []analyzer.Code{analyzer.FinWait1Stuck, analyzer.LostFIN, analyzer.ICMPUnreachable},
		frames: []uint64{7, 9}, text: "It does not reach 10.0.0.5 on the link"},
	{name: "a probe of traceroute -T, or a loop", packets: `
		> S 1000
		icmp 11 0 10.0.9.1 1`,
		verdict: analyzer.NoReply, client: analyzer.Closed, clientFrame: 2, doubts: []analyzer.Doubt{analyzer.DoubtGivenUp},
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{2}, text: "routers send them round in a loop, or the sender gave them a short one, as traceroute does"},
	{name: "the SYN-ACK is returned, which Linux forgets then", packets: `
		> S 1000
		< SA 5000 1001
		icmp 3 1 10.0.9.1 2`,
		verdict: analyzer.NoReply, client: analyzer.SynSent, server: analyzer.Closed, doubts: []analyzer.Doubt{analyzer.DoubtGivenUp},
		codes:  []analyzer.Code{analyzer.ICMPUnreachable},
		frames: []uint64{3}, text: "the SYN-ACK of the server 10.0.0.5:8080 was answered with ICMP host unreachable by 10.0.9.1 on the way"},
}

// TestReturned holds what is made of ICMP errors against what they mean. Whether packets come one by one or in batches, to one shard or
// to several, makes no difference.
func TestReturned(t *testing.T) {
	for _, c := range returnedCases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "case.pcap")
			c.write(t, file)
			for name, opts := range map[string]analyzer.Options{
				"in batches": {Jobs: 1}, "two shards": {Jobs: 2}, "one by one": {Packet: func(int, *capture.Packet) error { return nil }},
			} {
				opts.OS = c.os
				rep, err := analyzer.ReadFile(t.Context(), file, opts)
				if err != nil {
					t.Fatal(err)
				}
				f, ok := rep.Flow(0)
				if !ok {
					t.Fatal("no connection")
				}
				c.compare(t, name, f)
			}
		})
	}
}

func (c *returnedCase) compare(t *testing.T, name string, f *analyzer.Flow) {
	t.Helper()
	server := c.server
	if server == 0 {
		server = analyzer.Unknown
	}
	if f.Verdict != c.verdict || f.Client.State != c.client || f.Server.State != server {
		t.Errorf("%s: %s, client %v, server %v, want %s, %v, %v", name, f.Verdict, f.Client.State, f.Server.State, c.verdict, c.client, server)
	}
	if c.clientFrame != 0 && f.Client.StateFrame != c.clientFrame {
		t.Errorf("%s: the client's state rests on frame %v, want %d", name, f.Client.StateFrame, c.clientFrame)
	}
	if !slices.Equal(f.Doubts, c.doubts) {
		t.Errorf("%s: doubts %v, want %v", name, f.Doubts, c.doubts)
	}
	if !slices.Equal(f.Codes, c.codes) {
		t.Errorf("%s: codes %v, want %v", name, f.Codes, c.codes)
	}
	for _, fd := range f.Findings {
		if fd.Code == analyzer.ICMPUnreachable && (!strings.Contains(fd.Text, c.text) || !slices.Equal(fd.Frames, c.frames)) {
			t.Errorf("%s: frames %v: %s; want %v: ... %s ...", name, fd.Frames, fd.Text, c.frames, c.text)
		}
	}
}

// write writes the capture.
func (c *returnedCase) write(t *testing.T, file string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(c.packets), "\n")
	number := func(word string) int {
		n, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	writeLines(t, file, lines, func(i int, words []string) []byte {
		if words[0] != "icmp" {
			return frameOf(t, i, words)
		}
		of := number(words[4]) - 1
		segment := strings.Fields(lines[of])
		if strings.HasPrefix(segment[0], "+") {
			segment = segment[1:]
		}
		return quoted(frameOf(t, of, segment), true, netip.MustParseAddr(words[3]), byte(number(words[1])), byte(number(words[2])))
	})
}
