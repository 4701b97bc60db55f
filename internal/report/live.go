package report

import (
	"io"
	"slices"
	"strings"

	"finscope/analyzer"
)

// EventText writes one line about what happened to a connection: the time, the connection, how it closed with both states
// and the codes of its findings; or that it is stuck, who owes what, and when that is over.
func EventText(w io.Writer, e *analyzer.Event, palette Palette) error {
	f := e.Flow
	p := &page{w: w, palette: palette}
	p.put(styled(faint, e.Time.Format("15:04:05.000")))
	p.put(text("  stream " + count(f.Stream) + "  " + hostPort(&f.Client) + " > " + hostPort(&f.Server) + "  "))
	switch e.Kind {
	case analyzer.EventStuck:
		p.put(styled(warn, "stuck: "))
		p.put(text(stuckText(f)))
	case analyzer.EventStuckOver:
		p.put(text("not stuck any more: client " + f.Client.State.String() + ", server " + f.Server.State.String()))
	case analyzer.EventClosed:
		p.put(styled(verdictStyle(f.Verdict), headline(f)))
		p.put(text("; client " + f.Client.State.String() + ", server " + f.Server.State.String()))
		if f.Confidence != analyzer.Certain {
			p.put(text("; " + string(f.Confidence)))
		}
		if len(f.Codes) > 0 {
			codes := make([]string, len(f.Codes))
			for i, c := range f.Codes {
				codes[i] = string(c)
			}
			p.put(text("  " + strings.Join(codes, " ")))
		}
	}
	p.end()
	return p.err
}

// stuckText is what the findings say about the stall; of those about both sides of one, the one about the side that has to
// act.
func stuckText(f *analyzer.Flow) string {
	out := headline(f)
	for i := range f.Findings {
		switch c := f.Findings[i].Code; {
		case c == analyzer.CloseWaitStuck:
			return f.Findings[i].Text
		case analyzer.IsStuck(c):
			out = f.Findings[i].Text
		}
	}
	return out
}

// EventJSON writes one record about what happened to a connection: its flow record when it has closed, an alert record when
// it is stuck and when that is over.
func EventJSON(w io.Writer, e *analyzer.Event) error {
	f := e.Flow
	if e.Kind == analyzer.EventClosed {
		return flowLines(w, slices.Values([]*analyzer.Flow{f}))
	}
	a := alertLine{
		kind: kind{"alert", schema}, Alert: "stuck", Time: stamp(e.Time), Stream: f.Stream,
		Client: alertEnd(&f.Client), Server: alertEnd(&f.Server), Codes: []analyzer.Code{}, Text: stuckText(f),
	}
	if e.Kind == analyzer.EventStuckOver {
		a.Alert, a.Text = "stuck-over", headline(f)
	}
	for _, c := range f.Codes {
		if analyzer.IsStuck(c) {
			a.Codes = append(a.Codes, c)
		}
	}
	l := lines{w: w}
	l.write(a)
	return l.err
}

// alertLine is the record of something that goes on while traffic is captured.
type alertLine struct {
	kind
	Alert  string          `json:"alert"` // "stuck" or "stuck-over"
	Time   stamp           `json:"time"`
	Stream int             `json:"stream"`
	Client alertEndpoint   `json:"client"`
	Server alertEndpoint   `json:"server"`
	Codes  []analyzer.Code `json:"codes"` // why it is stuck; empty when that is over
	Text   string          `json:"text"`
}

type alertEndpoint struct {
	IP    string `json:"ip"`
	Port  uint16 `json:"port"`
	State string `json:"state"`
}

func alertEnd(e *analyzer.Endpoint) alertEndpoint {
	return alertEndpoint{e.IP.String(), e.Port, e.State.String()}
}
