package analyzer

import "testing"

// A copy of a FIN, or of data, may still come until twice the gap before it has passed, or for the first one a second, or three
// round trips.
func TestMayFollow(t *testing.T) {
	const s, ms = 1e9, 1e6
	tests := []struct {
		name  string
		gap   int64
		rtt   uint32 // microseconds
		marks marks
		wait  int64
	}{
		{"the only one", 0, 0, 0, 1 * s},
		{"the only one, on a short way", 0, 40_000, 0, 1 * s},
		{"the only one, on a long way", 0, 600_000, 0, 1800 * ms},
		{"the only one, whose SYN was sent again", 0, 0, synAgain, 3200 * ms}, // RFC 6298 §5.7
		{"the only one, whose SYN was sent again on a very long way", 0, 2_000_000, synAgain, 6 * s},
		{"the second after 200 ms", 200 * ms, 0, 0, 1400 * ms},
		{"the second after 200 ms, whose SYN was sent again", 200 * ms, 0, synAgain, 1400 * ms},
		{"the second, sent early on a long way", 10 * ms, 600_000, 0, 1800 * ms},
		{"a late one", 51 * s, 0, 0, 103 * s},
		{"one whose timer is at its longest", 120 * s, 0, 0, 122 * s}, // Linux TCP_RTO_MAX
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			last := try{time: 1_700_000_000 * s, gap: tt.gap}
			e := endpoint{rtt: tt.rtt, marks: tt.marks}
			if !last.mayFollow(&e, last.time+tt.wait) {
				t.Errorf("none may follow after %d ns, want one", tt.wait)
			}
			if last.mayFollow(&e, last.time+tt.wait+1) {
				t.Errorf("one may follow after %d ns, want none", tt.wait+1)
			}
		})
	}
}

// A SYN comes again after a second, or three in older systems, and then after pauses that double.
func TestSYNIsDue(t *testing.T) {
	const s, ms = 1e9, 1e6
	tests := []struct {
		name string
		so   int64 // from the first SYN to the latest
		wait int64
	}{
		{"sent once", 0, 3200 * ms},
		{"sent again after 1 s", 1 * s, 3 * s},
		{"sent again after 1 and 2 s", 3 * s, 7 * s},
		{"sent again after 3 s", 3 * s, 7 * s},
		{"sent again after 3 and 6 s", 9 * s, 13200 * ms},
		{"sent for two minutes and more", 127 * s, 124200 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := flow{start: 1_700_000_000 * s}
			e := endpoint{lastTime: f.start + tt.so}
			if tt.so > 0 {
				e.marks = synAgain
			}
			if !f.synIsDue(&e, e.lastTime+tt.wait) {
				t.Errorf("no SYN is due after %d ns, want one", tt.wait)
			}
			if f.synIsDue(&e, e.lastTime+tt.wait+1) {
				t.Errorf("a SYN is due after %d ns, want none", tt.wait+1)
			}
		})
	}
}
