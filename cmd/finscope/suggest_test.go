package main

import "testing"

func TestClosest(t *testing.T) {
	words := []string{"half-closed", "reset", "open", "lost-ack", "lost-fin"}
	for name, want := range map[string]string{
		"halfclosed": "half-closed", "rest": "reset", "lost-akc": "lost-ack", "opn": "open",
		"": "", "x": "", "frobnicate": "",
	} {
		if got := closest(name, words); got != want {
			t.Errorf("closest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
