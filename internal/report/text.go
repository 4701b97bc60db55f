package report

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"finscope/analyzer"
	"finscope/internal/units"
)

// Detail says how much of the text report is wanted.
type Detail uint8

// The degrees of detail.
const (
	Full  Detail = iota
	Brief        // summary and findings only
)

// AllFlows as TextOptions.Flows lists every flow.
const AllFlows = -1

// TextOptions shape the text report.
type TextOptions struct {
	Detail  Detail
	Flows   int     // how many flows are listed; AllFlows for all
	Of      int     // connections in the capture, if the report is a selection of them; 0 if it is not
	Palette Palette // ANSI() for terminals
}

// Text writes the report for people. It passes over flows once and keeps the listed ones alone. A Brief report needs
// examples of each finding only, those with the lowest stream numbers.
func Text(w io.Writer, r *analyzer.Report, flows Flows, o TextOptions) error {
	codes := make(byCode)
	waiting := make(waits)
	list := ranked{limit: o.Flows}
	for f := range flows {
		codes.add(f)
		if o.Detail == Full {
			waiting.add(f)
			list.add(f)
		}
	}
	for code, c := range codes {
		c.flows = max(c.flows, r.Summary.Codes[code]) // flows may be examples only
	}
	n := r.Summary.Flows

	p := &page{w: w, palette: o.Palette}
	writeCapture(p, &r.Summary, n, o)
	if n == 0 && r.Summary.Damaged == nil {
		writeWhyEmpty(p, &r.Summary, o)
	}
	closesOf(r.Services).write(p)
	writeFindings(p, r.Findings, codes)
	if o.Detail == Full {
		waiting.write(p, r)
		writeFlows(p, &list, n)
	}
	writeNotes(p, &r.Summary)
	if o.Detail == Full && n > 0 {
		writeLegend(p, &r.Summary.Assumed, &list)
	}
	return p.err
}

// writeCapture is the capture in one line.
func writeCapture(p *page, s *analyzer.Summary, flows int, o TextOptions) {
	p.put(styled(heading, fileNames(s.Files)))
	parts := []string{plural(s.Packets, "packet"), plural(flows, "TCP flow")}
	if o.Of > 0 {
		parts[1] = units.Count(flows) + " of " + plural(o.Of, "TCP flow")
	}
	if s.Start != nil && s.End != nil {
		parts = append(parts, units.Duration(s.End.Sub(*s.Start)), span(*s.Start, *s.End))
	}
	p.line(text("  " + strings.Join(parts, "  ")))
}

// fileNames names the input as short as it can be told apart.
func fileNames(files []string) string {
	switch len(files) {
	case 0:
		return "no input"
	case 1:
		if files[0] == "-" {
			return "standard input"
		}
		return filepath.Base(files[0])
	}
	return fmt.Sprintf("%d files (%s to %s)", len(files), filepath.Base(files[0]), filepath.Base(files[len(files)-1]))
}

// writeWhyEmpty says why there is nothing to report and what to check.
func writeWhyEmpty(p *page, s *analyzer.Summary, o TextOptions) {
	p.end()
	switch {
	case o.Of > 0:
		p.prose("None of the connections is selected: check --where and --stream", plain)
	case s.Packets == 0:
		p.prose("The capture has no packets: check that traffic passed while it ran, that it ran on the interface the traffic takes (or on any), and its capture filter", plain)
	case s.TCPPackets == 0 && len(s.NotDecoded) > 0:
		p.prose("No TCP found: the packets could not be decoded (see below), so it may be there, in an encapsulation that finscope does not know or encrypted", plain)
	case s.TCPPackets == 0 && len(s.NotTCP) == 0:
		p.prose("None of the packets matches the filter: check -f", plain)
	case s.TCPPackets == 0:
		p.prose("No TCP found: check the capture filter, the interface, and that the traffic is not encrypted (VPN, IPsec, QUIC) at the point of capture", plain)
	default:
		p.prose("No connection found in "+plural(s.TCPPackets, "TCP packet")+": check whether the capture has more than stray packets", plain)
	}
	p.end()
}

// writeFlows lists the flows that were kept.
func writeFlows(p *page, list *ranked, total int) {
	if total == 0 || list.limit == 0 {
		return
	}
	p.end()
	shown := len(list.heap)
	title := fmt.Sprintf("FLOWS (%s)", units.Count(total))
	if shown < total {
		title = fmt.Sprintf("FLOWS (%s of %s; --flows all)", units.Count(shown), units.Count(total))
	}
	p.line(styled(heading, title))
	t := table{
		head:   []string{"stream", "client", "server", "closed first", "verdict", "client is in", "server is in", "for", "findings"},
		aligns: []align{right, left, left, left, left, left, left, right, left},
	}
	for f := range list.all() {
		verdict := string(f.Verdict)
		if f.Confidence != analyzer.Certain {
			verdict += " ?" // the legend explains it
		}
		codes := make([]string, len(f.Codes))
		for i, c := range f.Codes {
			codes[i] = string(c)
		}
		t.add(
			text(fmt.Sprint(f.Stream)),
			text(hostPort(&f.Client)),
			text(hostPort(&f.Server)),
			text(closedFirst(f)),
			styled(verdictStyle(f.Verdict), verdict),
			styled(stateStyle(f, f.Client.State), f.Client.State.String()),
			styled(stateStyle(f, f.Server.State), f.Server.State.String()),
			text(units.Duration(f.Age.Duration())),
			text(strings.Join(codes, " ")),
		)
	}
	t.write(p)
}

func closedFirst(f *analyzer.Flow) string {
	if f.ClosedFirst == analyzer.NoneFirst {
		return "-"
	}
	return string(f.ClosedFirst)
}

// stateStyle marks the states in which a close hangs.
func stateStyle(f *analyzer.Flow, s analyzer.State) style {
	switch s {
	case analyzer.FinWait1, analyzer.FinWait2, analyzer.Closing, analyzer.CloseWait, analyzer.LastAck:
		return verdictStyle(f.Verdict)
	case analyzer.Unknown:
		return faint
	}
	return plain
}

// writeNotes says what the report could not see.
func writeNotes(p *page, s *analyzer.Summary) {
	var notes []cell
	add := func(st style, format string, args ...any) {
		notes = append(notes, styled(st, fmt.Sprintf(format, args...)))
	}
	if len(s.NotDecoded) > 0 {
		add(warn, "not decoded: %s", reasons(s.NotDecoded))
	}
	if s.TCPPackets == 0 && len(s.NotTCP) > 0 {
		add(plain, "not TCP: %s", reasons(s.NotTCP))
	}
	if s.CaptureDuplicates > 0 {
		add(plain, "%s captured more than once, each counted as one", plural(s.CaptureDuplicates, "packet"))
	}
	if s.FinishedEarly > 0 {
		add(warn, "%s finished early, because --max-flows allows no more open ones: what they sent later counts as connections caught in the middle", plural(s.FinishedEarly, "connection"))
	}
	if s.LatePackets > 0 {
		add(plain, "%s came more than a minute after the last TIME_WAIT of their connections: not looked at, because -q and live captures forget such connections", plural(s.LatePackets, "packet"))
	}
	if s.KernelDropped > 0 {
		add(warn, "the kernel dropped %s while capturing: what a missing packet could change is marked as doubtful", plural(s.KernelDropped, "packet"))
	}
	if d := s.Damaged; d != nil && s.Packets == 0 {
		add(bad, "nothing could be read: %s", d.Error)
	} else if d != nil {
		add(bad, "not all of the input could be read, the report covers the rest: %s", d.Error)
	}
	if len(notes) == 0 {
		return
	}
	p.end()
	for _, c := range notes {
		p.prose(c.text, c.style)
		p.end()
	}
}

// writeLegend says what the list of flows rests on.
func writeLegend(p *page, a *analyzer.Assumed, list *ranked) {
	p.end()
	if slices.ContainsFunc(list.heap, func(f *analyzer.Flow) bool { return f.Confidence != analyzer.Certain }) {
		p.line(text("a verdict with ? is not certain: --explain says why"))
	}
	p.prose(fmt.Sprintf("assumed: TIME_WAIT lasts %s, FIN_WAIT_2 of a closed socket %s, stuck after %s, local ports %v",
		units.Duration(a.TimeWait.Duration()), units.Duration(a.FINTimeout.Duration()), units.Duration(a.StuckAfter.Duration()), a.PortRange), faint)
	p.end()
}

// reasons lists counted reasons, most frequent first.
func reasons(m map[string]uint64) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			if m[a] > m[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k + " (" + units.Count(m[k]) + ")"
	}
	return strings.Join(parts, ", ")
}
