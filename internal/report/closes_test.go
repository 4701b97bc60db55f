package report

import (
	"testing"

	"finscope/analyzer"
)

func TestOpeningOf(t *testing.T) {
	afterFIN := reset(1)
	afterFIN.ClosedFirst, afterFIN.ClosedBy = analyzer.ClientFirst, ptr(analyzer.ByFIN)
	open := &analyzer.Flow{Verdict: analyzer.Open, ClosedFirst: analyzer.NoneFirst}
	for _, c := range []struct {
		name   string
		flow   *analyzer.Flow
		want   opening
		reason string
	}{
		{"client", halfClosed(1), clientFIN, ""},
		{"server", graceful(1), serverFIN, ""},
		{"both", simultaneous(1), bothFIN, ""},
		{"reset", reset(1), anyRST, "no FIN before the RST"},
		{"reset after FIN", afterFIN, clientFIN, "who closed first is the question, not how it ended"},
		{"refused", refused(1), notSetUp, "there was nothing to close"},
		{"no reply", &analyzer.Flow{Verdict: analyzer.NoReply, ClosedFirst: analyzer.NoneFirst}, notSetUp, ""},
		{"open", open, stillOpen, ""},
		{"indeterminate", &analyzer.Flow{Verdict: analyzer.Indeterminate, ClosedFirst: analyzer.UnknownFirst}, openingUnknown, ""},
		{"indeterminate, none", &analyzer.Flow{Verdict: analyzer.Indeterminate, ClosedFirst: analyzer.NoneFirst}, openingUnknown, ""},
	} {
		if got := openingOf(endOf(c.flow)); got != c.want {
			t.Errorf("%s: column %d, want %d (%s)", c.name, got, c.want, c.reason)
		}
	}
}
