package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"finscope/internal/capture"
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
		Condition: func(cond string) (bool, error) {
			if cond != "libpcap" {
				return false, fmt.Errorf("unknown condition %s", cond)
			}
			_, err := capture.NewMatcher("tcp")
			return err == nil, nil
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

const someCapture = "../../testdata/pcaps/real/bruteforce.pcap"

// A reader who has seen enough, as head does, is no error in any format.
func TestClosedPipeIsQuiet(t *testing.T) {
	for _, args := range [][]string{{}, {"--json"}, {"--format", "csv"}, {"-x", "0"}, {"--help"}, {"--version"}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		var stderr bytes.Buffer
		code := run(context.Background(), append(args, someCapture), os.Stdin, w, &stderr)
		w.Close()
		if code != exitOK || stderr.Len() > 0 {
			t.Errorf("%v: exit code %d, standard error %q; want %d and nothing", args, code, &stderr, exitOK)
		}
	}
}

// A report that cannot be written is an error.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	var stderr bytes.Buffer
	code := run(context.Background(), []string{someCapture}, os.Stdin, full, &stderr)
	if code != exitUsage || !strings.HasPrefix(stderr.String(), "finscope: error: writing the report: ") {
		t.Errorf("exit code %d, standard error %q", code, &stderr)
	}
}

// A signal ends the reading; the report covers what was read.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{someCapture}, os.Stdin, &stdout, &stderr)
	if want := "finscope: error: interrupted: the report covers what was read until then\n"; code != exitInterrupt || stderr.String() != want {
		t.Errorf("exit code %d, standard error %q; want %d and %q", code, &stderr, exitInterrupt, want)
	}
	if !strings.HasPrefix(stdout.String(), "bruteforce.pcap  0 packets") {
		t.Errorf("no report:\n%s", &stdout)
	}
}
