package lab

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	long = flag.Bool("long", false, "play the scenarios that take longer than 10 s, too")
	keep = flag.String("keep", "", "directory for the captures and the truth of every run")

	recordTo = flag.String("record", "", "directory for fixtures: what finscope reports there becomes the expectation if it agrees with the kernel")
)

// open opens the laboratory or says why it cannot.
func open(t *testing.T) *Lab {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: the laboratory needs root for its network namespaces and packet sockets")
	}
	l, err := Open()
	if err != nil {
		t.Skipf("SKIPPED: the laboratory cannot be opened here: %v", err)
	}
	t.Cleanup(l.Close)
	if l.NoEvents() != "" {
		t.Skipf("SKIPPED: without the kernel's tracepoints there is nothing to compare with: %s", l.NoEvents())
	}
	return l
}

func TestScenarios(t *testing.T) {
	l := open(t)
	t.Run("play", func(t *testing.T) {
		for _, s := range Scenarios() {
			if s.Long != *long {
				continue
			}
			t.Run(s.Name(), func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				for attempt := 1; ; attempt++ {
					run, err := l.Record(&s)
					if err != nil && attempt < 3 {
						t.Log(err)
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					if *keep != "" {
						if err := run.record(filepath.Join(*keep, s.Name())); err != nil {
							t.Fatal(err)
						}
					}
					missed := check(t, run, &s)
					if missed == "" {
						if *recordTo != "" && !t.Failed() {
							dir := filepath.Join(*recordTo, s.Name())
							if err := errors.Join(run.record(dir), writeExpected(t.Context(), dir)); err != nil {
								t.Fatal(err)
							}
						}
						break
					}
					// A busy machine can upset the timing that a scenario is about.
					if attempt == 3 {
						t.Errorf("the scenario did not show what it is about: %s", missed)
						break
					}
				}
				took := time.Since(began)
				t.Logf("%.1f s", took.Seconds())
			})
		}
	})
}

// check compares a run and prints what differs. It returns in what the kernel did not do what the scenario is about; empty
// if it did.
func check(t *testing.T, run *Run, s *Scenario) (missed string) {
	t.Helper()
	results, err := Judge(t.Context(), t.TempDir(), run)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		return "no host had a socket for long enough to be seen"
	}
	last := results[len(results)-1]
	for _, r := range results {
		if r.Connection.ClientPort == firstPort {
			last = r
		}
	}
	for _, w := range []struct {
		side Side
		want string
	}{{Client, s.Client}, {Server, s.Server}} {
		if got := last.Connection.life(w.side).state(); w.want != "" && got != w.want {
			missed += fmt.Sprintf("the %s ended in %s, not %s; ", w.side, got, w.want)
		}
	}
	x := comparison{v: &View{Tap: AtClient}, t: &run.Truth, c: last.Connection, w: packetsOf(last.Connection, run.Captures)}
	if got := x.first(); s.First != "" && got != s.First {
		missed += fmt.Sprintf("%s closed first, not %s", got, s.First)
	}
	for _, r := range results {
		var b strings.Builder
		r.Explain(&b, &run.Truth)
		if len(r.bad()) > 0 {
			t.Errorf("differences:\n%s", b.String())
		} else if len(r.Differences) > 0 {
			t.Logf("explained:\n%s", b.String())
		}
	}
	return missed
}
