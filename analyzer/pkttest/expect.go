package pkttest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Expect is what a verdict line says of one connection. What an analysis found is put into the same type, so that both
// are printed and compared in one notation.
type Expect struct {
	Line   int
	Stream int

	Verdict  string
	First    string    // client, server, both, none, unknown
	By       string    // fin, rst; empty: nobody closed
	Ends     [2]string // states of client and server
	Holds    string    // client, server, both, none
	TimeWait string    // running, expired, killed, reused; empty: not compared

	HalfClose string    // side that closed first; empty: no half-close
	Octets    uint64    // sent after that by the other
	Reset     string    // side whose RST ended the connection, or either; empty: none did
	Before    [2]string // states just before that; empty: not compared
	Doubts    []string  // sorted
	Roles     string    // empty: not compared
	FINs      string    // transmissions of each side's FIN, "1 2"; empty: not compared
	Bytes     string    // payload of each side, each octet once, "100 200"; empty: not compared
	Findings  []string  // the codes of all findings: one that is not expected is a failure

	stream   int  // as written; -1: not
	anyCodes bool // findings are not compared
}

// parseExpect reads "VERDICT[, CLAUSE...]".
func parseExpect(line int, text string) (Expect, error) {
	clauses := strings.Split(text, ",")
	e := Expect{Line: line, Verdict: strings.TrimSpace(clauses[0]), stream: -1}
	switch e.Verdict {
	case "graceful", "simultaneous", "half-closed", "unanswered", "last-ack-missing", "reset", "refused", "no-reply", "open", "indeterminate":
	default:
		return e, fmt.Errorf("unknown verdict %q", e.Verdict)
	}
	for _, c := range clauses[1:] {
		if err := e.clause(strings.Fields(c)); err != nil {
			return e, err
		}
	}
	return e, nil
}

// clause reads one clause, split at spaces.
func (e *Expect) clause(w []string) error {
	bad := fmt.Errorf("unknown clause %q", strings.Join(w, " "))
	if len(w) < 2 {
		return bad
	}
	oneOf := func(s string, names ...string) bool { return slices.Contains(names, s) }
	states := func(s []string) bool { return isState(s[0]) && isState(s[1]) }
	switch {
	case w[1] == "first" && len(w) == 2 && oneOf(w[0], "client", "server", "both", "none", "unknown"):
		e.First = w[0]
	case w[0] == "by" && len(w) == 2 && oneOf(w[1], "fin", "rst"):
		e.By = w[1]
	case w[0] == "ends" && len(w) == 3 && states(w[1:]):
		e.Ends = [2]string{w[1], w[2]}
	case w[0] == "holds" && len(w) <= 3 && oneOf(w[1], "client", "server", "both", "none"):
		e.Holds = w[1]
		if len(w) == 3 {
			if !oneOf(w[2], "running", "expired", "killed", "reused") {
				return bad
			}
			e.TimeWait = w[2]
		}
	case w[0] == "half-close" && len(w) == 3 && oneOf(w[1], "client", "server"):
		n, err := strconv.ParseUint(w[2], 10, 64)
		if err != nil {
			return bad
		}
		e.HalfClose, e.Octets = w[1], n
	case w[0] == "reset" && w[1] == "by" && (len(w) == 3 || len(w) == 5 && states(w[3:])) && oneOf(w[2], "client", "server", "either"):
		e.Reset = w[2]
		if len(w) == 5 {
			e.Before = [2]string{w[3], w[4]}
		}
	case w[0] == "doubts":
		e.Doubts = slices.Sorted(slices.Values(w[1:]))
	case w[0] == "stream" && len(w) == 2:
		n, err := strconv.Atoi(w[1])
		if err != nil || n < 0 {
			return bad
		}
		e.stream = n
	case w[0] == "fins" && len(w) == 3 && isNumber(w[1]) && isNumber(w[2]):
		e.FINs = w[1] + " " + w[2]
	case w[0] == "bytes" && len(w) == 3 && isNumber(w[1]) && isNumber(w[2]):
		e.Bytes = w[1] + " " + w[2]
	case w[0] == "roles" && len(w) == 2 && oneOf(w[1], "handshake", "guessed", "both"):
		e.Roles = w[1]
	default:
		return bad
	}
	return nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// complete fills in the defaults. last is what the packets say of the final states.
func (e *Expect) complete(last [2]string) error {
	if e.Ends[0] == "" {
		e.Ends = last
	}
	if e.Ends[0] == "" {
		return fmt.Errorf("no packet says the final states: add a clause ends STATE STATE")
	}
	if e.First == "" {
		e.First = "none"
		if e.Verdict == "simultaneous" {
			e.First = "both"
		}
	}
	if e.Verdict == "reset" && (e.By == "" || e.Reset == "") {
		return fmt.Errorf("the verdict reset needs the clauses by fin or by rst, and reset by SIDE")
	}
	if e.By == "" && e.First != "none" {
		e.By = "fin"
	}
	if e.Holds == "" {
		e.Holds = holders(e.Ends[0] == "TIME_WAIT", e.Ends[1] == "TIME_WAIT")
	}
	if e.Verdict == "half-closed" && e.HalfClose == "" && (e.First == "client" || e.First == "server") {
		e.HalfClose = e.First
	}
	return nil
}

// holders names who has a TIME_WAIT.
func holders(client, server bool) string {
	switch {
	case client && server:
		return "both"
	case client:
		return "client"
	case server:
		return "server"
	}
	return "none"
}

// String writes e as a verdict line without its sign, all clauses spelled out.
func (e *Expect) String() string {
	b := fmt.Sprintf("%s, %s first", e.Verdict, e.First)
	add := func(format string, args ...any) { b += fmt.Sprintf(", "+format, args...) }
	if e.By != "" {
		add("by %s", e.By)
	}
	add("ends %s %s", e.Ends[0], e.Ends[1])
	add("holds %s", e.Holds)
	if e.TimeWait != "" {
		b += " " + e.TimeWait
	}
	if e.HalfClose != "" {
		add("half-close %s %d", e.HalfClose, e.Octets)
	}
	if e.Reset != "" {
		add("reset by %s", e.Reset)
		if e.Before[0] != "" {
			b += " " + e.Before[0] + " " + e.Before[1]
		}
	}
	if len(e.Doubts) > 0 {
		add("doubts %s", strings.Join(e.Doubts, " "))
	}
	add("stream %d", e.Stream)
	if e.FINs != "" {
		add("fins %s", e.FINs)
	}
	if e.Bytes != "" {
		add("bytes %s", e.Bytes)
	}
	if e.Roles != "" {
		add("roles %s", e.Roles)
	}
	if len(e.Findings) > 0 {
		b += " ! " + strings.Join(slices.Sorted(slices.Values(e.Findings)), " ")
	}
	return b
}

// Like returns what was found, without what e does not compare: the two strings are equal if the expectation is met.
func (e *Expect) Like(found Expect) Expect {
	if e.TimeWait == "" {
		found.TimeWait = ""
	}
	if e.Before[0] == "" {
		found.Before = [2]string{}
	}
	if e.Roles == "" {
		found.Roles = ""
	}
	if e.FINs == "" {
		found.FINs = ""
	}
	if e.Bytes == "" {
		found.Bytes = ""
	}
	if e.anyCodes {
		found.Findings = nil
	}
	if e.Reset == "either" && found.Reset != "" {
		found.Reset = e.Reset
	}
	return found
}

// Mirrored returns e with the roles exchanged.
func (e Expect) Mirrored() Expect {
	swap := func(side string) string {
		switch side {
		case "client":
			return "server"
		case "server":
			return "client"
		}
		return side
	}
	e.First, e.Holds, e.HalfClose, e.Reset = swap(e.First), swap(e.Holds), swap(e.HalfClose), swap(e.Reset)
	pair := func(s string) string {
		if a, b, ok := strings.Cut(s, " "); ok {
			return b + " " + a
		}
		return s
	}
	e.FINs, e.Bytes = pair(e.FINs), pair(e.Bytes)
	e.Ends = [2]string{e.Ends[1], e.Ends[0]}
	e.Before = [2]string{e.Before[1], e.Before[0]}
	return e
}
