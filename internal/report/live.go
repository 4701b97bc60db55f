package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"finscope/analyzer"
	"finscope/internal/units"
)

// EventText writes one line about something that happened: the time, the connection, how it closed with both states and
// the codes of its findings, or that it is stuck and who owes what; the ports or the leak; or that one of these is over.
func EventText(w io.Writer, e *analyzer.Event, palette Palette) error {
	p := &page{w: w, palette: palette}
	p.put(styled(faint, e.Time.Format("15:04:05.000")))
	if e.Flow != nil {
		p.put(text("  stream " + strconv.Itoa(e.Flow.Stream) + "  " + hostPort(&e.Flow.Client) + " > " + hostPort(&e.Flow.Server)))
	}
	p.put(text("  "))
	switch f := e.Flow; e.Kind {
	case analyzer.EventStuck:
		p.put(styled(warn, "stuck: "))
		p.put(text(stuckText(f)))
	case analyzer.EventStuckOver:
		p.put(text("not stuck any more: client " + f.Client.State.String() + ", server " + f.Server.State.String()))
	case analyzer.EventPorts:
		p.put(styled(warn, "local ports: "))
		p.put(text(portsText(e)))
	case analyzer.EventPortsOver:
		p.put(text("local ports: " + portsText(e)))
	case analyzer.EventLeak:
		p.put(styled(warn, "leak: "))
		p.put(text(leakText(e)))
	case analyzer.EventLeakOver:
		p.put(text("leak: " + leakText(e)))
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

// portsText says how full a range of local ports is.
func portsText(e *analyzer.Event) string {
	u := e.Ports
	verb, which := "reached", fmt.Sprintf("%s local ports towards %v", units.Count(u.Capacity), u.Peer)
	if e.Kind == analyzer.EventPortsOver {
		verb = "is below"
	}
	if !u.Peer.IsValid() {
		which = fmt.Sprintf("%s reserved ports", units.Count(u.Capacity))
	}
	return fmt.Sprintf("%v %s %d%% of its %s: %s in TIME_WAIT", u.Holder, verb, u.Level, which, units.Count(u.Count))
}

// leakText says who leaves connections in CLOSE_WAIT.
func leakText(e *analyzer.Event) string {
	l := e.Leak
	owner, of := fmt.Sprintf("%v", l.Service), "its clients"
	if l.Client.IsValid() {
		owner, of = fmt.Sprintf("%v", l.Client), fmt.Sprintf("%v", l.Service)
	}
	if e.Kind == analyzer.EventLeakOver {
		return fmt.Sprintf("%s leaves no connection of %s in CLOSE_WAIT any more", owner, of)
	}
	return fmt.Sprintf("%s does not close its side: %s that %s closed hang in CLOSE_WAIT", owner, plural(l.Count, "connection"), of)
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

// EventJSON writes one record about something that happened: the flow record of a connection that has closed, or an alert
// record.
func EventJSON(w io.Writer, e *analyzer.Event) error {
	l := lines{w: w}
	switch e.Kind {
	case analyzer.EventClosed:
		return flowLines(w, slices.Values([]*analyzer.Flow{e.Flow}))
	case analyzer.EventStuck, analyzer.EventStuckOver:
		l.write(stuckAlert(e))
	case analyzer.EventPorts, analyzer.EventPortsOver:
		l.write(portsAlert(e))
	case analyzer.EventLeak, analyzer.EventLeakOver:
		l.write(leakAlert(e))
	}
	return l.err
}

// alert is what all alert records have.
type alert struct {
	kind
	Alert string `json:"alert"` // what it is about; with "-over": that this is over
	Time  stamp  `json:"time"`
}

func newAlert(e *analyzer.Event, name string, over analyzer.EventKind) alert {
	if e.Kind == over {
		name += "-over"
	}
	return alert{kind{"alert", schema}, name, stamp(e.Time)}
}

// stuckAlert makes the record of a close that hangs.
func stuckAlert(e *analyzer.Event) any {
	f := e.Flow
	a := stuckLine{
		alert: newAlert(e, "stuck", analyzer.EventStuckOver), Stream: f.Stream,
		Client: alertEnd(&f.Client), Server: alertEnd(&f.Server), Codes: []analyzer.Code{}, Text: stuckText(f),
	}
	if e.Kind == analyzer.EventStuckOver {
		a.Text = headline(f)
	}
	for _, c := range f.Codes {
		if analyzer.IsStuck(c) {
			a.Codes = append(a.Codes, c)
		}
	}
	return a
}

type stuckLine struct {
	alert
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

// portsAlert makes the record of local ports that run out.
func portsAlert(e *analyzer.Event) any {
	u := e.Ports
	a := portsLine{
		alert: newAlert(e, "time-wait", analyzer.EventPortsOver), Holder: u.Holder.String(),
		Level: u.Level, Count: u.Count, Capacity: u.Capacity, Text: portsText(e),
	}
	if u.Peer.IsValid() {
		peer, port := u.Peer.Addr().String(), u.Peer.Port()
		a.Peer, a.PeerPort = &peer, &port
	}
	return a
}

type portsLine struct {
	alert
	Holder   string  `json:"holder"`
	Peer     *string `json:"peer"` // null: the reserved ports, whatever the peer
	PeerPort *uint16 `json:"peer_port"`
	Level    int     `json:"level"` // in per cent: 50, 80 or 95
	Count    int     `json:"count"`
	Capacity int     `json:"capacity"`
	Text     string  `json:"text"`
}

// leakAlert makes the record of sockets left in CLOSE_WAIT.
func leakAlert(e *analyzer.Event) any {
	l := e.Leak
	a := leakLine{
		alert: newAlert(e, "close-wait-leak", analyzer.EventLeakOver), IP: l.Service.Addr().String(), Port: l.Service.Port(),
		Owner: analyzer.ServerSide, Count: l.Count, Text: leakText(e),
	}
	if l.Client.IsValid() {
		client := l.Client.String()
		a.Owner, a.Client = analyzer.ClientSide, &client
	}
	return a
}

type leakLine struct {
	alert
	IP     string        `json:"ip"` // of the service
	Port   uint16        `json:"port"`
	Owner  analyzer.Side `json:"owner"`  // who does not close
	Client *string       `json:"client"` // the client that does not; null: the server does not
	Count  int           `json:"count"`
	Text   string        `json:"text"`
}
