package analyzer

import (
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// A TIME_WAIT begins with the close, also where its holder answers later what the capture does not show, and does not end before
// it begins, whatever clocks say.
func TestTimeWaitBegins(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rst   int // ticks after the late answer
		lasts int // ticks
	}{
		{"a RST answers the late answer", 1, 31},
		{"the clock steps back before the RST", -70, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay(1)
			u := &tuple{p: p, port: 40000}
			u.connect([2]reassembly.Seq{1000, 5000})
			u.closeBy(0)
			closed := u.now
			u.now += 29
			u.send(0, decode.ACK, u.next[0], 0)
			u.now += tt.rst - 1
			u.send(1, decode.RST, u.next[1], 0)
			rep := analyzePackets(t, p.packets)
			f, _ := rep.Flow(0)
			if len(f.TimeWait) != 1 {
				t.Fatalf("%d TIME_WAITs", len(f.TimeWait))
			}
			w := f.TimeWait[0]
			since, until := w.Since.UnixNano()-p.packets[0].time, w.Until.UnixNano()-p.packets[0].time
			if first := int64(closed-1) * tick; since != first || until-since != int64(tt.lasts)*tick || w.Ended != WaitKilled {
				t.Errorf("from %d to %d, %s; want from %d for %d ticks", since, until, w.Ended, first, tt.lasts)
			}
		})
	}
}
