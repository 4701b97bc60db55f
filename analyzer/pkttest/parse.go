package pkttest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads the scripts of a file. Errors name the file and the line.
func Parse(file, text string) ([]*Script, error) {
	var out []*Script
	var p *parser
	for i, line := range strings.Split(text, "\n") {
		if title, ok := strings.CutPrefix(line, "== "); ok {
			if err := p.finish(); err != nil {
				return nil, err
			}
			p = newParser(file, i+1, strings.TrimSpace(title))
			out = append(out, p.s)
			continue
		}
		if p == nil {
			if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "#") {
				return nil, fmt.Errorf("%s:%d: %q before the first title", file, i+1, t)
			}
			continue
		}
		if err := p.line(i+1, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return out, nil
}

// parser reads one script.
type parser struct {
	s        *Script
	flow     int
	paused   bool // the next packet starts a burst after preludePause
	lastLine int
}

func newParser(file string, line int, title string) *parser {
	return &parser{s: &Script{File: file, Line: line, Title: title, Flows: []FlowDef{{}}}, lastLine: line}
}

// The steps of time in which packets follow each other when a script says nothing.
const (
	step         = time.Millisecond
	copyStep     = 20 * time.Microsecond
	preludePause = 100 * time.Millisecond
)

// prelude is what P0 stands for.
const prelude = `> S  0:0(0)             SYN_SENT    -
< S. 0:0(0) ack 1         SYN_SENT    SYN_RECEIVED
> .  1:1(0) ack 1         ESTABLISHED ESTABLISHED
> P. 1:101(100) ack 1     ESTABLISHED ESTABLISHED
< .  1:1(0) ack 101       ESTABLISHED ESTABLISHED
< P. 1:201(200) ack 101   ESTABLISHED ESTABLISHED
> .  101:101(0) ack 201   ESTABLISHED ESTABLISHED`

// line reads one line.
func (p *parser) line(n int, line string) error {
	line = strings.TrimRight(line, " \t\r")
	if line != "" {
		p.s.Lines = append(p.s.Lines, Line{n, line})
	}
	fields := strings.Fields(line)
	if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
		return nil
	}
	word, rest := fields[0], strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), fields[0]))
	switch word {
	case "P0":
		if len(fields) > 1 {
			return fmt.Errorf("P0 stands alone")
		}
		for _, l := range strings.Split(prelude, "\n") {
			if err := p.packet(n, strings.Fields(l)); err != nil {
				return err
			}
		}
		p.paused = true
		return nil
	case "=":
		e, err := parseExpect(n, rest)
		if err != nil {
			return err
		}
		e.Stream = len(p.s.Expect)
		if e.stream >= 0 {
			e.Stream = e.stream
		}
		p.s.Expect = append(p.s.Expect, e)
		return nil
	case "!":
		if len(p.s.Expect) == 0 {
			return fmt.Errorf("a finding before any verdict")
		}
		if len(fields) != 2 {
			return fmt.Errorf("write ! CODE")
		}
		e := &p.s.Expect[len(p.s.Expect)-1]
		e.Findings = append(e.Findings, fields[1])
		return nil
	case "!!":
		if len(fields) != 2 {
			return fmt.Errorf("write !! CODE")
		}
		p.s.Groups = append(p.s.Groups, fields[1])
		slices.Sort(p.s.Groups)
		return nil
	case "end":
		d, err := parseDelay(rest)
		if err != nil {
			return err
		}
		p.s.After = d
		return nil
	case "flow":
		return p.switchFlow(fields[1:])
	case "v6":
		p.s.V6 = true
		return nil
	case "ordered":
		return reason(&p.s.Ordered, word, rest)
	case "unmirrored":
		return reason(&p.s.Unmirrored, word, rest)
	case "by-order":
		return reason(&p.s.ByOrder, word, rest)
	case "todo":
		return reason(&p.s.Todo, word, rest)
	}
	return p.packet(n, fields)
}

func reason(to *string, word, text string) error {
	if text == "" {
		return fmt.Errorf("say why: %s REASON", word)
	}
	*to = text
	return nil
}

// parseDelay reads "+SECONDS".
func parseDelay(text string) (time.Duration, error) {
	num, ok := strings.CutPrefix(text, "+")
	sec, err := strconv.ParseFloat(num, 64)
	if !ok || err != nil || sec < 0 {
		return 0, fmt.Errorf("write a delay as +SECONDS, not %q", text)
	}
	return time.Duration(sec*1e9 + 0.5), nil
}

// spread keeps the numbers of several connections apart unless a script says where they lie.
const spread = 0x01234567

// switchFlow reads "N [as M] [isn C S]".
func (p *parser) switchFlow(fields []string) error {
	usage := fmt.Errorf("write flow N [as M] [isn C S], with flows numbered in the order in which they appear")
	number := func(i int) (int64, bool) {
		if i >= len(fields) {
			return 0, false
		}
		n, err := strconv.ParseInt(fields[i], 10, 64)
		return n, err == nil
	}
	n, ok := number(0)
	if !ok || n < 1 || int(n) > len(p.s.Flows)+1 {
		return usage
	}
	p.flow = int(n) - 1
	if p.flow < len(p.s.Flows) {
		if len(fields) > 1 {
			return fmt.Errorf("flow %d exists", n)
		}
		return nil
	}
	def := FlowDef{Tuple: p.flow, ISN: [2]uint32{uint32(p.flow) * spread, uint32(p.flow) * spread}}
	for i := 1; i < len(fields); {
		switch fields[i] {
		case "as":
			m, ok := number(i + 1)
			if !ok || m < 1 || m >= n {
				return usage
			}
			def.Tuple = p.s.Flows[m-1].Tuple
			i += 2
		case "isn":
			c, ok1 := number(i + 1)
			s, ok2 := number(i + 2)
			if !ok1 || !ok2 {
				return usage
			}
			def.ISN = [2]uint32{uint32(c), uint32(s)}
			i += 3
		default:
			return usage
		}
	}
	p.s.Flows = append(p.s.Flows, def)
	return nil
}

// finish checks a script as a whole and fills in what its verdict lines leave to the packets.
func (p *parser) finish() error {
	if p == nil {
		return nil
	}
	s := p.s
	if len(s.Packets) == 0 {
		return fmt.Errorf("%s:%d: %q has no packets", s.File, s.Line, s.Title)
	}
	if len(s.Expect) == 0 {
		return fmt.Errorf("%s:%d: %q has no verdict", s.File, s.Line, s.Title)
	}
	for i := range s.Expect {
		e := &s.Expect[i]
		if err := e.complete(s.lastStates(min(i, len(s.Flows)-1))); err != nil {
			return fmt.Errorf("%s:%d: %w", s.File, e.Line, err)
		}
	}
	return nil
}

// lastStates returns the states on the last packet line of a flow that has any.
func (s *Script) lastStates(flow int) [2]string {
	var out [2]string
	for i := range s.Packets {
		if q := &s.Packets[i]; q.Flow == flow && q.States[0] != "" {
			out = q.States
		}
	}
	return out
}
