package main

import (
	"testing"

	"finscope/analyzer"
)

func TestFailOnGroupFindings(t *testing.T) {
	r := &analyzer.Report{Findings: []analyzer.GroupFinding{{Code: "bind-blocked", Severity: analyzer.Error}}}
	for names, want := range map[string]bool{
		"bind-blocked": true, "error": true, "warning": true, // warning or worse
		"port-exhaustion": false, "half-closed": false, "reset, bind-blocked": true,
	} {
		var f failOn
		if err := f.Set(names); err != nil {
			t.Fatal(err)
		}
		if got := f.matches(r); got != want {
			t.Errorf("--fail-on %s: %v, want %v", names, got, want)
		}
	}
	if new(failOn).matches(r) {
		t.Error("without --fail-on nothing fails")
	}
}
