package main

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this very program as "finscope".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"finscope": main})
}

// TestScripts runs testdata/*.txtar, one script a feature. Each run of finscope states its exit code:
//
//	exits CODE finscope ARGS...
//
// and what it wrote to standard output and standard error, emptiness included. $PCAPS are real captures, see their
// INDEX.md; what a script expects of them was read off tshark, which is said in the script.
func TestScripts(t *testing.T) {
	pcaps, err := filepath.Abs("../../testdata/pcaps/real")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PCAPS", pcaps)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command and compares its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		e, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
