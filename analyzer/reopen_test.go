package analyzer

import (
	"slices"
	"testing"
	"time"

	"finscope/internal/decode"
)

// A connection that is accepted after a refusal, the end of which was told, is watched again.
func TestReopenedIsWatchedAgain(t *testing.T) {
	const port, second = 40000, int64(time.Second)
	l := newLiveFeed(t)
	type end struct {
		kind    EventKind
		verdict Verdict
	}
	var told []end
	advance := func(at int64) {
		if err := l.s.Advance(time.Unix(0, at), func(e Event) error {
			told = append(told, end{e.Kind, e.Flow.Verdict})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	t0 := 1000 * second
	l.send(t0, true, port, decode.SYN, 1000, 0, 0)
	l.send(t0+1e6, false, port, decode.RST|decode.ACK, 0, 1001, 0)
	advance(t0 + 2*second)
	l.open(t0+3*second, port)
	l.half(t0+4*second, port)
	for at := t0 + 5*second; at < t0+100*second; at += second {
		advance(at)
	}
	l.send(t0+100*second, false, port, decode.FIN|decode.ACK, 5001, 1002, 0)
	l.send(t0+100*second+1e6, true, port, decode.ACK, 1002, 5002, 0)
	advance(t0 + 103*second)
	want := []end{{EventClosed, Refused}, {EventStuck, HalfClosed}, {EventStuckOver, Graceful}, {EventClosed, Graceful}}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// What a report finds out of a capture of SYN, FIN and RST only holds no longer than that is what it is.
func TestReportChangesNothingInControlOnlySessions(t *testing.T) {
	const port, second = 40000, int64(time.Second)
	stuckAt := func(report bool) (at int64) {
		l := newLiveFeed(t)
		t0 := 1000 * second
		l.send(t0, true, port, decode.SYN, 1000, 0, 0)
		l.send(t0+1e6, false, port, decode.SYN|decode.ACK, 5000, 1001, 0)
		l.send(t0+2e6, true, port, decode.FIN|decode.ACK, 1001, 5001, 0)
		if report {
			l.s.Report()
		}
		l.send(t0+3e6, false, port, decode.ACK, 5001, 1002, 0)
		for now := t0; now < t0+200*second && at == 0; now += second {
			if err := l.s.Advance(time.Unix(0, now), func(e Event) error {
				if e.Kind == EventStuck {
					at = now - t0
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		return at
	}
	if without, with := stuckAt(false), stuckAt(true); without == 0 || with != without {
		t.Errorf("stuck after %d s, after %d s with a report", without/second, with/second)
	}
}
