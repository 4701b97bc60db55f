package metrics

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"finscope/analyzer"
	"finscope/internal/capture"
)

// serve serves metrics and returns their URL.
func serve(t *testing.T, m *Metrics) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := m.Serve(l)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
			t.Error("it still listens")
		}
	})
	return "http://" + l.Addr().String() + "/metrics"
}

// scrape returns the samples at url: of histograms their counts.
func scrape(t *testing.T, url string) map[string]float64 {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for name, family := range families {
		for _, one := range family.Metric {
			var labels []string
			for _, l := range one.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			key := name
			if len(labels) > 0 {
				key += "{" + strings.Join(labels, ",") + "}"
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				out[key] = one.Counter.GetValue()
			case dto.MetricType_GAUGE:
				out[key] = one.Gauge.GetValue()
			case dto.MetricType_HISTOGRAM:
				out[key] = float64(one.Histogram.GetSampleCount())
			}
		}
	}
	return out
}

// play plays a capture file as if it were live and lets the time go on until the closes are told.
func play(t *testing.T, m *Metrics, name string) *analyzer.Session {
	t.Helper()
	s, err := analyzer.NewSession(name, analyzer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := capture.Open([]string{name}, capture.Options{})
	defer src.Close()
	tell := func(e analyzer.Event) error { m.Event(&e); return nil }
	var p capture.Packet
	var last time.Time
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		last = time.Unix(0, p.Time)
		if err := errors.Join(s.Add(&p), s.Advance(last, tell)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Advance(last.Add(2*time.Second), tell); err != nil {
		t.Fatal(err)
	}
	m.Update(s, Drops{Kernel: 3, Interface: 4})
	return s
}

// What is scraped are the numbers of the report.
func TestLikeReport(t *testing.T) {
	names, err := filepath.Glob("../../testdata/pcaps/real/*.pcap")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	stuck := 0.0
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			if err := func() error { _, err := analyzer.ReadFile(t.Context(), name, analyzer.Options{}); return err }(); err != nil {
				t.Skip("damaged on purpose: ", err)
			}
			m := New()
			url := serve(t, m)
			s := play(t, m, name)
			got := scrape(t, url)
			r := s.Report()
			want := map[string]float64{
				"finscope_packets_total":                         float64(r.Summary.Packets),
				"finscope_tcp_packets_total":                     float64(r.Summary.TCPPackets),
				"finscope_flows_total":                           float64(r.Summary.Flows),
				`finscope_dropped_packets_total{by="kernel"}`:    3,
				`finscope_dropped_packets_total{by="interface"}`: 4,
				"finscope_flows_finished_early_total":            0,
			}
			label := func(ip netip.Addr, port uint16) string {
				if _, ok := m.labels[netip.AddrPortFrom(ip, port)]; ok {
					return netip.AddrPortFrom(ip, port).String()
				}
				return other
			}
			for f := range r.Flows() {
				service := label(f.Server.IP, f.Server.Port)
				if s.Told(f) {
					want[fmt.Sprintf("finscope_closes_total{closed_first=%q,service=%q,verdict=%q}", f.ClosedFirst, service, f.Verdict)]++
					for _, code := range f.Codes {
						want[fmt.Sprintf("finscope_findings_total{code=%q}", code)]++
					}
				}
				if slices.ContainsFunc(f.Codes, analyzer.IsStuck) {
					for _, e := range []analyzer.Endpoint{f.Client, f.Server} {
						if s := e.State; s != analyzer.Closed && s != analyzer.TimeWait {
							want[fmt.Sprintf("finscope_stuck{service=%q,state=%q}", service, s)]++
							stuck++
						}
					}
				}
			}
			for _, sv := range r.Services {
				service := label(sv.IP, sv.Port)
				want[fmt.Sprintf(`finscope_time_wait{holder="client",service=%q}`, service)] += float64(sv.TimeWait.Client.Now)
				want[fmt.Sprintf(`finscope_time_wait{holder="server",service=%q}`, service)] += float64(sv.TimeWait.Server.Now)
			}
			for key, n := range want {
				if got[key] != n {
					t.Errorf("%s is %v, want %v", key, got[key], n)
				}
			}
		})
	}
	if stuck == 0 {
		t.Error("nothing is stuck in any capture")
	}
}

// flow makes the record of a connection that was closed by both sides.
func flow(stream, service int, verdict analyzer.Verdict) *analyzer.Flow {
	start := time.Unix(1000, 0)
	acked := start.Add(20 * time.Millisecond)
	f := &analyzer.Flow{Stream: stream, Verdict: verdict, ClosedFirst: analyzer.ClientFirst}
	f.Server.IP, f.Server.Port = netip.AddrFrom4([4]byte{10, 0, byte(service >> 8), byte(service)}), 80
	f.Client.IP = netip.AddrFrom4([4]byte{10, 1, 0, 1})
	if verdict == analyzer.Graceful {
		f.Client.FIN = &analyzer.FIN{Time: start, AckedTime: &acked}
		f.Server.FIN = &analyzer.FIN{Time: start.Add(time.Second)}
	}
	return f
}

// However many services there are, the series stay few, and no counter goes back.
func TestLabelsAreBounded(t *testing.T) {
	m := New()
	url := serve(t, m)
	before := map[string]float64{}
	for round := range 5 {
		for i := range 1000 {
			verdict := analyzer.Graceful
			if round == 0 {
				verdict = analyzer.Refused // a scan comes first: it takes nobody's label
			}
			m.Event(&analyzer.Event{Kind: analyzer.EventClosed, Flow: flow(i, (i+100*round)%1000, verdict)})
		}
		after := scrape(t, url)
		for key, n := range before {
			if strings.HasPrefix(key, "finscope_") && after[key] < n {
				t.Errorf("%s went from %v to %v", key, n, after[key])
			}
		}
		before = after
	}
	series := func(name string) (keys []string, sum float64) {
		for key, n := range before {
			if strings.HasPrefix(key, name+"{") {
				keys = append(keys, key)
				sum += n
			}
		}
		return keys, sum
	}
	if keys, sum := series("finscope_closes_total"); len(keys) != MaxServices+2 || sum != 5000 { // other has two verdicts
		t.Errorf("%d series with %v closes: %v", len(keys), sum, keys)
	}
	if n := before[`finscope_closes_total{closed_first="client",service="other",verdict="refused"}`]; n != 1000 {
		t.Errorf("%v refused", n)
	}
	if n := before[`finscope_closes_total{closed_first="client",service="10.0.0.100:80",verdict="graceful"}`]; n != 4 {
		t.Errorf("%v graceful closes of the first service", n)
	}
	for _, name := range []string{"finscope_fin_to_fin_seconds", "finscope_fin_to_ack_seconds"} {
		if keys, sum := series(name); len(keys) != MaxServices+1 || sum != 4000 {
			t.Errorf("%s: %d series with %v values", name, len(keys), sum)
		}
	}
}

// What is stuck counts until it is stuck no longer, under the label that its service had then.
func TestStuckComesAndGoes(t *testing.T) {
	m := New()
	url := serve(t, m)
	f := flow(1, 1, analyzer.HalfClosed)
	f.Client.State, f.Server.State = analyzer.FinWait2, analyzer.CloseWait
	f.Codes = []analyzer.Code{analyzer.FinWait2Stuck, analyzer.CloseWaitStuck, analyzer.LostACK}
	expect := func(stuck, found, lost float64) {
		t.Helper()
		got := scrape(t, url)
		want := map[string]float64{
			`finscope_stuck{service="10.0.0.1:80",state="FIN_WAIT_2"}`: stuck,
			`finscope_stuck{service="10.0.0.1:80",state="CLOSE_WAIT"}`: stuck,
			`finscope_findings_total{code="close-wait-stuck"}`:         found,
			`finscope_findings_total{code="lost-ack"}`:                 lost,
		}
		for key, n := range want {
			if v, ok := got[key]; !ok || v != n {
				t.Errorf("%s is %v, want %v; there are %v", key, v, n, slices.Sorted(maps.Keys(got)))
			}
		}
	}
	m.Event(&analyzer.Event{Kind: analyzer.EventStuck, Flow: f})
	expect(1, 1, 0)
	g := flow(1, 1, analyzer.Graceful)
	g.Client.State, g.Server.State = analyzer.TimeWait, analyzer.Closed
	g.Codes = []analyzer.Code{analyzer.SlowClose, analyzer.LostACK}
	m.Event(&analyzer.Event{Kind: analyzer.EventStuckOver, Flow: g})
	m.Event(&analyzer.Event{Kind: analyzer.EventClosed, Flow: g})
	expect(0, 1, 1)
	if len(m.hung) != 0 {
		t.Errorf("%v is kept", m.hung)
	}
}

// A client that never finishes its request does not keep the server from ending.
func TestServerEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New().Serve(l)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /metrics HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Close() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it does not end")
	}
}
