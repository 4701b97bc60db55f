package report

import (
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		part, whole int
		want        string
	}{
		{0, 10, "-"}, {10, 10, "100.0%"}, {1, 3, "33.3%"},
		{1, 100000, "<0.1%"},      // one is not none
		{99999, 100000, ">99.9%"}, // nor all but one all
	} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("percent(%d, %d) = %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	start := time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		time.Second:     "2026-12-31 23:59:00.000 to 23:59:01.000 UTC",
		2 * time.Minute: "2026-12-31 23:59:00.000 to 2027-01-01 00:01:00.000 UTC",
	} {
		if got := span(start.In(time.FixedZone("", 3600)), start.Add(d)); got != want {
			t.Errorf("span over %v = %q, want %q", d, got, want)
		}
	}
}

func TestFirstFew(t *testing.T) {
	for _, c := range []struct {
		n, total int
		want     string
	}{{3, 3, "4, 5, 6"}, {2, 3, "4, 5 and 1 more"}, {5, 2000, "4, 5, 6 and 1,997 more"}} {
		if got := firstFew([]int{4, 5, 6}, c.n, c.total); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
