package analyzer

import (
	"fmt"
	"math"
	"time"

	"finscope/internal/units"
)

// How texts for people say times, numbers and shares.

// human writes a duration in ns; one below 0, of clocks that disagree, is none.
func human(ns int64) string { return units.Duration(time.Duration(max(ns, 0))) }

// times writes "once", "twice" or "N times".
func times(n int32) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return units.Count(n) + " times"
}

// moment writes a point in time, with its date if that is not the one of the capture's end.
func moment(ns, end int64) string { return dated(ns, end, "15:04:05.000 UTC") }

// clock writes a time of day in the same way.
func clock(ns, end int64) string { return dated(ns, end, "15:04:05 UTC") }

func dated(ns, end int64, layout string) string {
	const day = int64(24 * time.Hour)
	if ns/day != end/day {
		layout = time.DateOnly + " " + layout
	}
	return at(ns).Format(layout)
}

// counted writes a number with a noun, and its verb if that follows.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return units.Count(n) + " " + many
}

// bytesText writes a number of bytes.
func bytesText(n int64) string { return counted(n, "byte", "bytes") }

// connections writes how many connections there are.
func connections(n int) string { return counted(int64(n), "connection", "connections") }

// percentage writes what part n is of all, of which there are some.
func percentage(n, all uint64) string {
	percent := 100 * float64(n) / float64(all)
	if percent < 0.1 {
		return "less than 0.1%"
	}
	return fmt.Sprintf("%.1f%%", percent)
}

// number writes a rate.
func number(v float64) string {
	if v < 100 {
		v = math.Round(10*v) / 10
	}
	if v >= 100 || v == math.Trunc(v) {
		return units.Count(int64(math.Round(v)))
	}
	return fmt.Sprintf("%.1f", v)
}
