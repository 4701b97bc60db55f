package report

import (
	"cmp"
	"fmt"
	"slices"

	"finscope/analyzer"
	"finscope/internal/units"
)

// listedStreams is how many stream numbers a finding names.
const listedStreams = 10

// byCode gathers the findings of single flows under their codes.
type byCode map[analyzer.Code]*codeGroup

type codeGroup struct {
	code     analyzer.Code
	severity analyzer.Severity // the worst
	text     string            // of the first flow with that severity
	example  int               // the stream of that flow
	flows    int
	last     int   // stream counted last
	streams  []int // the first few
}

func (g byCode) add(f *analyzer.Flow) {
	for i := range f.Findings {
		x := &f.Findings[i]
		c := g[x.Code]
		if c == nil {
			c = &codeGroup{code: x.Code}
			g[x.Code] = c
		}
		if c.flows == 0 || x.Severity.Compare(c.severity) > 0 {
			c.severity, c.text, c.example = x.Severity, x.Text, f.Stream
		}
		if c.flows > 0 && c.last == f.Stream {
			continue // the same code twice in one flow
		}
		c.last = f.Stream
		c.flows++
		if len(c.streams) < listedStreams {
			c.streams = append(c.streams, f.Stream)
		}
	}
}

// writeFindings prints the findings, worst first: of the same severity what concerns services and hosts, in the order of the report,
// before what concerns single flows.
func writeFindings(p *page, groups []analyzer.GroupFinding, single byCode) {
	if len(groups) == 0 && len(single) == 0 {
		return
	}
	var codes []*codeGroup
	widest := 0
	for _, c := range single {
		codes = append(codes, c)
		widest = max(widest, width(string(c.code)))
	}
	for i := range groups {
		widest = max(widest, width(string(groups[i].Code)))
	}
	slices.SortFunc(codes, func(a, b *codeGroup) int {
		return cmp.Or(
			b.severity.Compare(a.severity),
			cmp.Compare(b.flows, a.flows),
			cmp.Compare(a.code, b.code),
		)
	})

	const codeAt = len("warning  ")
	textAt := codeAt + widest + 2
	start := func(s analyzer.Severity, code analyzer.Code) {
		p.put(styled(severityStyle(s), string(s)))
		p.tab(codeAt)
		p.put(text(string(code)))
		p.tab(textAt)
	}
	p.end()
	p.line(styled(heading, "FINDINGS"))
	// Both lists are in order of severity.
	for i := range groups {
		g := &groups[i]
		for len(codes) > 0 && codes[0].severity.Compare(g.Severity) > 0 {
			codes[0].write(p, start, textAt)
			codes = codes[1:]
		}
		start(g.Severity, g.Code)
		p.prose(g.Text, plain)
		writeStreams(p, textAt, g.Streams, len(g.Streams))
		if g.Advice != "" {
			p.tab(textAt)
			p.put(text("-> "))
			p.prose(g.Advice, plain)
			p.end()
		}
	}
	for _, c := range codes {
		c.write(p, start, textAt)
	}
}

// write prints the findings of a code.
func (c *codeGroup) write(p *page, start func(analyzer.Severity, analyzer.Code), textAt int) {
	start(c.severity, c.code)
	if c.flows == 1 {
		p.prose(c.text, plain)
	} else {
		p.prose(fmt.Sprintf("%s connections, for example stream %d: %s", units.Count(c.flows), c.example, c.text), plain)
	}
	writeStreams(p, textAt, c.streams, c.flows)
}

// writeStreams ends the line with the stream numbers at its right edge, or puts them on a line of their own.
func writeStreams(p *page, textAt int, streams []int, total int) {
	if len(streams) == 0 {
		p.end()
		return
	}
	s := "streams " + firstFew(streams, listedStreams, total)
	if total == 1 {
		s = s[:len("stream")] + s[len("streams"):]
	}
	at := pageWidth - width(s)
	if p.column+2 > at {
		p.end()
		at = textAt
	}
	p.tab(at)
	p.line(styled(faint, s))
}
