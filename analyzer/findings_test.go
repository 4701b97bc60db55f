package analyzer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"finscope/analyzer/pkttest"
)

var updateFindings = flag.Bool("update-findings", false, "write testdata/findings.txt; read the diff as who is woken by it would before committing it")

// aboutTimeWait are the codes whose findings have tests of their own: where a script has a TIME_WAIT, it may have these.
func aboutTimeWait(c Code) bool {
	return strings.HasPrefix(string(c), "time-wait-") ||
		slices.Contains([]Code{BindBlocked, ServerHoldsTimeWait, PortExhaustion, ReservedPortsExhausted, RefusedWhileTimeWait}, c)
}

// playedScripts plays all scripts and hands over each with its report.
func playedScripts(t *testing.T, each func(s *pkttest.Script, rep *Report)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts, err := pkttest.Parse(file, string(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range scripts {
			cap := s.Play(pkttest.Variant{ISN: plainISNs()})
			each(s, enterAll(t, &cap, Options{}))
		}
	}
}

// TestFindingTexts holds the words of all findings of the scripts against a file that people can read through.
func TestFindingTexts(t *testing.T) {
	var b strings.Builder
	playedScripts(t, func(s *pkttest.Script, rep *Report) {
		title := "== " + s.Title + "\n"
		say := func(format string, args ...any) {
			b.WriteString(title)
			title = ""
			fmt.Fprintf(&b, format, args...)
		}
		for f := range rep.Flows() {
			for _, x := range f.Findings {
				say("%d %s %s %v: %s\n", f.Stream, x.Severity, x.Code, x.Frames, x.Text)
			}
			if f.Reset != nil && f.Reset.Cause != nil {
				say("%d reset by %s, cause %s\n", f.Stream, f.Reset.By, *f.Reset.Cause)
			}
		}
		for _, x := range rep.Findings {
			say("%v %s %s %d: %s\n  -> %s\n", x.Streams, x.Severity, x.Code, x.Count, x.Text, x.Advice)
		}
	})
	name := filepath.Join("testdata", "findings.txt")
	if *updateFindings {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("other words (-want +got; go test ./analyzer -run FindingTexts -update-findings accepts them):\n%s", diff)
	}
}

// TestEveryCodeHasAScript checks that some script leads to each finding.
func TestEveryCodeHasAScript(t *testing.T) {
	seen := map[Code]bool{}
	playedScripts(t, func(_ *pkttest.Script, rep *Report) {
		for f := range rep.Flows() {
			for _, c := range f.Codes {
				seen[c] = true
			}
		}
		for _, x := range rep.Findings {
			seen[x.Code] = true
		}
	})
	for _, c := range Codes() {
		if !seen[c] && !aboutTimeWait(c) {
			t.Errorf("no script leads to %s", c)
		}
	}
}
