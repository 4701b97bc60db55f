package analyzer

import (
	"slices"
	"testing"

	"finscope/analyzer/pkttest"
)

// Before the last FIN has passed nobody can be in TIME_WAIT, and before its own one has nobody is CLOSED, however little shows when they
// came there.
func TestPresumedStatesBeginAfterTheirFINs(t *testing.T) {
	playedScripts(t, Options{}, func(s *pkttest.Script, rep *Report) {
		for f := range rep.Flows() {
			if f.Reset != nil || f.Client.FIN != nil && f.Server.FIN != nil && f.Client.FIN.Frame == f.Server.FIN.Frame { // a connection to itself has one
				continue
			}
			for _, e := range []*Endpoint{&f.Client, &f.Server} {
				for _, fin := range []*FIN{f.Client.FIN, f.Server.FIN} {
					if fin != nil && (e.State == TimeWait || e.State == Closed && fin == e.FIN) && e.StateSince.Before(fin.Time) {
						t.Errorf("%s: %v since %v, before the FIN of frame %d", s.Title, e.State, e.StateSince, fin.Frame)
					}
				}
			}
			for _, w := range f.TimeWait {
				for _, fin := range []*FIN{f.Client.FIN, f.Server.FIN} {
					if fin != nil && w.Since.Before(fin.Time) {
						t.Errorf("%s: TIME_WAIT since %v, before the FIN of frame %d", s.Title, w.Since, fin.Frame)
					}
				}
			}
		}
	})
}

// Nothing is certain of which something is in doubt; a SYN whose answer would not be in the capture may as well have been refused.
func TestConfidence(t *testing.T) {
	refusedUnseen := 0
	playedScripts(t, Options{}, func(s *pkttest.Script, rep *Report) {
		for f := range rep.Flows() {
			unseen := f.Verdict == NoReply && slices.Contains(f.Doubts, DoubtOneSided)
			if unseen {
				refusedUnseen++
			}
			if (f.Confidence == Certain) != (len(f.Doubts) == 0 && f.Verdict != Indeterminate) || unseen && f.Confidence != Ambiguous {
				t.Errorf("%s: stream %d: %s, %s, doubts %v", s.Title, f.Stream, f.Verdict, f.Confidence, f.Doubts)
			}
		}
	})
	if refusedUnseen == 0 {
		t.Error("no script has a SYN in a capture of one direction")
	}
}
