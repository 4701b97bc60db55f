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
	waiting.write(&page{w: &out}, nil, ptr(at(100)))
	const want = `
TIME_WAIT      held by  in all  at the end  until         most at once  at
10.0.0.5:8080  server        3           2  12:02:22.204             -
10.0.0.5:8080  clients       2           2  12:02:31.204             -
`
	if out.String() != want {
		t.Errorf("got %swant %s", out.String(), want)
	}
}
