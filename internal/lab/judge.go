package lab

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"finscope/analyzer"
	"finscope/internal/capture"
)

const linkEthernet = 1

// writeCapture saves frames as a pcap file.
func writeCapture(w io.Writer, frames []Frame) error {
	pw, err := capture.NewWriter(w, linkEthernet)
	if err != nil {
		return err
	}
	for i := range frames {
		f := &frames[i]
		if err := pw.Write(&capture.Packet{Time: f.Time, Data: f.Data, WireLen: len(f.Data) + f.Cut, Link: linkEthernet}); err != nil {
			return err
		}
	}
	return pw.Flush()
}

// readCapture reads what writeCapture wrote. Which frames the host sent is told by their source.
func readCapture(name string, sentBy string) ([]Frame, error) {
	src := capture.Open([]string{name}, capture.Options{})
	defer src.Close()
	var out []Frame
	var p capture.Packet
	for {
		switch err := src.Next(&p); {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return out, err
		}
		f := Frame{Time: p.Time, Data: slices.Clone(p.Data), Cut: max(0, p.WireLen-len(p.Data))}
		if s, ok := parse(f.Data); ok {
			f.Out = s.Src.Addr().String() == sentBy
		}
		out = append(out, f)
	}
}

// only returns the frames of one client port, and the mark at the end.
func only(frames []Frame, port uint16) []Frame {
	var out []Frame
	for _, f := range frames {
		s, ok := parse(f.Data)
		if ok && (s.Src.Port() == port || s.Dst.Port() == port) || !ok && isMark(f.Data) {
			out = append(out, f)
		}
	}
	return out
}

// markType is the EtherType of the frame that marks the end of a recording: the first one for experiments (RFC 9542
// §3).
const markType = 0x88b5

func isMark(frame []byte) bool {
	return len(frame) >= 14 && binary.BigEndian.Uint16(frame[12:]) == markType
}

// views has finscope read one capture and returns its records with their ladders.
func views(ctx context.Context, dir string, tap Tap, frames []Frame) ([]*View, error) {
	f, err := os.CreateTemp(dir, "*.pcap")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	err = writeCapture(f, frames)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return viewsOf(ctx, tap, f.Name())
}

func viewsOf(ctx context.Context, tap Tap, name string) ([]*View, error) {
	const most = 64
	trace := make([]int, most)
	for i := range trace {
		trace[i] = i
	}
	rep, err := analyzer.ReadFile(ctx, name, analyzer.Options{Trace: trace})
	if err != nil {
		return nil, err
	}
	var out []*View
	for flow := range rep.Flows() {
		v := &View{Tap: tap, Flow: flow}
		v.Ladder, _ = rep.Ladder(flow.Stream)
		out = append(out, v)
	}
	return out, nil
}

// Result is the comparison of one connection at all taps.
type Result struct {
	Connection  *Connection
	Views       map[Tap]*View // nil where finscope has no record of it
	Differences []Difference
}

// bad returns the differences that are finscope's fault.
func (r *Result) bad() []Difference {
	return slices.DeleteFunc(slices.Clone(r.Differences), func(d Difference) bool { return d.Kind != defect })
}

// Judge compares all connections of a run at all taps.
func Judge(ctx context.Context, dir string, run *Run) ([]*Result, error) {
	t := &run.Truth
	conns := Connections(t, run.Captures)
	var results []*Result
	ports := map[uint16][]*Result{}
	for _, c := range conns {
		r := &Result{Connection: c, Views: map[Tap]*View{}}
		results = append(results, r)
		ports[c.ClientPort] = append(ports[c.ClientPort], r)
	}
	for port, rs := range ports {
		for _, tap := range Taps() {
			vs, err := views(ctx, dir, tap, only(run.Captures[tap], port))
			if err != nil {
				return nil, err
			}
			for _, v := range vs {
				r := rs[0]
				for _, s := range rs[1:] {
					if Moment(v.Flow.Start.UnixNano()) >= s.Connection.Start-1e6 {
						r = s
					}
				}
				if r.Views[tap] != nil && len(v.Ladder) > 0 && v.Flow.Verdict == analyzer.NoReply && madeUpSYN(t, v) {
					continue // a SYN without a socket is an attempt of its own, and there is nothing to compare it with
				}
				if r.Views[tap] != nil {
					r.Differences = append(r.Differences, Difference{defect, tap, "", "flows", fmt.Sprintf("finscope sees one connection as two: streams %d and %d", r.Views[tap].Flow.Stream, v.Flow.Stream)})
					continue
				}
				r.Views[tap] = v
			}
		}
	}
	for _, r := range results {
		w := packetsOf(r.Connection, run.Captures)
		if r.ghost(w, results) {
			for _, tap := range Taps() {
				r.Differences = append(r.Differences, Difference{unseen, tap, Server, "flows", "a late duplicate of the SYN before made a request that nobody wanted"})
			}
			continue
		}
		for _, tap := range Taps() {
			switch v := r.Views[tap]; {
			case v != nil:
				r.Differences = append(r.Differences, Compare(t, r.Connection, w, v)...)
			case w.began(r.Connection, tap, results):
				r.Differences = append(r.Differences, Difference{defect, tap, "", "flows", "finscope has no record of it"})
			}
		}
	}
	return results, nil
}

// ghost reports whether a connection is but a request of the server that a late copy of an earlier connection's SYN has
// made. There is no client to it, and whether its packets are a connection of their own is a matter of taste.
func (r *Result) ghost(w *onWire, all []*Result) bool {
	c := r.Connection
	if c.Client != nil || c.Server == nil || !slices.ContainsFunc(all, func(o *Result) bool {
		return o.Connection.ClientPort == c.ClientPort && o.Connection.Start < c.Start
	}) {
		return false
	}
	seen, last := map[uint32]int{}, uint32(0)
	for _, p := range w.packets[Server] {
		if !p.out && p.seg.has(flagSYN) && !p.seg.has(flagACK) && p.time <= c.Server.Visits[0].Until {
			seen[p.seg.Seq]++
			last = p.seg.Seq
		}
	}
	return seen[last] > 1
}

// began reports whether packets of a connection passed a tap before the next one of the same ports began.
func (w *onWire) began(c *Connection, tap Tap, all []*Result) bool {
	until := Moment(1<<63 - 1)
	for _, r := range all {
		if r.Connection.ClientPort == c.ClientPort && r.Connection.Start > c.Start {
			until = min(until, r.Connection.Start)
		}
	}
	for _, ps := range w.packets {
		if slices.ContainsFunc(ps, func(p wirePacket) bool {
			return p.time >= c.Start && p.time < until && w.at[tap][p.seg.hash] != 0
		}) {
			return true
		}
	}
	return false
}

// Explain writes a comparison: what differs, and for each tap with a defect the ladder beside the kernel's timeline.
func (r *Result) Explain(w io.Writer, t *Truth) {
	c := r.Connection
	for _, d := range r.Differences {
		fmt.Fprintln(w, d)
	}
	for _, s := range []Side{Client, Server} {
		if l := c.life(s); l != nil {
			fmt.Fprintf(w, "kernel of the %s:", s)
			for _, v := range l.Visits {
				fmt.Fprintf(w, " %.4f %s", since(c.Start, v.Until), v.State)
				if v.Why != "" {
					fmt.Fprintf(w, " (%s)", v.Why)
				}
			}
			fmt.Fprintln(w)
		}
	}
	for _, tap := range Taps() {
		v := r.Views[tap]
		if v == nil || !slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.Tap == tap && d.Kind == defect }) {
			continue
		}
		f := v.Flow
		fmt.Fprintf(w, "\ntap %s: %s, closed first: %s, %s %v, %v\n", tap, f.Verdict, f.ClosedFirst, f.Confidence, f.Doubts, f.Codes)
		r.ladder(w, t, v)
		if f.Reset != nil {
			fmt.Fprintf(w, "reset by %s in frame %d\n", f.Reset.By, f.Reset.Frame)
		}
		for _, tw := range f.TimeWait {
			fmt.Fprintf(w, "time_wait %s since %.4f: %s\n", tw.Holder, since(c.Start, Moment(tw.Since.UnixNano())), tw.Ended)
		}
	}
}

func since(start, m Moment) float64 { return time.Duration(m - start).Seconds() }

// ladder writes the packets with both states as finscope has them and as the kernel had them, calls and doings of the
// network in between.
func (r *Result) ladder(w io.Writer, t *Truth, v *View) {
	c := r.Connection
	type line struct {
		at   Moment
		text string
	}
	var lines []line
	for _, g := range v.Ladder {
		at := Moment(g.Time.UnixNano())
		cs, ss := g.Client.String(), g.Server.String()
		if v.clientIs(t) == Server {
			cs, ss = ss, cs
		}
		kc, ks := c.Client.at(at), c.Server.at(at)
		lines = append(lines, line{at, fmt.Sprintf("%4d %9.4f  %-44s %-12s %-12s | %-12s %-12s  %s", g.Frame, since(c.Start, at), g.Packet, cs, ss, kc, ks, g.Note)})
	}
	for _, k := range t.Calls {
		if k.Time >= c.Start-1e6 && k.Port == c.ClientPort {
			lines = append(lines, line{k.Time, fmt.Sprintf("     %9.4f    %s: %s = %d %s", since(c.Start, k.Time), k.Who, k.Call, k.Result, k.Errno)})
		}
	}
	for _, d := range t.Network {
		if !strings.Contains(d.Packet, fmt.Sprintf(":%d ", c.ClientPort)) {
			continue
		}
		lines = append(lines, line{d.Time, fmt.Sprintf("     %9.4f    %s: %s", since(c.Start, d.Time), d.What, d.Packet)})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.at>>10) - int(b.at>>10) })
	fmt.Fprintf(w, "%4s %9s  %-44s %-25s | kernel\n", "", "", "", "finscope: client, server")
	for _, l := range lines {
		fmt.Fprintln(w, strings.TrimRight(l.text, " "))
	}
	fmt.Fprintf(w, "%4s %9.4f  %-44s %-12s %-12s | %-12s %-12s\n", "end", since(c.Start, t.End), "", v.endpoint(t, Client).State, v.endpoint(t, Server).State, c.Client.at(t.End), c.Server.at(t.End))
}

// at returns the state at a moment.
func (l *Life) at(m Moment) string {
	out := "-"
	if l == nil {
		return out
	}
	for _, v := range l.Visits {
		if v.Until <= m {
			out = v.State
		}
	}
	return out
}

// madeUpSYN reports whether the connection that a view is of began with a SYN that the middle made up.
func madeUpSYN(t *Truth, v *View) bool {
	at := Moment(v.Flow.Start.UnixNano())
	return slices.ContainsFunc(t.Network, func(d Doing) bool {
		return d.What == madeUp && strings.Contains(d.Packet, " S ") && at-d.Time > -20e6 && at-d.Time < 100e6
	})
}
