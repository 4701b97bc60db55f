// Package metrics counts what a live capture finds, for Prometheus.
//
// Counters and histograms move when something happens (an [analyzer.Event]); what there is at a moment is taken over about once a
// second by [Metrics.Update]. A scrape reads these numbers and no more: it never waits for the capture, nor the capture for it.
//
// The number of series is bounded. The first MaxServices services of which a connection was set up and has closed get a label of
// their own, in that order and for good, so that no counter ever goes back; all others together are "other". SYNs that nobody
// answers or that are refused, as of a port scan, earn no label. Of port ranges the fullest MaxRanges are shown.
//
// The package does not know who is an endpoint of which service over many addresses (relabelling in Prometheus does), and does not push.
package metrics

import (
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"finscope/analyzer"
)

// The bounds of labels.
const (
	MaxServices = 100
	MaxRanges   = 20
)

// other is the label of all services without one of their own.
const other = "other"

// Metrics are the metrics of one capture. Event and Update are for the goroutine that captures; scrapes may come from any.
type Metrics struct {
	registry *prometheus.Registry
	now      *now

	closes   *prometheus.CounterVec
	findings *prometheus.CounterVec
	stuck    *prometheus.GaugeVec
	leaks    prometheus.Gauge
	finToFIN *prometheus.HistogramVec
	finToACK *prometheus.HistogramVec

	labels map[netip.AddrPort]string
	hung   map[int][]prometheus.Gauge // by stream: where a stuck connection is counted
}

// New makes the metrics of a capture that has found nothing so far.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		now:      newNow(),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "finscope_closes_total",
			Help: "Connections that have ended, by service, by who closed first (client, server, both, none, unknown) and by verdict.",
		}, []string{"service", "closed_first", "verdict"}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "finscope_findings_total",
			Help: "Findings by code: of connections when they have ended, stalls when they begin; of hosts and services, as far as there are alerts about them, when the alert begins.",
		}, []string{"code"}),
		stuck: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "finscope_stuck",
			Help: "Endpoints of connections whose close hangs for longer than --stuck-after, by service and by the endpoint's state.",
		}, []string{"service", "state"}),
		leaks: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "finscope_close_wait_leaks",
			Help: "Services and clients that leave connections in CLOSE_WAIT.",
		}),
		finToFIN: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "finscope_fin_to_fin_seconds", Buckets: buckets(),
			Help: "Time from the first FIN of a connection to that of the other side, by service.",
		}, []string{"service"}),
		finToACK: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "finscope_fin_to_ack_seconds", Buckets: buckets(),
			Help: "Time from a FIN to its acknowledgment, by service and by the side that sent the FIN.",
		}, []string{"service", "sender"}),
		labels: map[netip.AddrPort]string{},
		hung:   map[int][]prometheus.Gauge{},
	}
	for _, code := range analyzer.Codes() { // a rate over a counter that is not there yet misses its first step
		if !slices.Contains(reportOnly(), code) {
			m.findings.WithLabelValues(string(code))
		}
	}
	m.registry.MustRegister(m.now, m.closes, m.findings, m.stuck, m.leaks, m.finToFIN, m.finToACK,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// reportOnly are the findings that reports alone have: they look at many connections together, which is not done all the
// time.
func reportOnly() []analyzer.Code {
	return []analyzer.Code{
		analyzer.BindBlocked, analyzer.ServerHoldsTimeWait, analyzer.ListenerClosed, analyzer.ProcessExited, analyzer.HostRestarted,
		analyzer.HostUnreachable, analyzer.RefusedWhileTimeWait, analyzer.CaptureDuplicates, analyzer.CaptureLoss,
	}
}

// buckets are the upper bounds of the histograms in seconds: from a round trip in a rack to what --stuck-after and the
// timers of kernels are about.
func buckets() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600}
}

// Event counts something that has happened.
func (m *Metrics) Event(e *analyzer.Event) {
	switch e.Kind {
	case analyzer.EventClosed:
		m.closed(e.Flow)
	case analyzer.EventStuck:
		m.hangs(e.Flow)
	case analyzer.EventStuckOver:
		for _, g := range m.hung[e.Flow.Stream] {
			g.Dec()
		}
		delete(m.hung, e.Flow.Stream)
	case analyzer.EventPorts:
		if e.Ports.Level == 80 { // from where on the report has the finding
			code := analyzer.PortExhaustion
			if !e.Ports.Peer.IsValid() {
				code = analyzer.ReservedPortsExhausted
			}
			m.findings.WithLabelValues(string(code)).Inc()
		}
	case analyzer.EventLeak:
		m.findings.WithLabelValues(string(analyzer.CloseWaitLeak)).Inc()
		m.leaks.Inc()
	case analyzer.EventLeakOver:
		m.leaks.Dec()
	}
}

func (m *Metrics) closed(f *analyzer.Flow) {
	service := m.label(f)
	m.closes.WithLabelValues(service, string(f.ClosedFirst), string(f.Verdict)).Inc()
	for _, code := range f.Codes {
		if !analyzer.IsStuck(code) { // those were counted when the stall began
			m.findings.WithLabelValues(string(code)).Inc()
		}
	}
	a, b := f.Client.FIN, f.Server.FIN
	if a != nil && b != nil {
		m.finToFIN.WithLabelValues(service).Observe(b.Time.Sub(a.Time).Abs().Seconds())
	}
	for _, side := range []struct {
		name analyzer.Side
		fin  *analyzer.FIN
	}{{analyzer.ClientSide, a}, {analyzer.ServerSide, b}} {
		if side.fin != nil && side.fin.AckedTime != nil {
			m.finToACK.WithLabelValues(service, string(side.name)).Observe(max(0, side.fin.AckedTime.Sub(side.fin.Time).Seconds()))
		}
	}
}

func (m *Metrics) hangs(f *analyzer.Flow) {
	service := m.label(f)
	for _, code := range f.Codes {
		if analyzer.IsStuck(code) {
			m.findings.WithLabelValues(string(code)).Inc()
		}
	}
	for _, e := range []*analyzer.Endpoint{&f.Client, &f.Server} {
		switch e.State {
		case analyzer.FinWait1, analyzer.FinWait2, analyzer.Closing, analyzer.CloseWait, analyzer.LastAck:
			g := m.stuck.WithLabelValues(service, e.State.String())
			g.Inc()
			m.hung[f.Stream] = append(m.hung[f.Stream], g)
		}
	}
}

// label returns the label of a connection's service, and gives it one if it has earned it.
func (m *Metrics) label(f *analyzer.Flow) string {
	at := netip.AddrPortFrom(f.Server.IP, f.Server.Port)
	if s, ok := m.labels[at]; ok {
		return s
	}
	if len(m.labels) == MaxServices || f.Verdict == analyzer.Refused || f.Verdict == analyzer.NoReply {
		return other
	}
	if f.Roles == analyzer.RolesGuessed && f.Verdict == analyzer.ResetVerdict && (f.Client.Bytes == 0 || f.Server.Bytes == 0) {
		return other // the answer to a scan without SYNs looks like the reset of a connection whose beginning was not captured
	}
	s := at.String()
	m.labels[at] = s
	return s
}

// updateEvery is how often Update takes over what there is: Prometheus asks every few seconds.
const updateEvery = time.Second

// Drops are the packets lost so far.
type Drops struct{ Kernel, Interface uint64 }

// Update takes over what there is at the moment, unless it did less than a second ago.
func (m *Metrics) Update(s *analyzer.Session, d Drops) {
	if t := time.Now(); t.Sub(m.now.taken) >= updateEvery {
		m.now.taken = t
		m.now.take(m, s, d)
	}
}
