package metrics

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"finscope/analyzer"
)

// now is a prometheus.Collector of what there is at a moment: numbers that the capture has anyway, and those of which not
// every label stays.
type now struct {
	taken time.Time // for the goroutine that captures

	mu       sync.Mutex
	counts   analyzer.Counts
	drops    Drops
	timeWait map[string]analyzer.HeldNow // by label of the service
	ranges   []analyzer.PortUse

	packets, tcpPackets, dropped, flows, early *prometheus.Desc
	closing, timeWaits, portUse                *prometheus.Desc
}

func newNow() *now {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("finscope_"+name, help, labels, nil)
	}
	return &now{
		packets:    desc("packets_total", "Packets captured."),
		tcpPackets: desc("tcp_packets_total", "Packets captured that are TCP segments."),
		dropped:    desc("dropped_packets_total", "Packets lost before they could be analysed: by the kernel, whose buffer was full, or by the interface.", "by"),
		flows:      desc("flows_total", "Connections seen, however they began."),
		early:      desc("flows_finished_early_total", "Connections given up because more than --max-flows were open."),
		closing:    desc("closing", "Connections whose close has begun and not ended."),
		timeWaits:  desc("time_wait", "TIME_WAITs that run, by service and by the side that holds them.", "service", "holder"),
		portUse:    desc("port_use_ratio", "Share of a host's local ports that TIME_WAIT takes, for connections to one service (peer; empty: reserved ports). From a tenth on; the fullest ones.", "holder", "peer"),
	}
}

// take takes over what a session has.
func (n *now) take(m *Metrics, s *analyzer.Session, d Drops) {
	timeWait := make(map[string]analyzer.HeldNow, len(m.labels)+1)
	for _, service := range m.labels {
		timeWait[service] = analyzer.HeldNow{}
	}
	for at, held := range s.TimeWaits() {
		service, ok := m.labels[at]
		if !ok {
			service = other
		}
		sum := timeWait[service]
		sum.Client += held.Client
		sum.Server += held.Server
		timeWait[service] = sum
	}
	ranges := slices.SortedFunc(s.PortPressure(), func(a, b analyzer.PortUse) int {
		return cmp.Or(cmp.Compare(b.Count*a.Capacity, a.Count*b.Capacity), a.Holder.Compare(b.Holder), a.Peer.Compare(b.Peer))
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counts, n.drops, n.timeWait, n.ranges = s.Counts(), d, timeWait, ranges[:min(len(ranges), MaxRanges)]
}

// Describe implements prometheus.Collector.
func (n *now) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{n.packets, n.tcpPackets, n.dropped, n.flows, n.early, n.closing, n.timeWaits, n.portUse} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (n *now) Collect(ch chan<- prometheus.Metric) {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count(n.packets, n.counts.Packets)
	count(n.tcpPackets, n.counts.TCPPackets)
	count(n.dropped, n.drops.Kernel, "kernel")
	count(n.dropped, n.drops.Interface, "interface")
	count(n.flows, n.counts.Flows)
	count(n.early, n.counts.FinishedEarly)
	gauge(n.closing, float64(n.counts.Closing))
	for service, held := range n.timeWait {
		gauge(n.timeWaits, float64(held.Client), service, string(analyzer.ClientSide))
		gauge(n.timeWaits, float64(held.Server), service, string(analyzer.ServerSide))
	}
	for i := range n.ranges {
		u := &n.ranges[i]
		peer := ""
		if u.Peer.IsValid() {
			peer = u.Peer.String()
		}
		gauge(n.portUse, float64(u.Count)/float64(u.Capacity), u.Holder.String(), peer)
	}
}
