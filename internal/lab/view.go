package lab

import (
	"slices"

	"finscope/analyzer"
)

// Connection is one connection of a run as the kernels of both hosts know it. A side without a socket is nil.
type Connection struct {
	ClientPort uint16
	Client     *Life
	Server     *Life
	Start      Moment
}

func (c *Connection) life(s Side) *Life {
	if s == Client {
		return c.Client
	}
	return c.Server
}

// Connections puts the lives of both hosts together.
func Connections(t *Truth, captures map[Tap][]Frame) []*Connection {
	client := lives(t, Client, captures[AtClient])
	server := lives(t, Server, captures[AtServer])
	var out []*Connection
	for _, l := range client {
		out = append(out, &Connection{ClientPort: l.Local.Port(), Client: l, Start: l.Start})
	}
	for _, l := range server {
		var best *Connection
		var first *Connection
		for _, c := range out {
			if c.Client == nil || c.Client.Local != l.Remote || c.Client.Remote != l.Local {
				continue
			}
			if first == nil {
				first = c
			}
			if c.Start <= l.Start+1e6 {
				best = c
			}
		}
		if best == nil {
			best = first // a simultaneous open may begin at the server
		}
		switch {
		case best == nil || best.Server != nil:
			out = append(out, &Connection{ClientPort: l.Remote.Port(), Server: l, Start: l.Start})
		default:
			best.Server = l
		}
	}
	return out
}

// View is what one tap saw of one connection: its record, ladder and the packets.
type View struct {
	Tap    Tap
	Flow   *analyzer.Flow
	Ladder []analyzer.Rung
}

// side returns which end of the laboratory finscope calls client.
func (v *View) clientIs(t *Truth) Side {
	if v.Flow.Client.IP == t.Client {
		return Client
	}
	return Server
}

// state returns the state of a side at the end.
func (v *View) endpoint(t *Truth, s Side) *analyzer.Endpoint {
	if v.clientIs(t) == s {
		return &v.Flow.Client
	}
	return &v.Flow.Server
}

// named translates finscope's client or server into a side of the laboratory.
func (v *View) named(t *Truth, name string) string {
	if v.clientIs(t) == Server {
		switch name {
		case "client":
			return "server"
		case "server":
			return "client"
		}
	}
	return name
}

// path returns the states of a side in their order.
func (v *View) path(t *Truth, s Side) []string {
	var out []string
	add := func(st analyzer.State) {
		if st == analyzer.Unknown || len(out) == 0 && st == analyzer.Closed {
			return
		}
		if name := st.String(); len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	for _, r := range v.Ladder {
		if v.clientIs(t) == s {
			add(r.Client)
		} else {
			add(r.Server)
		}
	}
	add(v.endpoint(t, s).State)
	if v.Tap.own(s) {
		return out
	}
	// What passed here is presumed to have arrived until a retransmission disproves that: then finscope goes back. No
	// connection is twice in the same state, so what came after the first time was taken back.
	for i := len(out) - 2; i >= 0; i-- {
		if out[i] == "CLOSED" { // a RST that counted for a while: no connection comes back from there
			out = append(out[:i], out[i+1:]...)
		}
	}
	for i := 0; i < len(out); i++ {
		if j := slices.Index(out[:i], out[i]); j >= 0 {
			out = append(out[:j], out[i:]...)
			i = j
		}
	}
	return out
}
