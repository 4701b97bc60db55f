package report

import (
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"time"

	"finscope/analyzer"
)

// JSON writes one object a line: the flows in stream order, then services, time_wait records, group findings and the summary. Flows, of
// which there may be millions, go through a hand-written encoder that allocates nothing; the rest through encoding/json.
// A Brief report has neither flows nor services.
func JSON(w io.Writer, r *analyzer.Report, flows Flows, detail Detail) error {
	l := lines{w: w}
	if detail == Full {
		if err := flowLines(w, flows); err != nil {
			return err
		}
		for i := range r.Services {
			l.write(serviceRecord(&r.Services[i]))
		}
		for i := range r.TimeWait {
			l.write(timeWaitRecord(&r.TimeWait[i]))
		}
	}
	for i := range r.Findings {
		l.write(findingRecord(&r.Findings[i]))
	}
	l.write(summaryRecord(&r.Summary))
	return l.err
}

// flowsAtOnce is about how many octets of flow records are written at a time.
const flowsAtOnce = 32 << 10

// flowLines writes the flow records, reusing one buffer.
func flowLines(w io.Writer, flows Flows) error {
	buf := make([]byte, 0, 2*flowsAtOnce)
	for f := range flows {
		buf = appendFlow(buf, f)
		buf = append(buf, '\n')
		if len(buf) >= flowsAtOnce {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	if len(buf) == 0 {
		return nil
	}
	_, err := w.Write(buf)
	return err
}

// lines writes records until the first error.
type lines struct {
	w   io.Writer
	buf bytes.Buffer
	err error
}

func (l *lines) write(record any) {
	if l.err != nil {
		return
	}
	l.buf.Reset()
	enc := json.NewEncoder(&l.buf) // ends the line itself
	enc.SetEscapeHTML(false)
	if l.err = enc.Encode(record); l.err == nil {
		_, l.err = l.w.Write(l.buf.Bytes())
	}
}

// schema is the version of the record format. Keys are added without changing it; it changes if one is removed or its
// meaning is.
const schema = 1

// kind opens every record.
type kind struct {
	Type   string `json:"type"`
	Schema int    `json:"schema"`
}

// The records below repeat the analyzer's types field by field: embedding would write times without their trailing
// zeros and absent lists and maps as null, which the format promises not to do. A test compares the keys of both.

type serviceLine struct {
	kind
	IP          netip.Addr               `json:"ip"`
	Port        uint16                   `json:"port"`
	Flows       int                      `json:"flows"`
	ClosedFirst closedFirstCounts        `json:"closed_first"`
	Verdicts    map[analyzer.Verdict]int `json:"verdicts"`
	FINToFIN    analyzer.Quantiles       `json:"fin_to_fin"`
	Stuck       map[analyzer.State]int   `json:"stuck"`
	TimeWait    serviceTimeWait          `json:"time_wait"`
}

type closedFirstCounts struct {
	Client  int `json:"client"`
	Server  int `json:"server"`
	Both    int `json:"both"`
	None    int `json:"none"`
	Unknown int `json:"unknown"`
}

type serviceTimeWait struct {
	Server occupancy `json:"server"`
	Client occupancy `json:"client"`
}

type occupancy struct {
	Now      int    `json:"now"`
	Peak     int    `json:"peak"`
	PeakTime *stamp `json:"peak_time"`
}

type findingLine struct {
	kind
	Code     analyzer.Code     `json:"code"`
	Severity analyzer.Severity `json:"severity"`
	IP       *netip.Addr       `json:"ip"` // null: the capture as a whole
	Port     *uint16           `json:"port"`
	Count    int               `json:"count"`
	Streams  []int             `json:"streams"`
	Start    stamp             `json:"start"`
	End      stamp             `json:"end"`
	Text     string            `json:"text"`
	Advice   string            `json:"advice"`
}

type summaryLine struct {
	kind
	Files             []string                 `json:"files"`
	Packets           uint64                   `json:"packets"`
	TCPPackets        uint64                   `json:"tcp_packets"`
	Flows             int                      `json:"flows"`
	Start             *stamp                   `json:"start"`
	End               *stamp                   `json:"end"`
	LinkTypes         []string                 `json:"link_types"`
	NotDecoded        map[string]uint64        `json:"not_decoded"`
	NotTCP            map[string]uint64        `json:"not_tcp"`
	CaptureDuplicates uint64                   `json:"capture_duplicates"`
	KernelDropped     uint64                   `json:"kernel_dropped"`
	FinishedEarly     uint64                   `json:"finished_early"`
	LatePackets       uint64                   `json:"late_packets"`
	Verdicts          map[analyzer.Verdict]int `json:"verdicts"`
	ClosedFirst       closedFirstCounts        `json:"closed_first"`
	Codes             map[analyzer.Code]int    `json:"codes"`
	Assumed           analyzer.Assumed         `json:"assumed"`
	Damaged           *analyzer.Damaged        `json:"damaged"`
	Version           string                   `json:"version"`
}

func serviceRecord(s *analyzer.Service) serviceLine {
	return serviceLine{
		kind:        kind{"service", schema},
		IP:          s.IP,
		Port:        s.Port,
		Flows:       s.Flows,
		ClosedFirst: closedFirstRecord(s.ClosedFirst),
		Verdicts:    notNilMap(s.Verdicts),
		FINToFIN:    s.FINToFIN,
		Stuck:       notNilMap(s.Stuck),
		TimeWait:    serviceTimeWait{occupancyRecord(s.TimeWait.Server), occupancyRecord(s.TimeWait.Client)},
	}
}

func closedFirstRecord(m map[analyzer.ClosedFirst]int) closedFirstCounts {
	return closedFirstCounts{m[analyzer.ClientFirst], m[analyzer.ServerFirst], m[analyzer.BothFirst], m[analyzer.NoneFirst], m[analyzer.UnknownFirst]}
}

func occupancyRecord(o analyzer.Occupancy) occupancy {
	return occupancy{o.Now, o.Peak, stampOf(o.PeakTime)}
}

func findingRecord(f *analyzer.GroupFinding) findingLine {
	return findingLine{
		kind:     kind{"finding", schema},
		Code:     f.Code,
		Severity: f.Severity,
		IP:       addrOf(f.IP),
		Port:     f.Port,
		Count:    f.Count,
		Streams:  notNil(f.Streams),
		Start:    stamp(f.Start),
		End:      stamp(f.End),
		Text:     f.Text,
		Advice:   f.Advice,
	}
}

func summaryRecord(s *analyzer.Summary) summaryLine {
	return summaryLine{
		kind:              kind{"summary", schema},
		Files:             notNil(s.Files),
		Packets:           s.Packets,
		TCPPackets:        s.TCPPackets,
		Flows:             s.Flows,
		Start:             stampOf(s.Start),
		End:               stampOf(s.End),
		LinkTypes:         notNil(s.LinkTypes),
		NotDecoded:        notNilMap(s.NotDecoded),
		NotTCP:            notNilMap(s.NotTCP),
		CaptureDuplicates: s.CaptureDuplicates,
		KernelDropped:     s.KernelDropped,
		FinishedEarly:     s.FinishedEarly,
		LatePackets:       s.LatePackets,
		Verdicts:          notNilMap(s.Verdicts),
		ClosedFirst:       closedFirstRecord(s.ClosedFirst),
		Codes:             notNilMap(s.Codes),
		Assumed:           s.Assumed,
		Damaged:           s.Damaged,
		Version:           s.Version,
	}
}

// stamp is a time as the records write it: RFC 3339 in UTC with all nine digits of the fraction, so that strings sort
// and compare like the times they stand for. The zero time is null.
type stamp time.Time

const recordTime = "2006-01-02T15:04:05.000000000Z"

func (s stamp) MarshalJSON() ([]byte, error) { return appendTime(nil, time.Time(s)), nil }

// addrOf returns an address, nil if there is none.
func addrOf(ip netip.Addr) *netip.Addr {
	if !ip.IsValid() {
		return nil
	}
	return &ip
}

func stampOf(t *time.Time) *stamp { return (*stamp)(t) }

func notNil[E any](s []E) []E {
	if s == nil {
		return []E{}
	}
	return s
}

func notNilMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}
