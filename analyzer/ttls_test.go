package analyzer

import "testing"

func TestTTLs(t *testing.T) {
	var one, two ttls
	one.note(64)
	one.note(64)
	two.note(64)
	two.note(57)
	for _, tc := range []struct {
		name             string
		t                ttls
		ttl              uint8
		other, otherHops bool
		twoThen          bool
	}{
		{"nothing known", ttls{}, 64, false, false, false},
		{"the same", one, 64, false, false, false},
		{"another hop count", one, 57, true, true, true},
		{"another stack's start, no hops either", one, 255, true, false, true},
		{"the second of two", two, 64, false, false, true},
		{"the first of two", two, 57, false, false, true},
		{"neither of two", two, 61, true, true, true},
		{"a start of 128, as far as the second of two", two, 121, true, false, true},
	} {
		if other, otherHops := tc.t.deny(tc.ttl), tc.t.denyHops(tc.ttl); other != tc.other || otherHops != tc.otherHops {
			t.Errorf("%s: TTL %d after %v: deny %v, denyHops %v; want %v, %v", tc.name, tc.ttl, tc.t, other, otherHops, tc.other, tc.otherHops)
		}
		if then := tc.t.changes(tc.ttl); then != tc.twoThen {
			t.Errorf("%s: TTL %d after %v: two then %v, want %v", tc.name, tc.ttl, tc.t, then, tc.twoThen)
		}
	}
}
