package capture

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for _, tc := range []struct {
		in, line string
		ok       bool
	}{
		{"hello\nworld\n", "hello", true},
		{"\r\nx", "", true},
		{"tab\there", "tab\there", true},
		{"größer", "größer", true},
		{strings.Repeat("ä", 31) + "\xc3", strings.Repeat("ä", 15), true}, // the 64 bytes end in a letter
		{"nul\x00", "", false},
		{"\xff\xfe\xfd\xfc\xfb", "", false},
		{"del\x7f", "", false},
	} {
		if line, ok := text([]byte(tc.in)); line != tc.line || ok != tc.ok {
			t.Errorf("%q: %q, %v; want %q, %v", tc.in, line, ok, tc.line, tc.ok)
		}
	}
}

// TestForeign: whatever the bytes are, the message has one line and says what to do.
func TestForeign(t *testing.T) {
	for _, in := range []string{"BZh9", "PK\x03\x04", "\x02\x21\x4c\x18", "GMBU\x00", "RTSS\x00", "XCP\x00", "\x1c\x00\x01\xab", "\xac\x01\x00\x1c", "\x00\x00\x00\x00", "x"} {
		_, err := collect(openBytes("x", []byte(in)))
		d := damage(t, err)
		msg := d.Error()
		if d.Frame != 0 || strings.Contains(msg, "\n") || !strings.Contains(msg, ": ") || !strings.HasPrefix(msg, "x: is ") {
			t.Errorf("%q: %s", in, msg)
		}
	}
}
