package reassembly

import (
	"math"
	"testing"
)

// bases are where tests put the first sequence number: far from the wrap, at it, and where the sign of a difference
// taken as int32 would change if it were taken the wrong way.
func bases() []Seq {
	return []Seq{0, 1, 1 << 30, 1<<31 - 1, 1 << 31, 1<<31 + 1, 3 << 30, math.MaxUint32 - 1000, math.MaxUint32 - 1, math.MaxUint32}
}

// RFC 9293 §3.4: "all arithmetic dealing with sequence numbers must be performed modulo 2^32".
func TestSeqOrder(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ahead    uint32 // t - s
		before   bool
		atOrBefo bool
		diff     int32 // s - t
		reason   string
	}{
		{"one behind", math.MaxUint32, false, false, 1, ""},
		{"equal", 0, false, true, 0, ""},
		{"one ahead", 1, true, true, -1, ""},
		{"a window ahead", 1 << 30, true, true, -1 << 30, ""},
		{"the farthest that is ahead", 1<<31 - 1, true, true, -(1<<31 - 1), ""},
		{"half way round", 1 << 31, true, true, math.MinInt32, "2^31 is as far ahead as behind; int32(s-t) is negative both ways"},
		{"the farthest that is behind", 1<<31 + 1, false, false, math.MaxInt32, ""},
		{"a window behind", 3 << 30, false, false, 1 << 30, ""},
	} {
		for _, s := range bases() {
			u := s + Seq(tt.ahead)
			if got := s.Before(u); got != tt.before {
				t.Errorf("%s: Seq(%d).Before(%d) = %v, want %v; %s", tt.name, s, u, got, tt.before, tt.reason)
			}
			if got := s.AtOrBefore(u); got != tt.atOrBefo {
				t.Errorf("%s: Seq(%d).AtOrBefore(%d) = %v, want %v; %s", tt.name, s, u, got, tt.atOrBefo, tt.reason)
			}
			if got := s.Diff(u); got != tt.diff {
				t.Errorf("%s: Seq(%d).Diff(%d) = %d, want %d; %s", tt.name, s, u, got, tt.diff, tt.reason)
			}
			later := s
			if tt.before {
				later = u
			}
			if got := s.Max(u); got != later {
				t.Errorf("%s: Seq(%d).Max(%d) = %d, want %d; %s", tt.name, s, u, got, later, tt.reason)
			}
		}
	}
}

// Half way round aside, one of two different positions is before the other, and Max does not mind which is asked.
func TestSeqOrderIsTotalWithinHalf(t *testing.T) {
	for _, s := range bases() {
		for _, u := range bases() {
			if s-u == 1<<31 {
				continue
			}
			if s != u && s.Before(u) == u.Before(s) {
				t.Errorf("Before(%d, %d) = Before(%d, %d) = %v", s, u, u, s, s.Before(u))
			}
			if s.Max(u) != u.Max(s) {
				t.Errorf("Max(%d, %d) = %d, Max(%d, %d) = %d", s, u, s.Max(u), u, s, u.Max(s))
			}
			if s.Diff(u) != -u.Diff(s) {
				t.Errorf("Diff(%d, %d) = %d, Diff(%d, %d) = %d", s, u, s.Diff(u), u, s, u.Diff(s))
			}
		}
	}
}
