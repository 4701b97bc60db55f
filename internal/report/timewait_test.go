package report

import (
	"net/netip"
	"strings"
	"testing"

	"finscope/analyzer"
)

func TestWaits(t *testing.T) {
	waiting := make(waits)
	a, b := simultaneous(1), simultaneous(2)
	b.Client.IP = netip.MustParseAddr("10.0.0.99")
	b.TimeWait[0].Until = at(150)
	for _, f := range []*analyzer.Flow{a, b, graceful(3), halfClosed(4)} {
		waiting.add(f)
	}
	var out strings.Builder
	waiting.write(&page{w: &out}, &analyzer.Report{Summary: analyzer.Summary{End: ptr(at(100))}})
	const want = `
TIME_WAIT      held by  in all  at the end  until         most at once  at
10.0.0.5:8080  server        3           2  12:02:22.204             -
10.0.0.5:8080  clients       2           2  12:02:31.204             -
as this capture shows it: what it does not show, or what began before it, comes on top
`
	if out.String() != want {
		t.Errorf("got %swant %s", out.String(), want)
	}
}

func TestSpark(t *testing.T) {
	s := &analyzer.Summary{Start: ptr(at(0)), End: ptr(at(24))}
	series := func(points ...int) *analyzer.TimeWaitRecord {
		w := &analyzer.TimeWaitRecord{}
		for i, n := range points {
			if n >= 0 {
				w.Series = append(w.Series, analyzer.TimeWaitPoint{Time: at(float64(i) + 0.5), Count: n})
				w.Peak = max(w.Peak, n)
			}
		}
		return w
	}
	for _, tt := range []struct {
		name, want string
		w          *analyzer.TimeWaitRecord
	}{
		{"no record", "", nil},
		{"one number", "", series(1)},
		{"a climb to the peak", "▁▂▃▄▅▆▇███████████████▃·", series(1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 3, 0)},
		{"none at first", "··············▄▄▄▄▄▄▄▄██", series(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, -1, -1, -1, -1, 1, -1, -1, 2)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := spark(tt.w, s); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
