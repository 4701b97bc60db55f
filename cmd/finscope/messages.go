package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"finscope/internal/capture"
)

// The rules of standard error: reports and records alone go to standard output, everything else here. A line begins
// with "finscope: error: " or "finscope: hint: ", goes on in lower case and ends without a full stop. An error says what
// is wrong; a hint, directly after it, what to do instead. Lines that show a part of the input, as the caret under an
// expression does, are indented and have no prefix. A run that works prints nothing here, apart from the progress on a
// terminal, and from what a live capture listens on and has lost, after "finscope: " alone.

// messages writes to standard error.
type messages struct{ w io.Writer }

func (t *messages) error(msg string) { fmt.Fprintf(t.w, "finscope: error: %s\n", msg) }
func (t *messages) say(format string, args ...any) {
	fmt.Fprintf(t.w, "finscope: "+format+"\n", args...)
}
func (t *messages) hint(msg string) { fmt.Fprintf(t.w, "finscope: hint: %s\n", msg) }

// cliError is an error that carries its exit code and says what to do instead.
type cliError struct {
	code int
	msg  string
	show string // lines to show below the message
	hint string
}

func (e *cliError) Error() string { return e.msg }

// wrong is a usage error with a hint, which may be empty.
func wrong(hint, format string, args ...any) error {
	return &cliError{code: exitUsage, msg: fmt.Sprintf(format, args...), hint: hint}
}

// fail prints err and returns its exit code.
func (t *messages) fail(err error) int {
	e, ok := errors.AsType[*cliError](err)
	if !ok {
		t.error(err.Error())
		return exitUsage
	}
	t.error(e.msg)
	if e.show != "" {
		for line := range strings.Lines(e.show) {
			fmt.Fprintf(t.w, "    %s\n", strings.TrimRight(line, "\n"))
		}
	}
	if e.hint != "" {
		t.hint(e.hint)
	}
	return e.code
}

// input prints what was wrong with the inputs.
func (t *messages) input(err error) {
	list := capture.Damages(err)
	if len(list) == 0 {
		t.error(err.Error())
		return
	}
	for _, d := range list {
		t.error(d.Error())
		if errors.Is(d, fs.ErrNotExist) && looksLikeFilter(d.File) {
			t.hint("a packet filter goes behind -f: finscope -f '" + d.File + "' FILE")
		}
	}
}

// looksLikeFilter reports whether a name that is no file is the filter expression that tcpdump takes there.
func looksLikeFilter(name string) bool {
	word, _, more := strings.Cut(name, " ")
	switch word {
	case "tcp", "host", "port", "net", "src", "dst", "ip", "ip6", "portrange", "not", "vlan":
		return more || !strings.ContainsAny(name, "./")
	}
	return strings.HasPrefix(name, "tcp[")
}
