package report

import (
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"finscope/analyzer"
)

// appendTime appends t as a string, the zero time as null. The year has four digits: times of captures are of 1678 to 2262.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	const form = `"0000-00-00T00:00:00.000000000Z"`
	b = append(b, form...)
	text := (*[len(form)]byte)(b[len(b)-len(form):])
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	putPair((*[2]byte)(text[1:]), uint32(year)/100)
	putPair((*[2]byte)(text[3:]), uint32(year)%100)
	putPair((*[2]byte)(text[6:]), uint32(month))
	putPair((*[2]byte)(text[9:]), uint32(day))
	putPair((*[2]byte)(text[12:]), uint32(hour))
	putPair((*[2]byte)(text[15:]), uint32(minute))
	putPair((*[2]byte)(text[18:]), uint32(second))
	putNine((*[9]byte)(text[21:]), uint32(t.Nanosecond()))
	return b
}

// putNine writes the nine digits of a fraction of a second.
func putNine(b *[9]byte, ns uint32) {
	b[0] = '0' + byte(ns/1e8)
	upper, lower := ns/1e4, ns%1e4
	putPair((*[2]byte)(b[1:]), upper/100%100)
	putPair((*[2]byte)(b[3:]), upper%100)
	putPair((*[2]byte)(b[5:]), lower/100)
	putPair((*[2]byte)(b[7:]), lower%100)
}

// putPair writes the two digits of a number below 100.
func putPair(b *[2]byte, n uint32) {
	b[0], b[1] = '0'+byte(n/10), '0'+byte(n%10)
}

// appendSeconds appends the shortest number that says s. What is whole nanoseconds and below eleven days, as nearly all durations of
// captures are, has at most 15 digits: then no shorter number is as near, and package strconv need not look for one.
func appendSeconds(b []byte, s analyzer.Seconds) []byte {
	const most = 1e15
	n := int64(s.Duration())
	if n < 0 || n >= most || analyzer.Seconds(float64(n)/1e9) != s {
		return strconv.AppendFloat(b, float64(s), 'f', -1, 64)
	}
	b = strconv.AppendInt(b, n/1e9, 10)
	fraction := uint32(n % 1e9)
	if fraction == 0 {
		return b
	}
	b = append(b, ".000000000"...)
	putNine((*[9]byte)(b[len(b)-9:]), fraction)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

func appendAddr(b []byte, a netip.Addr) []byte {
	b = append(b, '"')
	b = a.AppendTo(b)
	return append(b, '"')
}

func appendFrames(b []byte, frames []uint64) []byte {
	b = append(b, '[')
	for i, n := range frames {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, n, 10)
	}
	return append(b, ']')
}

func appendStrings[S ~string](b []byte, list []S) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendOptional[S ~string](b []byte, s *S) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendString(b, *s)
}

// appendString appends s quoted. No string of a record comes from packets, so escapes are rare; they are right all the
// same, and invalid UTF-8 becomes U+FFFD as in encoding/json.
func appendString[S ~string](b []byte, s S) []byte {
	b = append(b, '"')
	plain := 0
	for plain < len(s) && isPlain(s[plain]) {
		plain++
	}
	b = append(b, s[:plain]...)
	if plain < len(s) {
		b = appendEscaped(b, string(s[plain:]))
	}
	return append(b, '"')
}

// isPlain reports whether c stands for itself in a string.
func isPlain(c byte) bool { return c-' ' < utf8.RuneSelf-' ' && c != '"' && c != '\\' }

// appendEscaped appends s with escapes where it needs them.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if isPlain(c) {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[from:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, s[from:i]...)
			b = append(b, "\uFFFD"...)
			i++
			from = i
			continue
		}
		i += n
	}
	return append(b, s[from:]...)
}
