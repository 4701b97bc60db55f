// Package units writes measures as people say them, so that a table and a sentence about the same thing agree.
//
// It does not write for programs: records have numbers and RFC 3339 times.
package units

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration writes a span of time: below two minutes with at most three telling digits in one unit, "250 us", "12.3 ms", "60 s";
// from there on in two, "2 min 5 s", "1 h 30 min", "2 d 3 h". It is rounded; a negative one has a minus sign.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d == 0:
		return "0 s"
	case d < 999500*time.Nanosecond: // what is rounded to a thousand is said in the next unit
		return digits(float64(d)/1e3) + " us"
	case d < 999500*time.Microsecond:
		return digits(float64(d)/1e6) + " ms"
	case d < 119500*time.Millisecond:
		return digits(d.Seconds()) + " s"
	}
	if s := d.Round(time.Second); s < time.Hour {
		return two(s, time.Minute, "min", time.Second, "s")
	}
	if m := d.Round(time.Minute); m < 24*time.Hour {
		return two(m, time.Hour, "h", time.Minute, "min")
	}
	return two(d.Round(time.Hour), 24*time.Hour, "d", time.Hour, "h")
}

// digits writes a number with three digits, or more if it has more before the point, and no zeros behind it.
func digits(v float64) string {
	decimals := 0
	switch {
	case v < 9.995:
		decimals = 2
	case v < 99.95:
		decimals = 1
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', decimals, 64), "0"), ".")
}

// two writes d, a multiple of the small unit, in a large and a small one.
func two(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	if rest := d % large / small; rest != 0 {
		return fmt.Sprintf("%d %s %d %s", d/large, largeName, rest, smallName)
	}
	return fmt.Sprintf("%d %s", d/large, largeName)
}
