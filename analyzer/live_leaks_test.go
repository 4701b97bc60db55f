package analyzer

import (
	"net/netip"
	"slices"
	"testing"
)

// A leak begins with its second connection, unless as many closed as late before, and is over when none hangs.
func TestHangingCloses(t *testing.T) {
	service := netip.MustParseAddrPort("10.0.0.2:80")
	flow := func(stream int, late bool) *Flow {
		who := ServerSide
		f := &Flow{
			Stream: stream, Client: Endpoint{IP: netip.MustParseAddr("10.0.0.1"), Port: uint16(stream)}, Server: Endpoint{IP: service.Addr(), Port: service.Port()},
			Findings: []Finding{{Code: FinWait2Stuck}, {Code: CloseWaitStuck, Who: &who}},
		}
		if late {
			f.Server.FIN = &FIN{}
		}
		return f
	}
	const second = int64(1e9)
	h := newHangingCloses()
	now := second
	told := func() (out []EventKind) {
		if err := h.tell(now, func(kind EventKind, l *Leak) error {
			if l.Service != service || l.Client.IsValid() {
				t.Errorf("told of %+v", l)
			}
			out = append(out, kind)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	expect := func(what string, want ...EventKind) {
		t.Helper()
		if got := told(); !slices.Equal(got, want) {
			t.Errorf("%s: told %v, want %v", what, got, want)
		}
	}
	h.begin(flow(1, false))
	expect("one hangs")
	h.begin(flow(2, false))
	expect("two hang", EventLeak)
	h.begin(flow(3, false))
	h.end(flow(1, true), now)
	h.end(flow(2, true), now)
	expect("one of three still hangs")
	h.end(flow(3, true), now)
	expect("all were closed at once", EventLeakOver)

	// That was one late close, as they came at the same moment: two that hang are more than that. After three late closes
	// they are not.
	h.begin(flow(4, false))
	h.begin(flow(5, false))
	expect("two hang again", EventLeak)
	now += 2 * second
	h.end(flow(4, true), now)
	now += 2 * second
	h.end(flow(5, true), now)
	expect("each was closed", EventLeakOver)
	h.begin(flow(6, false))
	h.begin(flow(7, false))
	h.begin(flow(8, false))
	expect("three hang of a service that closed late three times")
	h.begin(flow(9, false))
	expect("four hang", EventLeak)

	for stream := 6; stream <= 9; stream++ {
		h.end(flow(stream, false), now) // the other side reset them
	}
	expect("none hangs", EventLeakOver)
	now += 2 * lateFor
	expect("an hour later")
	if n := len(h.owners) + len(h.hanging) + len(h.moved); n > 0 {
		t.Errorf("%d entries are left", n)
	}
}
