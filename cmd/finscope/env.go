package main

import (
	"time"

	"finscope/analyzer"
)

// The types of this file are the flow record as --where sees it: the keys of the JSON record, with plain strings and
// numbers, because expressions compare states, verdicts and addresses with what the record shows, and nothing that is
// nil, because `half_close.bytes > 0` should be false, not an error, where there is no half_close. A null is "", 0 or
// an object of such; see nulls for comparisons with nil. The strings of addresses are made for every flow; that is the
// main cost, some 100 ns.

type flowEnv struct {
	Type          string        `expr:"type"`   // of all records that --where selects: "flow"
	Schema        int           `expr:"schema"` // 1
	Stream        int           `expr:"stream"`
	Client        endpointEnv   `expr:"client"`
	Server        endpointEnv   `expr:"server"`
	Roles         string        `expr:"roles"`
	Start         time.Time     `expr:"start"`
	End           time.Time     `expr:"end"`
	FirstFrame    int           `expr:"first_frame"`
	LastFrame     int           `expr:"last_frame"`
	Packets       int           `expr:"packets"`
	Verdict       string        `expr:"verdict"`
	ClosedFirst   string        `expr:"closed_first"`
	ClosedBy      string        `expr:"closed_by"`
	Confidence    string        `expr:"confidence"`
	Doubts        []string      `expr:"doubts"`
	Age           float64       `expr:"age"`
	HalfClose     halfCloseEnv  `expr:"half_close"`
	Reset         resetEnv      `expr:"reset"`
	TimeWait      []timeWaitEnv `expr:"time_wait"`
	Findings      []findingEnv  `expr:"findings"`
	Codes         []string      `expr:"codes"`
	DisplayFilter string        `expr:"display_filter"`
}

type endpointEnv struct {
	IP         string    `expr:"ip"`
	Port       int       `expr:"port"`
	State      string    `expr:"state"`
	StateSince time.Time `expr:"state_since"`
	StateFrame int       `expr:"state_frame"`
	Packets    int       `expr:"packets"`
	Bytes      int       `expr:"bytes"`
	FIN        finEnv    `expr:"fin"`
	RSTFrames  []int     `expr:"rst_frames"`
}

type finEnv struct {
	Present    bool      `expr:"present"`
	Frame      int       `expr:"frame"`
	Time       time.Time `expr:"time"`
	Seq        int       `expr:"seq"`
	Ack        int       `expr:"ack"`
	Sent       int       `expr:"sent"`
	Frames     []int     `expr:"frames"`
	AckedFrame int       `expr:"acked_frame"`
	AckedTime  time.Time `expr:"acked_time"`
}

type halfCloseEnv struct {
	Present bool    `expr:"present"`
	By      string  `expr:"by"`
	Seconds float64 `expr:"seconds"`
	Bytes   int     `expr:"bytes"`
}

type resetEnv struct {
	Present     bool      `expr:"present"`
	By          string    `expr:"by"`
	Frame       int       `expr:"frame"`
	Time        time.Time `expr:"time"`
	ClientState string    `expr:"client_state"`
	ServerState string    `expr:"server_state"`
	Accepted    bool      `expr:"accepted"`
	Cause       string    `expr:"cause"`
}

type timeWaitEnv struct {
	Holder string    `expr:"holder"`
	Since  time.Time `expr:"since"`
	Until  time.Time `expr:"until"`
	Ended  string    `expr:"ended"`
}

type findingEnv struct {
	Code     string `expr:"code"`
	Severity string `expr:"severity"`
	Who      string `expr:"who"`
	Frames   []int  `expr:"frames"`
	Text     string `expr:"text"`
}

// set fills e with the record of f; slices are reused from flow to flow.
func (e *flowEnv) set(f *analyzer.Flow) {
	e.Type, e.Schema = "flow", 1
	e.Stream = f.Stream
	e.Client.set(&f.Client)
	e.Server.set(&f.Server)
	e.Roles = string(f.Roles)
	e.Start, e.End = f.Start, f.End
	e.FirstFrame, e.LastFrame, e.Packets = int(f.FirstFrame), int(f.LastFrame), int(f.Packets)
	e.Verdict, e.ClosedFirst, e.ClosedBy = string(f.Verdict), string(f.ClosedFirst), orEmpty(f.ClosedBy)
	e.Confidence = string(f.Confidence)
	e.Doubts = words(e.Doubts, f.Doubts)
	e.Age = float64(f.Age)
	e.HalfClose = halfCloseEnv{}
	if h := f.HalfClose; h != nil {
		e.HalfClose = halfCloseEnv{true, string(h.By), float64(h.Seconds), int(h.Bytes)}
	}
	e.Reset = resetEnv{}
	if r := f.Reset; r != nil {
		e.Reset = resetEnv{true, string(r.By), int(r.Frame), r.Time, r.ClientState.String(), r.ServerState.String(), r.Accepted, orEmpty(r.Cause)}
	}
	e.TimeWait = e.TimeWait[:0]
	for _, w := range f.TimeWait {
		e.TimeWait = append(e.TimeWait, timeWaitEnv{string(w.Holder), w.Since, w.Until, string(w.Ended)})
	}
	e.Findings = e.Findings[:0]
	for i := range f.Findings {
		x := &f.Findings[i]
		e.Findings = append(e.Findings, findingEnv{string(x.Code), string(x.Severity), orEmpty(x.Who), frames(nil, x.Frames), x.Text})
	}
	e.Codes = words(e.Codes, f.Codes)
	e.DisplayFilter = f.DisplayFilter
}

func (e *endpointEnv) set(p *analyzer.Endpoint) {
	e.IP, e.Port = p.IP.String(), int(p.Port)
	e.State, e.StateSince, e.StateFrame = p.State.String(), p.StateSince, int(p.StateFrame)
	e.Packets, e.Bytes = int(p.Packets), int(p.Bytes)
	e.FIN = finEnv{Frames: e.FIN.Frames[:0]}
	if f := p.FIN; f != nil {
		e.FIN = finEnv{
			Present: true, Frame: int(f.Frame), Time: f.Time, Seq: int(f.Seq), Ack: int(f.Ack), Sent: f.Sent,
			Frames: frames(e.FIN.Frames, f.Frames),
		}
		if f.AckedFrame != nil {
			e.FIN.AckedFrame = int(*f.AckedFrame)
		}
		if f.AckedTime != nil {
			e.FIN.AckedTime = *f.AckedTime
		}
	}
	e.RSTFrames = frames(e.RSTFrames, p.RSTFrames)
}

// words puts values of the record as plain strings in the place of those of to.
func words[S ~string](to []string, from []S) []string {
	to = to[:0]
	for _, s := range from {
		to = append(to, string(s))
	}
	return to
}

func frames(to []int, from []uint64) []int {
	to = to[:0]
	for _, n := range from {
		to = append(to, int(n))
	}
	return to
}

func orEmpty[S ~string](s *S) string {
	if s == nil {
		return ""
	}
	return string(*s)
}
