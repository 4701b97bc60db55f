// Command testreport reads the output of go test -json and prints what a person wants of it: a line for each package,
// all that failing tests said, and at the end every skipped test with its reason. It exits 1 if anything failed or if no
// test ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() { os.Exit(run(os.Stdin, os.Stdout)) }

// event is a line of go test -json (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Output     string
}

// key names one test, or a whole package if test is empty.
type key struct{ pkg, test string }

type report struct {
	out      io.Writer
	said     map[key]*strings.Builder // until the test has ended
	skipped  []string
	passed   int
	failed   int
	packages int // that failed
}

func run(in io.Reader, out io.Writer) int {
	r := report{out: out, said: map[key]*strings.Builder{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Fprintln(out, "testreport:", err)
			return 1
		}
	}
	return r.finish()
}

func (r *report) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		r.out.Write(line) // go itself speaking
		return
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.output(k, e.Output)
	case "pass":
		if e.Test != "" {
			r.passed++
		}
		delete(r.said, k)
	case "skip":
		if e.Test != "" {
			r.skipped = append(r.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, r.reason(k)))
		}
		delete(r.said, k)
	case "fail":
		r.fail(k)
	}
}

// output keeps what a test says until its end is known. The result line of a package comes through at once.
func (r *report) output(k key, text string) {
	if k.test == "" && (strings.HasPrefix(text, "ok ") || strings.HasPrefix(text, "FAIL\t")) {
		fmt.Fprint(r.out, text)
		return
	}
	if r.said[k] == nil {
		r.said[k] = &strings.Builder{}
	}
	r.said[k].WriteString(text)
}

// reason returns what a skipped test said, on one line.
func (r *report) reason(k key) string {
	if r.said[k] == nil {
		return ""
	}
	var reason []string
	for line := range strings.Lines(r.said[k].String()) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "--- ") {
			reason = append(reason, line)
		}
	}
	return strings.Join(reason, " ")
}

func (r *report) fail(k key) {
	if k.test == "" {
		r.packages++
	} else {
		r.failed++
	}
	if r.said[k] != nil {
		fmt.Fprint(r.out, r.said[k])
		delete(r.said, k)
	}
	if k.test != "" {
		return
	}
	// A panic or a timeout ends a package without an end for the tests that were running.
	for other, said := range r.said {
		if other.pkg == k.pkg {
			fmt.Fprint(r.out, said)
			delete(r.said, other)
		}
	}
}

func (r *report) finish() int {
	slices.Sort(r.skipped)
	for _, s := range r.skipped {
		fmt.Fprintln(r.out, "skipped:", s)
	}
	fmt.Fprintf(r.out, "%d tests passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	switch {
	case r.failed > 0 || r.packages > 0:
		fmt.Fprintln(r.out, "FAIL")
		return 1
	case r.passed == 0:
		fmt.Fprintln(r.out, "FAIL: no tests ran")
		return 1
	}
	return 0
}
