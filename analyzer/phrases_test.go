package analyzer

import (
	"testing"
	"time"
)

// A time of another day than the end of the capture has its date: captures last for days.
func TestMoment(t *testing.T) {
	end := time.Date(2026, 3, 1, 0, 0, 30, 0, time.UTC)
	for _, tt := range []struct {
		at            time.Time
		moment, clock string
	}{
		{end.Add(-20 * time.Second), "00:00:10.000 UTC", "00:00:10 UTC"},
		{end.Add(-40 * time.Second), "2026-02-28 23:59:50.000 UTC", "2026-02-28 23:59:50 UTC"},
		{end.AddDate(0, 0, 1), "2026-03-02 00:00:30.000 UTC", "2026-03-02 00:00:30 UTC"},
	} {
		if got := moment(tt.at.UnixNano(), end.UnixNano()); got != tt.moment {
			t.Errorf("moment(%v) is %q, want %q", tt.at, got, tt.moment)
		}
		if got := clock(tt.at.UnixNano(), end.UnixNano()); got != tt.clock {
			t.Errorf("clock(%v) is %q, want %q", tt.at, got, tt.clock)
		}
	}
}

func TestPercentage(t *testing.T) {
	for _, tt := range []struct {
		n, all uint64
		want   string
	}{{1, 10_000_000, "less than 0.1%"}, {1, 1000, "0.1%"}, {1, 14, "7.1%"}, {999, 1000, "99.9%"}, {5, 5, "100.0%"}} {
		if got := percentage(tt.n, tt.all); got != tt.want {
			t.Errorf("%d of %d is %q, want %q", tt.n, tt.all, got, tt.want)
		}
	}
}

func TestCounts(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{times(1), "once"}, {times(2), "twice"}, {times(3), "3 times"},
		{counted(1, "SYN was", "SYNs were"), "1 SYN was"}, {counted(0, "SYN was", "SYNs were"), "0 SYNs were"},
		{bytesText(1), "1 byte"}, {bytesText(1448), "1,448 bytes"},
		{connections(1), "1 connection"}, {connections(12), "12 connections"},
		{human(-5), "0 s"}, {human(250_000), "250 us"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

// A rate has a decimal below a hundred, unless that is a zero.
func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{{0, "0"}, {0.04, "0"}, {0.05, "0.1"}, {12, "12"}, {12.34, "12.3"}, {99.94, "99.9"}, {99.96, "100"}, {470.53, "471"}, {28232, "28,232"}} {
		if got := number(tt.v); got != tt.want {
			t.Errorf("%v is %q, want %q", tt.v, got, tt.want)
		}
	}
}
