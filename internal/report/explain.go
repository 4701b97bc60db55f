package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"finscope/analyzer"
)

// Explain writes the ladder of one connection: its packets in tcpdump's notation with both states after each, the codes
// of the findings where they arise, and what the verdict rests on. Times are seconds since the connection's first packet; end is the end of the capture.
func Explain(w io.Writer, f *analyzer.Flow, ladder []analyzer.Rung, end time.Time, palette Palette) error {
	p := &page{w: w, palette: palette}
	p.put(styled(heading, fmt.Sprintf("stream %d", f.Stream)))
	p.put(text("  " + hostPort(&f.Client) + " > " + hostPort(&f.Server) + "   "))
	p.put(styled(verdictStyle(f.Verdict), headline(f)))
	p.end()

	t := table{
		head:   []string{"frame", "time", "packet", "client", "server", "note"},
		aligns: []align{right, right, left, left, left, left},
	}
	since := func(at time.Time) string { return fmt.Sprintf("%.6f", at.Sub(f.Start).Seconds()) }
	codes, later := arising(f, ladder)
	for i := range ladder {
		r := &ladder[i]
		t.add(text(fmt.Sprint(r.Frame)), text(since(r.Time)), styled(packetStyle(r.Packet), r.Packet), state(r.Client), state(r.Server), text(strings.TrimSpace(r.Note+" "+strings.Join(codes[r.Frame], " "))))
	}
	t.add(text("end"), text(since(end)), text(""), state(f.Client.State), state(f.Server.State), text(strings.TrimSpace(outcome(f)+" "+strings.Join(later, " "))))
	t.write(p)

	p.put(text("verdict "))
	p.put(styled(verdictStyle(f.Verdict), string(f.Verdict)))
	p.put(text(", " + string(f.Confidence) + ": "))
	p.prose(reason(f), plain)
	p.end()
	for _, d := range f.Doubts {
		p.put(text("doubt   "))
		p.prose(doubtWords(d), plain)
		p.end()
	}
	if f.Roles == analyzer.RolesGuessed {
		p.line(text("roles   guessed: no SYN was captured, so client and server may be the other way round"))
	}
	for i := range f.Findings {
		x := &f.Findings[i]
		p.put(styled(severityStyle(x.Severity), string(x.Severity)))
		p.tab(len("verdict "))
		p.put(text(string(x.Code) + ": "))
		p.prose(x.Text, plain)
		p.end()
	}
	p.line(text("Wireshark: " + f.DisplayFilter))
	return p.err
}

// arising maps frames to the codes of the findings that arise there, as packet scripts write them: at the last of the
// frames on which a finding rests. Those that rest on packets of another connection, such as the SYN that took over the
// ports, come back as later.
func arising(f *analyzer.Flow, ladder []analyzer.Rung) (at map[uint64][]string, later []string) {
	shown := map[uint64]bool{}
	for i := range ladder {
		shown[ladder[i].Frame] = true
	}
	at = map[uint64][]string{}
	for i := range f.Findings {
		x := &f.Findings[i]
		code := "!" + string(x.Code)
		if n := len(x.Frames); n > 0 && shown[x.Frames[n-1]] {
			at[x.Frames[n-1]] = append(at[x.Frames[n-1]], code)
		} else {
			later = append(later, code)
		}
	}
	return at, later
}

// packetStyle marks the packets that close: RST in its colour, FIN and SYN as headings.
func packetStyle(packet string) style {
	fields := strings.Fields(packet)
	if len(fields) < 2 {
		return plain
	}
	switch flags := fields[1]; {
	case strings.Contains(flags, "R"):
		return rst
	case strings.ContainsAny(flags, "FS"):
		return heading
	}
	return plain
}

// state writes a state as ladders do: nothing known is "-".
func state(s analyzer.State) cell {
	if s == analyzer.Unknown {
		return styled(faint, "-")
	}
	return text(s.String())
}
