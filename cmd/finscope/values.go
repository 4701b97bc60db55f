package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"finscope/analyzer"
	"finscope/internal/report"
)

// The types of this file read the values of flags. Their errors say what is wanted; parse puts the flag's name before.

// seconds is a duration above zero: "90" is 90 seconds, as in sysctl and ss, and "1.5h" is what Go makes of it.
type seconds time.Duration

func (v *seconds) Set(s string) error {
	d, err := time.ParseDuration(s)
	const most = 1e9 // seconds, 30 years; sums of more overflow
	if f, ferr := strconv.ParseFloat(s, 64); ferr == nil {
		d, err = time.Duration(min(f, 2*most)*float64(time.Second)), nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("give a time above zero, like 90 (seconds), 500ms or 1.5h, not %q; the units are h, m, s, ms, us and ns%s", s, inKnownUnits(s))
	case d <= 0:
		return fmt.Errorf("give a time above zero, like 90 (seconds), 500ms or 1.5h, not %q", s)
	case d > most*time.Second:
		return fmt.Errorf("give a time of at most 30 years, not %q", s)
	}
	*v = seconds(d)
	return nil
}

// inKnownUnits says how to write s, a time of one unit that [time.ParseDuration] does not know, or that stands apart.
func inKnownUnits(s string) string {
	units := map[string]struct {
		factor float64
		name   string
	}{
		"d": {24, "h"}, "day": {24, "h"}, "w": {7 * 24, "h"}, "week": {7 * 24, "h"}, "hour": {1, "h"}, "hr": {1, "h"}, "h": {1, "h"},
		"min": {1, "m"}, "minute": {1, "m"}, "m": {1, "m"}, "sec": {1, "s"}, "second": {1, "s"}, "s": {1, "s"}, "ms": {1, "ms"}, "us": {1, "us"},
	}
	number := strings.TrimRight(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz")
	name := strings.ToLower(s[len(number):])
	unit, known := units[name]
	if !known {
		unit, known = units[strings.TrimSuffix(name, "s")]
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !known || err != nil || !(n > 0) {
		return ""
	}
	return ": type " + strconv.FormatFloat(n*unit.factor, 'f', -1, 64) + unit.name
}

func (v *seconds) String() string { return time.Duration(*v).String() }
func (v *seconds) Type() string   { return "D" }

// once is a name that is given once: where a second one would be meant too, the first must not be forgotten.
type once string

func (v *once) Set(s string) error {
	if *v != "" {
		return fmt.Errorf("give one name, not %s and %s; \"any\" listens on all interfaces", *v, s)
	}
	*v = once(s)
	return nil
}

func (v *once) String() string { return string(*v) }
func (v *once) Type() string   { return "NAME" }

// streams is a list of connection numbers.
type streams []int

func (v *streams) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 31)
		if err != nil {
			return fmt.Errorf("give connection numbers separated by commas, like 17 or 4,88, not %q", s)
		}
		if !slices.Contains(*v, int(n)) {
			*v = append(*v, int(n))
		}
	}
	return nil
}

func (v *streams) String() string { return fmt.Sprint([]int(*v)) }
func (v *streams) Type() string   { return "N[,N...]" }

// positive is a number from 1 on; 0 stands for a flag that was not given.
type positive uint64

func (v *positive) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		return fmt.Errorf("give a number from 1 on, not %q", s)
	}
	*v = positive(n)
	return nil
}

func (v *positive) String() string { return strconv.FormatUint(uint64(*v), 10) }
func (v *positive) Type() string   { return "N" }

// maxSnapLen is the most that libpcap keeps of a packet.
const maxSnapLen = 262144

// snapLength is how much of each packet to keep; 0 is everything, as tcpdump users type it.
type snapLength uint32

func (v *snapLength) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > maxSnapLen {
		return fmt.Errorf("give a number of bytes up to %d, or 0 for all, not %q", maxSnapLen, s)
	}
	*v = snapLength(n)
	return nil
}

func (v *snapLength) String() string { return strconv.FormatUint(uint64(*v), 10) }
func (v *snapLength) Type() string   { return "N" }

// flowLimit is how many flows the text report lists.
type flowLimit int

func (v *flowLimit) Set(s string) error {
	if s == "all" {
		*v = report.AllFlows
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return fmt.Errorf("give a number or all, not %q", s)
	}
	*v = flowLimit(n)
	return nil
}

func (v *flowLimit) String() string { return strconv.Itoa(int(*v)) }
func (v *flowLimit) Type() string   { return "N|all" }

// ports is a port range.
type ports analyzer.PortRange

func (v *ports) Set(s string) error {
	r, err := analyzer.ParsePortRange(s)
	*v = ports(r)
	return err
}

func (v *ports) String() string { return analyzer.PortRange(*v).String() }
func (v *ports) Type() string   { return "LO-HI" }

// choice is one of a few words.
type choice struct {
	word  *string
	words []string
}

func (v choice) Set(s string) error {
	if !slices.Contains(v.words, s) {
		return fmt.Errorf("give %s, not %q", orList(v.words), s)
	}
	*v.word = s
	return nil
}

func (v choice) String() string {
	if v.word == nil { // pflag asks the zero value
		return ""
	}
	return *v.word
}
func (v choice) Type() string { return strings.Join(v.words, "|") }

// orList writes "a, b or c".
func orList(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}

var _ = []pflag.Value{new(seconds), new(streams), new(positive), new(snapLength), new(flowLimit), new(ports), choice{}, new(failOn)}
