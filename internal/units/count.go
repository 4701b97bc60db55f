package units

import (
	"strconv"
	"strings"
)

// Count writes a number, which is not negative, with thousands separators, "1,204". What names one thing and is searched for, as a
// frame, a stream or a port, is written without.
func Count[N int | int32 | int64 | uint64](n N) string {
	s := strconv.FormatUint(uint64(n), 10)
	if len(s) <= 3 {
		return s
	}
	var b strings.Builder
	first := (len(s)-1)%3 + 1
	b.WriteString(s[:first])
	for i := first; i < len(s); i += 3 {
		b.WriteByte(',')
		b.WriteString(s[i : i+3])
	}
	return b.String()
}
