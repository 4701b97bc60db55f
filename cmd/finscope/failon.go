package main

import (
	"fmt"
	"slices"
	"strings"

	"finscope/analyzer"
)

// failOn is what --fail-on names: verdicts, finding codes, and the severity from which on a finding fails.
type failOn struct {
	names []string
	from  analyzer.Severity // the mildest that was named; "": none
}

// Set adds the names of a comma-separated list.
func (v *failOn) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == string(analyzer.Warning), name == string(analyzer.Error):
			if s := analyzer.Severity(name); v.from == "" || s.Compare(v.from) < 0 {
				v.from = s
			}
		case slices.Contains(verdicts(), name) || slices.Contains(codes(), name):
			v.names = append(v.names, name)
		default:
			return fmt.Errorf("%q is no verdict, finding code or severity%s", name, suggestion(name))
		}
	}
	return nil
}

// suggestion completes the message about an unknown name.
func suggestion(name string) string {
	all := slices.Concat(verdicts(), []string{"warning", "error"}, codes())
	if near := closest(name, all); near != "" {
		return "; did you mean " + near
	}
	var part []string
	for _, n := range all {
		if name != "" && strings.Contains(n, strings.ToLower(name)) {
			part = append(part, n)
		}
	}
	if len(part) > 0 {
		return "; there are " + strings.Join(part, ", ")
	}
	return "; the verdicts are " + strings.Join(verdicts(), ", ")
}

func (v *failOn) String() string { return strings.Join(v.names, ",") }

// Type names the value in messages.
func (v *failOn) Type() string { return "NAME[,NAME...]" }

// matches reports whether anything that is reported has one of the names.
func (v *failOn) matches(r *analyzer.Report) bool {
	if len(v.names) == 0 && v.from == "" {
		return false
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; v.finding(f.Code, f.Severity) {
			return true
		}
	}
	for verdict := range r.Summary.Verdicts {
		if slices.Contains(v.names, string(verdict)) {
			return true
		}
	}
	for code := range r.Summary.Codes {
		if slices.Contains(v.names, string(code)) {
			return true
		}
	}
	if v.from == "" {
		return false
	}
	for f := range r.Marked() {
		for i := range f.Findings {
			if v.finding(f.Findings[i].Code, f.Findings[i].Severity) {
				return true
			}
		}
	}
	return false
}

func (v *failOn) finding(c analyzer.Code, s analyzer.Severity) bool {
	return slices.Contains(v.names, string(c)) || v.from != "" && s.Compare(v.from) >= 0
}
