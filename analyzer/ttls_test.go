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
	}{
		{"nothing known", ttls{}, 64, false, false},
		{"the same", one, 64, false, false},
		{"another hop count", one, 57, true, true},
		{"another stack's start, no hops either", one, 255, true, false},
		{"the second of two", two, 64, false, false},
		{"the first of two", two, 57, false, false},
		{"neither of two", two, 61, true, true},
		{"a start of 128, as far as the second of two", two, 121, true, false},
	} {
		if other, otherHops := tc.t.deny(tc.ttl), tc.t.denyHops(tc.ttl); other != tc.other || otherHops != tc.otherHops {
			t.Errorf("%s: TTL %d after %v: deny %v, denyHops %v; want %v, %v", tc.name, tc.ttl, tc.t, other, otherHops, tc.other, tc.otherHops)
		}
	}
}
