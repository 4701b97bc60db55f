package analyzer

import (
	"math"
	"testing"
	"time"
)

// Options that mean nothing are refused; more shards than a machine makes use of are not made.
func TestOptionsLimits(t *testing.T) {
	for _, o := range []Options{
		{PortRange: PortRange{Low: 60000, High: 1000}},
		{PortRange: PortRange{High: 1000}},
		{TimeWait: -1},
		{StuckAfter: math.MaxInt64},
		{OS: "plan9"},
	} {
		if _, err := newRun(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	r, err := newRun(Options{Jobs: math.MaxInt, TimeWait: 1e9 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.shards); n != maxJobs {
		t.Errorf("%d shards, want %d", n, maxJobs)
	}
}

// The zero Report is one without connections.
func TestZeroReport(t *testing.T) {
	r := (&Report{}).Select(func(*Flow) bool { return true })
	for range r.Flows() {
		t.Error("it has a connection")
	}
}
