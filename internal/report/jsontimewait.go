package report

import (
	"encoding/json"
	"net/netip"

	"finscope/analyzer"
)

type timeWaitLine struct {
	kind
	Holder    netip.Addr    `json:"holder"`
	Role      analyzer.Side `json:"role"`
	LocalPort *uint16       `json:"local_port"`
	Peer      *netip.Addr   `json:"peer"`
	PeerPort  *uint16       `json:"peer_port"`
	Now       int           `json:"now"`
	Peak      int           `json:"peak"`
	PeakTime  *stamp        `json:"peak_time"`
	Capacity  *int          `json:"capacity"`
	Until     *stamp        `json:"until"`
	Series    []point       `json:"series"`
}

// point is [time, count].
type point analyzer.TimeWaitPoint

func (p point) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{stamp(p.Time), p.Count}) }

func timeWaitRecord(w *analyzer.TimeWaitRecord) timeWaitLine {
	l := timeWaitLine{
		kind: kind{"time_wait", schema}, Holder: w.Holder, Role: w.Role, LocalPort: w.LocalPort, Peer: w.Peer, PeerPort: w.PeerPort,
		Now: w.Now, Peak: w.Peak, PeakTime: stampOf(w.PeakTime), Capacity: w.Capacity, Until: stampOf(w.Until), Series: []point{},
	}
	for _, p := range w.Series {
		l.Series = append(l.Series, point(p))
	}
	return l
}
