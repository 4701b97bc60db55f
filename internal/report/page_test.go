package report

import (
	"slices"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want []string
	}{
		{"", 5, []string{""}},
		{"a bb ccc", 4, []string{"a bb", "ccc"}},
		{"overlong word", 4, []string{"overlong", "word"}},
		{"é é é", 3, []string{"é é", "é"}}, // runes count, not bytes
	} {
		if got := wrap(c.in, c.n); !slices.Equal(got, c.want) {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestProseHangs(t *testing.T) {
	var b strings.Builder
	p := &page{w: &b}
	p.put(text("label  "))
	p.prose(strings.Repeat("word ", 30), warn)
	p.end()
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], "       word") {
		t.Errorf("want two lines, the second indented under the first word:\n%s", b.String())
	}
	for _, l := range lines {
		if width(l) > pageWidth {
			t.Errorf("line of %d columns", width(l))
		}
	}
}
