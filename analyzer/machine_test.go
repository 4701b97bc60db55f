package analyzer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var updateMachine = flag.Bool("update-machine", false, "write testdata/machine.txt; read the diff against RFC 9293 Figure 5 before committing it")

// figure5 is RFC 9293 Figure 5 (testdata/rfc9293.txt), written down from the drawing: one arrow a line, its event above
// the line and its action below it, and after => what is expected of transitions(). Nothing here was taken from machine.go.
const figure5 = `
CLOSED      passive OPEN / create TCB           LISTEN      => not shown: no packet
CLOSED      active OPEN / create TCB, snd SYN   SYN-SENT    => CLOSED on snd SYN
LISTEN      CLOSE / delete TCB                  CLOSED      => not shown: no packet
LISTEN      rcv SYN / snd SYN,ACK               SYN-RCVD    => CLOSED on rcv SYN
LISTEN      SEND / snd SYN                      SYN-SENT    => CLOSED on snd SYN
SYN-SENT    CLOSE / delete TCB                  CLOSED      => not shown: no packet
SYN-SENT    rcv SYN / snd SYN,ACK               SYN-RCVD    => SYN-SENT on rcv SYN
SYN-SENT    rcv SYN,ACK / snd ACK               ESTAB       => SYN-SENT on rcv SYN, rcv ACK of SYN
SYN-RCVD    rcv RST (note 1) /                  LISTEN      => not shown: a RST
SYN-RCVD    rcv ACK of SYN / x                  ESTAB       => SYN-RCVD on rcv ACK of SYN
SYN-RCVD    CLOSE / snd FIN                     FIN-WAIT-1  => SYN-RCVD on snd FIN
ESTAB       CLOSE / snd FIN                     FIN-WAIT-1  => ESTAB on snd FIN
ESTAB       rcv FIN / snd ACK                   CLOSE-WAIT  => ESTAB on rcv FIN
FIN-WAIT-1  rcv ACK of FIN / x                  FIN-WAIT-2  => FIN-WAIT-1 on rcv ACK of FIN
FIN-WAIT-1  rcv FIN / snd ACK                   CLOSING     => FIN-WAIT-1 on rcv FIN
FIN-WAIT-2  rcv FIN / snd ACK                   TIME-WAIT   => FIN-WAIT-2 on rcv FIN
CLOSING     rcv ACK of FIN / x                  TIME-WAIT   => CLOSING on rcv ACK of FIN
CLOSE-WAIT  CLOSE / snd FIN                     LAST-ACK    => CLOSE-WAIT on snd FIN
LAST-ACK    rcv ACK of FIN / x                  CLOSED      => LAST-ACK on rcv ACK of FIN
TIME-WAIT   Timeout=2MSL / delete TCB           CLOSED      => not shown: no packet
FIN-WAIT-1  rcv FIN and ACK of FIN (note 2) /   TIME-WAIT   => FIN-WAIT-1 on rcv ACK of FIN, rcv FIN
SYN-RCVD    rcv FIN (3.10.7.4 eighth) /         CLOSE-WAIT  => SYN-RCVD on rcv FIN
`

// arrow is one line of figure5.
type arrow struct {
	from, to State
	label    string // event and action of the RFC
	machine  State  // where the machine starts; Unknown if it does not show the arrow
	on       []event
}

// figureStates spells the states as the figure does.
func figureStates() map[string]State {
	return map[string]State{
		"CLOSED": Closed, "SYN-SENT": SynSent, "SYN-RCVD": SynReceived, "ESTAB": Established, "FIN-WAIT-1": FinWait1,
		"FIN-WAIT-2": FinWait2, "CLOSING": Closing, "TIME-WAIT": TimeWait, "CLOSE-WAIT": CloseWait, "LAST-ACK": LastAck,
		"LISTEN": Unknown,
	}
}

// arrows reads figure5.
func arrows(t testing.TB) (out []arrow) {
	line := regexp.MustCompile(`^(\S+) +(.*?) +(\S+) +=> (?:not shown: (?:no packet|a RST)|(\S+) on (.*))$`)
	states := figureStates()
	state := func(name string) State {
		s, ok := states[name]
		if !ok {
			t.Fatalf("figure5: no state %q", name)
		}
		return s
	}
	for text := range strings.SplitSeq(strings.TrimSpace(figure5), "\n") {
		m := line.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("figure5: cannot read %q", text)
		}
		a := arrow{from: state(m[1]), label: m[2], to: state(m[3])}
		if m[4] != "" {
			a.machine = state(m[4])
			for name := range strings.SplitSeq(m[5], ", ") {
				a.on = append(a.on, eventNamed(t, name))
			}
		}
		out = append(out, a)
	}
	return out
}

func eventNamed(t testing.TB, name string) event {
	for e := range event(numEvents) {
		if e.String() == name {
			return e
		}
	}
	t.Fatalf("no event %q", name)
	return 0
}

// Every arrow of the figure that packets show is in the table, and the table has no other.
func TestMachineIsFigure5(t *testing.T) {
	type step struct {
		from State
		on   event
		to   State
	}
	var want []step
	m := newMachine()
	for _, a := range arrows(t) {
		if a.machine == Unknown {
			continue
		}
		got := a.machine
		for _, e := range a.on {
			got = m.next(got, e)
		}
		if got != a.to {
			t.Errorf("%v -- %s --> %v: the machine goes from %v to %v", a.from, a.label, a.to, a.machine, got)
		}
		if len(a.on) == 1 {
			want = append(want, step{a.machine, a.on[0], a.to})
		}
	}
	for _, tr := range transitions() {
		if !slices.Contains(want, step{tr.from, tr.on, tr.to}) {
			t.Errorf("%v -- %v --> %v is not in the figure", tr.from, tr.on, tr.to)
		}
	}
	seen := map[string]bool{}
	for _, tr := range transitions() {
		if pair := fmt.Sprint(tr.from, tr.on); seen[pair] {
			t.Errorf("%v on %v is listed twice", tr.from, tr.on)
		} else {
			seen[pair] = true
		}
	}
}

// RFC 9293 §3.10.7.4, eighth: "Remain in the ... state", and what it says of states without a FIN to validate.
func TestMachineStaysWhereTheRFCStays(t *testing.T) {
	m := newMachine()
	for _, s := range []State{CloseWait, Closing, LastAck, TimeWait, SynSent, Closed} {
		if got := m.next(s, rcvFIN); got != s {
			t.Errorf("%v on %v goes to %v", s, rcvFIN, got)
		}
	}
	for s := range State(numStates) {
		for e := range event(numEvents) {
			if got := m.next(s, e); got != s && m.next(got, e) != got {
				t.Errorf("%v twice in %v goes to %v and on to %v: a repetition is no event", e, s, got, m.next(got, e))
			}
		}
	}
}

// testdata/machine.txt has the machine as a matrix, every state by every event. To change it, run
//
//	go test ./analyzer -run TestMachineMatrix -update-machine
//
// and hold the diff against the figure.
func TestMachineMatrix(t *testing.T) {
	var b strings.Builder
	b.WriteString("The close machine: the state after an event; a dot where it stays. Written by go test -run TestMachineMatrix -update-machine.\n\n")
	row := func(first string, cells []string) {
		line := fmt.Sprintf("%-14s", first)
		for _, c := range cells {
			line += fmt.Sprintf("%-17s", c)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	var heads []string
	for e := range event(numEvents) {
		heads = append(heads, e.String())
	}
	row("", heads)
	m := newMachine()
	for s := range State(numStates) {
		var cells []string
		for e := range event(numEvents) {
			cell := "."
			if to := m.next(s, e); to != s {
				cell = to.String()
			}
			cells = append(cells, cell)
		}
		row(s.String(), cells)
	}
	file := filepath.Join("testdata", "machine.txt")
	if *updateMachine {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the machine is not the one of %s (see the comment of this test):\n%s", file, b.String())
	}
}

// rfcWords are the words of RFC 9293 that make each transition, to be found in the place that its rule names.
func rfcWords() map[[2]string][]string {
	pair := func(s State, e event) [2]string { return [2]string{s.String(), e.String()} }
	return map[[2]string][]string{
		pair(Closed, sndSYN):           {"A SYN segment of the form <SEQ=ISS><CTL=SYN> is sent. Set SND.UNA to ISS, SND.NXT to ISS+1, enter SYN-SENT state"},
		pair(Closed, rcvSYN):           {"The connection state should be changed to SYN-RECEIVED."},
		pair(SynSent, rcvSYN):          {"Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment"},
		pair(SynReceived, rcvAckOfSYN): {"If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state", "If SND.UNA > ISS (our SYN has been ACKed), change the connection state to ESTABLISHED"},
		pair(SynReceived, sndFIN):      {"then form a FIN segment and send it, and enter FIN-WAIT-1 state"},
		pair(SynReceived, rcvFIN):      {"Enter the CLOSE-WAIT state."},
		pair(Established, sndFIN):      {"then form a FIN segment and send it. In any case, enter FIN-WAIT-1 state."},
		pair(Established, rcvFIN):      {"Enter the CLOSE-WAIT state."},
		pair(FinWait1, rcvAckOfFIN):    {"if the FIN segment is now acknowledged, then enter FIN-WAIT-2"},
		pair(FinWait1, rcvFIN):         {"otherwise, enter the CLOSING state."},
		pair(FinWait2, rcvFIN):         {"Enter the TIME-WAIT state.", "The figure omits a transition from FIN-WAIT-1 to TIME-WAIT"},
		pair(Closing, rcvAckOfFIN):     {"if the ACK acknowledges our FIN, then enter the TIME-WAIT state"},
		pair(CloseWait, sndFIN):        {"then send a FIN segment, enter LAST-ACK state."},
		pair(LastAck, rcvAckOfFIN):     {"If our FIN is now acknowledged, delete the TCB, enter the CLOSED state"},
	}
}

// Every rule names a section, a step and a state of the RFC, and there the RFC says what the transition does.
func TestMachineCitesTheRFC(t *testing.T) {
	passages := readRFC(t)
	words := rfcWords()
	for _, tr := range transitions() {
		want := words[[2]string{tr.from.String(), tr.on.String()}]
		parts := strings.Split(tr.rule, ";")
		if len(want) != len(parts) {
			t.Errorf("%v -- %v --> %v: %d citations in %q, but words for %d", tr.from, tr.on, tr.to, len(parts), tr.rule, len(want))
			continue
		}
		for i, part := range parts {
			c, ok := parseCitation(part)
			if !ok {
				t.Errorf("%v -- %v --> %v: cannot read the citation %q", tr.from, tr.on, tr.to, part)
				continue
			}
			found := false
			for _, p := range passages {
				found = found || p.answers(c) && strings.Contains(p.text, want[i])
			}
			if !found {
				t.Errorf("%v -- %v --> %v: %q: testdata/rfc9293.txt has no such place, or not these words there: %q", tr.from, tr.on, tr.to, part, want[i])
			}
		}
	}
}

// citation is a place in the RFC: what of it a rule names.
type citation struct{ section, step, state string }

// parseCitation reads "§3.10.7.4 fifth, FIN-WAIT-1", or "Figure 5 note 2".
func parseCitation(text string) (c citation, ok bool) {
	if strings.Contains(text, "Figure 5 note 2") {
		return citation{section: "3.3.2", step: "Note 2"}, true
	}
	m := regexp.MustCompile(`§([0-9.]*[0-9])`).FindStringSubmatch(text)
	if m == nil {
		return c, false
	}
	c.section = m[1]
	if m := regexp.MustCompile(`\b(first|second|third|fourth|fifth|sixth|seventh|eighth)\b`).FindString(text); m != "" {
		c.step = strings.ToUpper(m[:1]) + m[1:]
	}
	c.state = regexp.MustCompile(`\b(CLOSED|LISTEN|SYN-SENT|SYN-RECEIVED|ESTABLISHED|FIN-WAIT-1|FIN-WAIT-2|CLOSE-WAIT|CLOSING|LAST-ACK|TIME-WAIT)\b`).FindString(text)
	return c, true
}

// passage is a piece of testdata/rfc9293.txt under one section, step and list of states.
type passage struct {
	section, step string
	states        []string // of the passage, or of the whole section
	text          string   // in one line
}

func (p *passage) answers(c citation) bool {
	return p.section == c.section && (c.step == "" || p.step == c.step) && (c.state == "" || slices.Contains(p.states, c.state))
}

// readRFC cuts testdata/rfc9293.txt into passages.
func readRFC(t *testing.T) (out []passage) {
	b, err := os.ReadFile(filepath.Join("testdata", "rfc9293.txt"))
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`^(\d[0-9.]*)\.  (.*)$`)
	step := regexp.MustCompile(`^ +(First|Second|Third|Fourth|Fifth|Sixth|Seventh|Eighth|Note \d)[,:]`)
	state := regexp.MustCompile(`([A-Z0-9-]+) STATE\b`)
	stateLine := regexp.MustCompile(`^ +(?:[o-]  )?([A-Z0-9-]+) STATE(?: \(.*\))?$`)
	var p passage
	var lines []string
	flush := func() {
		if p.text = strings.Join(strings.Fields(strings.Join(lines, " ")), " "); p.text != "" {
			p.text = strings.ReplaceAll(p.text, "FIN- WAIT", "FIN-WAIT")
			p.text = strings.ReplaceAll(p.text, "SYN- SENT", "SYN-SENT")
			out = append(out, p)
		}
		lines = nil
	}
	var headStates []string
	for line := range strings.SplitSeq(string(b), "\n") {
		switch {
		case section.MatchString(line):
			flush()
			m := section.FindStringSubmatch(line)
			headStates = nil
			if s := state.FindStringSubmatch(m[2]); s != nil {
				headStates = []string{s[1]}
			}
			p = passage{section: m[1], states: headStates}
		case step.MatchString(line):
			flush()
			p.step, p.states = step.FindStringSubmatch(line)[1], headStates
			lines = append(lines, line)
		case stateLine.MatchString(line):
			had := len(lines) > 0 && strings.TrimSpace(strings.Join(lines, "")) != ""
			flush()
			if had { // states that follow one another share what comes after the last
				p.states = nil
			}
			p.states = append(slices.Clone(p.states), stateLine.FindStringSubmatch(line)[1])
		default:
			lines = append(lines, line)
		}
	}
	flush()
	return out
}

// The replay of facts ends in the same state as every order of the events that the facts allow, by the figure and not by
// machine.state.
func TestMachineReplayMindsNoOrder(t *testing.T) {
	next := map[string]State{}
	for _, a := range arrows(t) {
		if len(a.on) == 1 {
			next[fmt.Sprint(a.machine, a.on[0])] = a.to
		}
	}
	m := newMachine()
	reached := map[State]bool{}
	compared := 0
	for bits := range 1 << 8 {
		bit := func(i int) bool { return bits>>i&1 != 0 }
		f := facts{
			seen: true, sentSYN: bit(0), gotSYN: bit(1), synAcked: bit(2), midStream: bit(3),
			sentFIN: bit(4), finAcked: bit(5), gotFIN: bit(6), gotFINFirst: bit(7),
		}
		if f.midStream && (f.sentSYN || f.gotSYN || f.synAcked) || f.gotFINFirst && !(f.gotFIN && f.sentFIN) {
			continue // midStream means that no SYN was seen; which FIN was first is a question if there are two
		}
		start := Closed
		if f.midStream {
			start = Established
		}
		var events []event
		for e, happened := range [numEvents]bool{f.sentSYN, f.gotSYN, f.synAcked, f.sentFIN, f.finAcked, f.gotFIN} {
			if happened {
				events = append(events, event(e))
			}
		}
		got := m.state(f)
		for order := range permutations(events) {
			at := func(e event) int { return slices.Index(order, e) }
			if f.gotFIN && f.sentFIN && f.gotFINFirst != (at(rcvFIN) < at(sndFIN)) {
				continue
			}
			if f.sentSYN && at(sndSYN) > 0 {
				continue // after the close it would open the next connection
			}
			s, possible := start, true
			for _, e := range order {
				to, ok := next[fmt.Sprint(s, e)]
				possible = possible && ok
				s = to
			}
			if len(order) == 0 && !f.midStream {
				s = Unknown // nothing moved it: nothing is known
			}
			if !possible {
				continue // not an order in which it can have happened
			}
			compared++
			reached[s] = true
			if s != got {
				t.Errorf("%+v: the order %v ends in %v, the replay in %v", f, order, s, got)
			}
		}
	}
	for s := range State(numStates) {
		if s != Unknown && !reached[s] {
			t.Errorf("no facts lead to %v", s)
		}
	}
	if compared < 40 {
		t.Errorf("only %d orders compared", compared)
	}
}

// An endpoint of which nothing is known has no state.
func TestMachineUnknown(t *testing.T) {
	if got := newMachine().state(facts{gotSYN: true, sentFIN: true}); got != Unknown {
		t.Errorf("not seen, but %v", got)
	}
}

// permutations yields every order of a list.
func permutations[T any](list []T) func(yield func([]T) bool) {
	return func(yield func([]T) bool) {
		var visit func(n int) bool
		work := slices.Clone(list)
		visit = func(n int) bool {
			if n == len(work) {
				return yield(work)
			}
			for i := n; i < len(work); i++ {
				work[n], work[i] = work[i], work[n]
				ok := visit(n + 1)
				work[n], work[i] = work[i], work[n]
				if !ok {
					return false
				}
			}
			return true
		}
		visit(0)
	}
}
