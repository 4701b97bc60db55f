package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"finscope/internal/report"
)

func TestValues(t *testing.T) {
	for _, c := range []struct {
		value    pflag.Value
		in, want string // want is what String returns; "" is an error
	}{
		{new(seconds), "90", "1m30s"},
		{new(seconds), "1.5", "1.5s"},
		{new(seconds), "500ms", "500ms"},
		{new(seconds), "0", ""},
		{new(seconds), "-1", ""},
		{new(seconds), "NaN", ""},
		{new(seconds), "1e300", ""},
		{new(seconds), "1d", ""},
		{new(seconds), "300000h", ""},
		{new(streams), "3,1,3", "[3 1]"},
		{new(streams), " 4, 5", "[4 5]"},
		{new(streams), "", ""},
		{new(streams), "-1", ""},
		{new(positive), "7", "7"},
		{new(positive), "0", ""},
		{new(flowLimit), "all", "-1"},
		{new(flowLimit), "0", "0"},
		{new(ports), "1024-65535", "1024-65535"},
		{new(ports), "0-9", ""},
		{new(snapLength), "0", "0"},
		{new(snapLength), "262145", ""},
	} {
		err := c.value.Set(c.in)
		switch {
		case c.want == "" && err == nil:
			t.Errorf("%T takes %q as %v", c.value, c.in, c.value)
		case c.want != "" && err != nil:
			t.Errorf("%T: %v", c.value, err)
		case c.want != "" && c.value.String() != c.want:
			t.Errorf("%T reads %q as %v, want %s", c.value, c.in, c.value, c.want)
		}
	}
	if report.AllFlows != -1 {
		t.Error("all is shown as -1 above")
	}
}

// Whoever types a unit that is not known is told those that are, and what to type where that can be told.
func TestUnits(t *testing.T) {
	const units = "; the units are h, m, s, ms, us and ns"
	for in, want := range map[string]string{
		"1d": units + ": type 24h", "1.5 days": units + ": type 36h", "2W": units + ": type 336h", "5min": units + ": type 5m", "1 h": units + ": type 1h",
		"90 secs": units + ": type 90s", "10 ms": units + ": type 10ms", "1d12h": units, "soon": units, "d": units, "": units, "-1d": units, "infd": units, "İd": units,
		"0": "not \"0\"", "-5s": "not \"-5s\"", "2e9": "at most 30 years, not \"2e9\"", "NaN": "not \"NaN\"", "300000h": "at most 30 years, not \"300000h\"",
	} {
		err := new(seconds).Set(in)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v, want %q at the end", in, err, want)
		}
		if _, typed, ok := strings.Cut(want, ": type "); ok && new(seconds).Set(typed) != nil {
			t.Errorf("%q, which is to be typed for %q, is not taken", typed, in)
		}
	}
}
