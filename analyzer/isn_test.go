package analyzer

import (
	"testing"

	"finscope/reassembly"
)

// The first two rows are SYNs of the laboratory's scenario 115, whose hosts are not really restarted: numbers and times of
// the client's SYNs, and of the server's SYN-ACKs.
func TestFollowISN(t *testing.T) {
	const s = 1_000_000_000
	for _, tt := range []struct {
		name        string
		before, isn reassembly.Seq
		elapsed     int64
		want        isnClock
	}{
		{"measured at a client", 3035963147, 3038163759, 140_842_150, isnContinues},
		{"measured at a server", 1681473736, 1684105322, 168_423_000, isnContinues},
		{"across 2^32", 1<<32 - 1000, 15625000 - 1000, 1 * s, isnContinues},
		{"five times round", 77, 77 + reassembly.Seq(1500*s/64%(1<<32)), 1500 * s, isnContinues},
		{"late by 90 ms", 77, 77 + 15625000, s + 90_000_000, isnContinues},
		{"off by 200 ms", 77, 77 + 15625000, s + 200_000_000, isnJumps},
		{"back", 77, 76, 10 * s, isnJumps},
		{"another secret", 77, 3_000_000_000, 10 * s, isnJumps},
		{"a clock that is 100 ppm fast, for an hour", 77, 77 + reassembly.Seq(int64(3600*s)*10001/10000/64%(1<<32)), 3600 * s, isnContinues},
		{"too long ago", 77, 77, 4 * 3600 * s, isnUnknown},
		{"time went backwards", 77, 77, -1, isnUnknown},
	} {
		if got := followISN(tt.before, tt.isn, tt.elapsed); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
