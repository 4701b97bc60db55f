package analyzer

import (
	"testing"

	"finscope/analyzer/pkttest"
)

// A service counts as stuck what the record of a connection says is stuck, and what hangs without a finding of its own: the
// other end of such a connection, of one whose FIN is not sent again any more, or of one whose FIN only a number shows. In
// captures of SYN, FIN and RST only neither says so.
func TestServicesCountWhatIsStuck(t *testing.T) {
	stuck, controlOnly := 0, 0
	playedScripts(t, Options{Jobs: 1}, func(s *pkttest.Script, r *Report) {
		var flows, services int
		for f := range r.Flows() {
			for _, find := range f.Findings {
				if IsStuck(find.Code) {
					flows++
				}
			}
		}
		for _, sv := range r.Services {
			for _, n := range sv.Stuck {
				services += n
			}
		}
		stuck += flows
		switch {
		case services < flows:
			t.Errorf("%s:%d: %s: %d stuck by the records of connections, %d by those of services", s.File, s.Line, s.Title, flows, services)
		case r.controlOnly:
			controlOnly++
			if services > 0 {
				t.Errorf("%s:%d: %s: %d stuck, and nothing else was captured that could show it", s.File, s.Line, s.Title, services)
			}
		}
	})
	if stuck == 0 || controlOnly == 0 {
		t.Errorf("%d findings of stuck closes, %d captures of SYN, FIN and RST only", stuck, controlOnly)
	}
}
