package units

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for _, tc := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0 s"},
		{1, "0 us"},
		{250 * time.Microsecond, "250 us"},
		{999499 * time.Nanosecond, "999 us"},
		{999500 * time.Nanosecond, "1 ms"},
		{1234 * time.Microsecond, "1.23 ms"},
		{12340 * time.Microsecond, "12.3 ms"},
		{200 * time.Millisecond, "200 ms"},
		{999499 * time.Microsecond, "999 ms"},
		{999500 * time.Microsecond, "1 s"},
		{9995 * time.Millisecond, "10 s"},
		{59999 * time.Millisecond, "60 s"},
		{60 * time.Second, "60 s"},
		{75260 * time.Millisecond, "75.3 s"},
		{119499 * time.Millisecond, "119 s"},
		{119500 * time.Millisecond, "2 min"},
		{125 * time.Second, "2 min 5 s"},
		{time.Hour - time.Millisecond, "1 h"},
		{90 * time.Minute, "1 h 30 min"},
		{24*time.Hour - time.Second, "1 d"},
		{51*time.Hour + 29*time.Minute, "2 d 3 h"},
		{-90 * time.Second, "-90 s"},
	} {
		if got := Duration(tc.d); got != tc.want {
			t.Errorf("Duration(%v) = %q, want %q", tc.d, got, tc.want)
		}
	}
}
