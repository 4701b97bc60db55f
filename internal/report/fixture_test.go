package report

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"finscope/analyzer"
)

var update = flag.Bool("update", false, "write the golden files of testdata; read the diff before committing it")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, go test -update accepts it):\n%s", path, diff)
	}
}

// The shop: a server at 10.0.0.5:8080 that closes first, a client that forgets a connection in CLOSE_WAIT, a database,
// and an IPv6 host that refuses.

var noon = time.Date(2026, 3, 1, 12, 0, 1, 204_000_000, time.UTC)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)).Round(time.Microsecond))
}

func ptr[T any](v T) *T { return &v }

func endpoint(addr string, s analyzer.State, since float64, frame uint64) analyzer.Endpoint {
	a := netip.MustParseAddrPort(addr)
	return analyzer.Endpoint{IP: a.Addr(), Port: a.Port(), State: s, StateSince: at(since), StateFrame: frame, Packets: 5, Bytes: 100}
}

func fin(frame uint64, seconds float64, seq, ack uint32, acked uint64) *analyzer.FIN {
	f := &analyzer.FIN{Frame: frame, Time: at(seconds), Seq: seq, Ack: ack, Sent: 1, Frames: []uint64{frame}}
	if acked != 0 {
		f.AckedFrame, f.AckedTime = &acked, ptr(at(seconds+0.0001))
	}
	return f
}

const captureLength = 92.407

// halfClosed: the client closed, the server has not.
func halfClosed(stream int) *analyzer.Flow {
	f := &analyzer.Flow{
		Stream: stream, Roles: analyzer.RolesHandshake,
		Client: endpoint("10.0.0.7:40112", analyzer.FinWait2, 4.21301, 813),
		Server: endpoint("10.0.0.5:8080", analyzer.CloseWait, 4.21301, 813),
		Start:  at(0.008694), End: at(4.21301), FirstFrame: 2, LastFrame: 813, Packets: 10,
		Verdict: analyzer.HalfClosed, ClosedFirst: analyzer.ClientFirst, ClosedBy: ptr(analyzer.ByFIN), Confidence: analyzer.Certain,
		Age:           analyzer.InSeconds(at(captureLength).Sub(at(4.21301))),
		HalfClose:     &analyzer.HalfClose{By: analyzer.ClientSide, Seconds: 88.193990, Bytes: 0},
		DisplayFilter: "tcp.stream == 17",
		Findings: []analyzer.Finding{{
			Code: "fin-wait-2-stuck", Severity: analyzer.Warning, Who: ptr(analyzer.ServerSide), Frames: []uint64{812, 813},
			Text: "10.0.0.7:40112 has waited in FIN_WAIT_2 for 88.2 s: its FIN (frame 812) was acknowledged (frame 813), and 10.0.0.5:8080 has not closed",
		}},
		Codes: []analyzer.Code{"fin-wait-2-stuck"},
	}
	f.Client.FIN = fin(812, 4.201334, 1101, 5201, 813)
	return f
}

// graceful: the server closed first, everything was acknowledged.
func graceful(stream int) *analyzer.Flow {
	f := &analyzer.Flow{
		Stream: stream, Roles: analyzer.RolesHandshake,
		Client: endpoint("10.0.0.7:40200", analyzer.Closed, 2.5, 40),
		Server: endpoint("10.0.0.5:8080", analyzer.TimeWait, 2.5, 40),
		Start:  at(2), End: at(2.5), FirstFrame: 30, LastFrame: 40, Packets: 10,
		Verdict: analyzer.Graceful, ClosedFirst: analyzer.ServerFirst, ClosedBy: ptr(analyzer.ByFIN), Confidence: analyzer.Certain,
		Age:           89.907,
		TimeWait:      []analyzer.TimeWaitSpan{{Holder: analyzer.ServerSide, Since: at(2.5), Until: at(62.5), Ended: "expired"}},
		DisplayFilter: "tcp.stream == 1",
	}
	f.Server.FIN = fin(38, 2.4, 900, 101, 39)
	f.Client.FIN = fin(39, 2.45, 101, 901, 40)
	return f
}

// simultaneous: both closed at once; the FINs cross, one was lost once.
func simultaneous(stream int) *analyzer.Flow {
	f := graceful(stream)
	f.Client.Port, f.Client.State = 40300, analyzer.TimeWait
	f.Start, f.End = at(80), at(81)
	f.Verdict, f.ClosedFirst, f.Age = analyzer.Simultaneous, analyzer.BothFirst, 11.407
	f.Client.FIN = fin(1003, 80.5, 100, 300, 1006)
	f.Client.FIN.Sent, f.Client.FIN.Frames = 2, []uint64{1003, 1005}
	f.Server.FIN = fin(1004, 80.5001, 300, 100, 1005)
	f.TimeWait = []analyzer.TimeWaitSpan{
		{Holder: analyzer.ClientSide, Since: at(81), Until: at(141), Ended: "running"},
		{Holder: analyzer.ServerSide, Since: at(81), Until: at(141), Ended: "running"},
	}
	f.Findings = []analyzer.Finding{{
		Code: "lost-ack", Severity: analyzer.Warning, Who: ptr(analyzer.ServerSide), Frames: []uint64{1003, 1005},
		Text: "the client sent its FIN again although the ACK of it had passed here: that ACK was lost behind the capture point",
	}}
	f.Codes = []analyzer.Code{"lost-ack"}
	return f
}

// reset: the server reset an open connection.
func reset(stream int) *analyzer.Flow {
	return &analyzer.Flow{
		Stream: stream, Roles: analyzer.RolesGuessed,
		Client: endpoint("10.0.0.8:51000", analyzer.Closed, 50, 700),
		Server: endpoint("10.0.0.9:5432", analyzer.Closed, 50, 700),
		Start:  at(10), End: at(50), FirstFrame: 100, LastFrame: 700, Packets: 44,
		Verdict: analyzer.ResetVerdict, ClosedFirst: analyzer.ServerFirst, ClosedBy: ptr(analyzer.ByRST),
		Confidence: analyzer.Likely, Doubts: []analyzer.Doubt{analyzer.DoubtMidStream},
		Age: 42.407,
		Reset: &analyzer.Reset{
			By: analyzer.ServerSide, Frame: 700, Time: at(50), ClientState: analyzer.Established, ServerState: analyzer.Established,
			Accepted: true, Cause: ptr("unread data"),
		},
		Findings: []analyzer.Finding{{
			Code: "reset-abort", Severity: analyzer.Error, Who: ptr(analyzer.ServerSide), Frames: []uint64{700},
			Text: "10.0.0.9:5432 aborted an open connection with a RST (frame 700)",
		}},
		Codes:         []analyzer.Code{"reset-abort"},
		DisplayFilter: "tcp.stream == 4",
	}
}

// refused: IPv6, a SYN answered by RST.
func refused(stream int) *analyzer.Flow {
	return &analyzer.Flow{
		Stream: stream, Roles: analyzer.RolesHandshake,
		Client: endpoint("[2001:db8::7]:40400", analyzer.Closed, 60, 800),
		Server: endpoint("[2001:db8::5]:443", analyzer.Closed, 60, 800),
		Start:  at(60), End: at(60), FirstFrame: 799, LastFrame: 800, Packets: 2,
		Verdict: analyzer.Refused, ClosedFirst: analyzer.ServerFirst, ClosedBy: ptr(analyzer.ByRST), Confidence: analyzer.Certain,
		Age:           32.407,
		Reset:         &analyzer.Reset{By: analyzer.ServerSide, Frame: 800, Time: at(60), ClientState: analyzer.SynSent, ServerState: analyzer.Unknown, Accepted: true},
		DisplayFilter: "tcp.stream == 5",
	}
}

// shop is the whole capture.
func shop() (*analyzer.Report, []*analyzer.Flow) {
	flows := []*analyzer.Flow{graceful(1), simultaneous(3), reset(4), refused(5), halfClosed(17)}
	for i := 20; i < 32; i++ {
		f := simultaneous(i)
		f.Client.Port += uint16(i)
		flows = append(flows, f)
	}
	r := &analyzer.Report{
		Summary: analyzer.Summary{
			Files: []string{"/var/tmp/shop.pcap"}, Packets: 24310, TCPPackets: 24000, Flows: len(flows),
			Start: ptr(at(0)), End: ptr(at(captureLength)), LinkTypes: []string{"EN10MB"},
			NotDecoded:        map[string]uint64{"TCP header cut by the snaplen": 1200, "unknown link type 999": 3},
			CaptureDuplicates: 12, KernelDropped: 1,
			Verdicts:    map[analyzer.Verdict]int{analyzer.Graceful: 1, analyzer.Simultaneous: 13, analyzer.ResetVerdict: 1, analyzer.Refused: 1, analyzer.HalfClosed: 1},
			ClosedFirst: map[analyzer.ClosedFirst]int{analyzer.ServerFirst: 3, analyzer.BothFirst: 13, analyzer.ClientFirst: 1},
			Codes:       map[analyzer.Code]int{"lost-ack": 13, "reset-abort": 1, "fin-wait-2-stuck": 1},
			Assumed:     analyzer.Assumed{TimeWait: 60, FINTimeout: 60, PortRange: analyzer.PortRange{Low: 32768, High: 60999}, StuckAfter: 60},
			Version:     "v1.2.3",
		},
		Services: []analyzer.Service{{
			IP: netip.MustParseAddr("10.0.0.5"), Port: 8080, Flows: 15,
			ClosedFirst: map[analyzer.ClosedFirst]int{analyzer.ServerFirst: 1, analyzer.BothFirst: 13, analyzer.ClientFirst: 1},
			Verdicts:    map[analyzer.Verdict]int{analyzer.Graceful: 1, analyzer.Simultaneous: 13, analyzer.HalfClosed: 1},
			FINToFIN:    analyzer.Quantiles{P50: ptr(analyzer.Seconds(0.0001)), P90: ptr(analyzer.Seconds(0.0001)), P99: ptr(analyzer.Seconds(0.05)), Max: ptr(analyzer.Seconds(0.05))},
			Stuck:       map[analyzer.State]int{analyzer.FinWait2: 1, analyzer.CloseWait: 1},
			TimeWait: analyzer.ServiceTimeWait{
				Server: analyzer.Occupancy{Now: 13, Peak: 13, PeakTime: ptr(at(81))},
				Client: analyzer.Occupancy{Now: 13, Peak: 13, PeakTime: ptr(at(81))},
			},
		}, {
			IP: netip.MustParseAddr("2001:db8::5"), Port: 443, Flows: 1,
		}},
		TimeWait: []analyzer.TimeWaitRecord{{
			Holder: netip.MustParseAddr("10.0.0.7"), Role: analyzer.ClientSide, Peer: ptr(netip.MustParseAddr("10.0.0.5")), PeerPort: ptr(uint16(8080)),
			Now: 13, Peak: 13, PeakTime: ptr(at(81)), Capacity: ptr(16), Until: ptr(at(141)),
			Series: []analyzer.TimeWaitPoint{{Time: at(40), Count: 4}, {Time: at(60), Count: 8}, {Time: at(81), Count: 13}},
		}, {
			Holder: netip.MustParseAddr("10.0.0.5"), Role: analyzer.ServerSide, LocalPort: ptr(uint16(8080)),
			Now: 13, Peak: 13, PeakTime: ptr(at(81)), Until: ptr(at(141)),
			Series: []analyzer.TimeWaitPoint{{Time: at(2.5), Count: 1}, {Time: at(62.5), Count: 0}, {Time: at(81), Count: 13}},
		}},
		Findings: []analyzer.GroupFinding{{
			Code: "bind-blocked", Severity: analyzer.Error, IP: netip.MustParseAddr("10.0.0.5"), Port: ptr(uint16(8080)), Count: 13,
			Streams: []int{3, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}, Start: at(2.5), End: at(captureLength),
			Text:   "10.0.0.5:8080 held 13 TIME_WAIT at the end of the capture: restarted now without SO_REUSEADDR it could not bind before 12:02:22 (48.6 s)",
			Advice: "let the client close first, or set SO_REUSEADDR on the old and the new listening socket",
		}},
	}
	return r, flows
}

func TestFixtureIsInStreamOrder(t *testing.T) {
	_, flows := shop()
	if !slices.IsSortedFunc(flows, func(a, b *analyzer.Flow) int { return a.Stream - b.Stream }) {
		t.Fatal("the flows of the fixture are not in stream order, as a report's are")
	}
}
