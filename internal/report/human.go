package report

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"finscope/analyzer"
	"finscope/internal/units"
)

// plural writes a number with its noun, "1 packet" or "2 packets".
func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return units.Count(n) + " " + noun + "s"
}

// percent writes part of whole as a percentage; nothing is "-", and something is never 0.0%.
func percent(part, whole int) string {
	if part == 0 || whole == 0 {
		return "-"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case p < 0.05:
		return "<0.1%"
	case part < whole && p >= 99.95:
		return ">99.9%"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + "%"
}

const (
	stampLayout = "2006-01-02 15:04:05.000"
	clockLayout = "15:04:05.000"
)

// span writes two moments in UTC; the second without its date if it is the same day.
func span(start, end time.Time) string {
	start, end = start.UTC(), end.UTC()
	return start.Format(stampLayout) + " to " + moment(end, start) + " UTC"
}

// moment writes t in UTC, without the date if that is the date of near.
func moment(t, near time.Time) string {
	t, near = t.UTC(), near.UTC()
	if t.YearDay() == near.YearDay() && t.Year() == near.Year() {
		return t.Format(clockLayout)
	}
	return t.Format(stampLayout)
}

// hostPort writes an endpoint, IPv6 addresses in brackets.
func hostPort(e *analyzer.Endpoint) string { return netip.AddrPortFrom(e.IP, e.Port).String() }

// firstFew lists at most n numbers, "4, 88, 90 and 12 more".
func firstFew[N int | uint64](ns []N, n, total int) string {
	var b strings.Builder
	for i, v := range ns[:min(n, len(ns))] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatUint(uint64(v), 10))
	}
	if rest := total - min(n, len(ns)); rest > 0 {
		fmt.Fprintf(&b, " and %s more", units.Count(rest))
	}
	return b.String()
}
