package report

import (
	"slices"
	"strings"
	"testing"

	"finscope/analyzer"
)

func TestByCode(t *testing.T) {
	codes := make(byCode)
	for stream := range 15 {
		severity, text := analyzer.Info, "a mere note"
		if stream == 7 {
			severity, text = analyzer.Warning, "the one that matters"
		}
		codes.add(&analyzer.Flow{Stream: stream, Findings: []analyzer.Finding{
			{Code: "lost-ack", Severity: severity, Text: text},
			{Code: "lost-ack", Severity: analyzer.Info, Text: "once more in the same flow"},
		}})
	}
	g := codes["lost-ack"]
	if g.flows != 15 {
		t.Errorf("%d flows, want 15: a flow counts once", g.flows)
	}
	if g.severity != analyzer.Warning || g.text != "the one that matters" || g.example != 7 {
		t.Errorf("got %s of stream %d (%s), want the worst finding, of stream 7", g.text, g.example, g.severity)
	}
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(g.streams, want) {
		t.Errorf("streams %v, want %v", g.streams, want)
	}
	var b strings.Builder
	writeFindings(&page{w: &b}, nil, codes)
	want := `
FINDINGS
warning  lost-ack  15 connections, for example stream 7: the one that matters  streams 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 5 more
`
	if got := strings.Join(strings.Fields(b.String()), " "); got != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got %s", b.String())
	}
}

// A note about a host does not stand before what went wrong with a connection.
func TestFindingsWorstFirst(t *testing.T) {
	groups := []analyzer.GroupFinding{
		{Severity: analyzer.Error, Code: "ports-exhausted", Text: "a"},
		{Severity: analyzer.Warning, Code: "host-unreachable", Text: "c"},
		{Severity: analyzer.Info, Code: "bind-blocked", Text: "e"},
	}
	codes := make(byCode)
	for i, severity := range []analyzer.Severity{analyzer.Info, analyzer.Warning, analyzer.Error} {
		codes.add(&analyzer.Flow{Findings: []analyzer.Finding{{Code: analyzer.Code("code-" + string(severity)), Severity: severity, Text: "fdb"[i : i+1]}}})
	}
	var b strings.Builder
	writeFindings(&page{w: &b}, groups, codes)
	var got []string
	for _, line := range strings.Split(b.String(), "\n") {
		if words := strings.Fields(line); len(words) > 2 {
			got = append(got, words[2])
		}
	}
	if want := []string{"a", "b", "c", "d", "e", "f"}; !slices.Equal(got, want) {
		t.Errorf("in the order %v, want %v:\n%s", got, want, b.String())
	}
}
