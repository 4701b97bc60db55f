package main

import (
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
