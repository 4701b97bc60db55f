package pkttest

import (
	"fmt"
	"slices"
	"strings"
)

// Got is what an analysis made of a script.
type Got struct {
	States map[int][2]string // of left and right after a packet, by index in Script.Packets
	Flows  []Expect

	Groups   []string // codes of the findings across connections, sorted
	Findings bool     // the findings are to be compared
}

// pair returns the verdict lines of connection i, as expected and as found, without what is not compared.
func (s *Script) pair(got *Got, i int) (want, have string) {
	var e Expect
	if i < len(s.Expect) {
		e = s.Expect[i]
		if !got.Findings {
			e.Findings, e.anyCodes = nil, true
		}
		want = e.String()
	}
	if i < len(got.Flows) {
		found := got.Flows[i]
		if i < len(s.Expect) {
			found = e.Like(found)
		}
		have = found.String()
	}
	return want, have
}

// gotColumn is where the right half of a printed script starts.
const gotColumn = 76

// Format prints the script with a column that says what came instead, in the same notation.
func (s *Script) Format(got Got) string {
	byLine := map[int][]int{}
	for i := range s.Packets {
		byLine[s.Packets[i].Line] = append(byLine[s.Packets[i].Line], i)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: == %s\n", s.File, s.Line, s.Title)
	for _, l := range s.Lines {
		right := ""
		for _, i := range byLine[l.Number] {
			if st, ok := got.States[i]; ok && s.Packets[i].States[0] != "" && st != s.Packets[i].States {
				right = "got " + st[0] + " " + st[1]
			}
		}
		fmt.Fprintf(&b, "%4d  %s\n", l.Number, strings.TrimRight(fmt.Sprintf("%-*s %s", gotColumn, l.Text, right), " "))
	}
	for i := range max(len(s.Expect), len(got.Flows)) {
		want, have := s.pair(&got, i)
		if want != have {
			fmt.Fprintf(&b, "want  = %s\ngot   = %s\n", want, have)
		}
	}
	if !s.sameGroups(&got) {
		fmt.Fprintf(&b, "want  !! %s\ngot   !! %s\n", strings.Join(s.Groups, " "), strings.Join(got.Groups, " "))
	}
	return b.String()
}

// sameGroups reports whether the findings across connections are those expected.
func (s *Script) sameGroups(got *Got) bool {
	return !got.Findings || s.anyGroups || slices.Equal(s.Groups, got.Groups)
}

// Meets reports whether an analysis found what the script expects. States that got does not have are not compared.
func (s *Script) Meets(got Got) bool {
	for i := range s.Packets {
		want := s.Packets[i].States
		if st, ok := got.States[i]; ok && want[0] != "" && st != want {
			return false
		}
	}
	for i := range max(len(s.Expect), len(got.Flows)) {
		if want, have := s.pair(&got, i); want != have {
			return false
		}
	}
	return s.sameGroups(&got)
}

// EndOnly returns the script without the expectations that depend on the capture order: the states on the way, and the
// findings where the script says so.
func (s *Script) EndOnly() *Script {
	m := *s
	m.anyGroups = s.ByOrder != ""
	m.Packets = append([]Packet(nil), s.Packets...)
	for i := range m.Packets {
		m.Packets[i].States = [2]string{}
	}
	m.Expect = append([]Expect(nil), s.Expect...)
	for i := range m.Expect {
		m.Expect[i].Before = [2]string{}
		if s.ByOrder != "" {
			m.Expect[i].Findings, m.Expect[i].anyCodes = nil, true
		}
	}
	return &m
}

// Mirrored returns the script with the expectations of one that is played with exchanged roles.
func (s *Script) Mirrored() *Script {
	m := *s
	opening, _ := s.opening()
	m.Packets = append([]Packet(nil), s.Packets...)
	for i := opening; i < len(m.Packets); i++ {
		st := &m.Packets[i].States
		st[0], st[1] = st[1], st[0]
	}
	m.Expect = nil
	for i := range s.Expect {
		m.Expect = append(m.Expect, s.Expect[i].Mirrored())
	}
	return &m
}
