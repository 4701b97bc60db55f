package report

import (
	"strings"
	"testing"

	"finscope/analyzer"
)

func TestExplain(t *testing.T) {
	half := halfClosed(17)
	ladder := []analyzer.Rung{
		{Frame: 2, Time: half.Start, Packet: "> S  1000:1000(0) win 64240", Client: analyzer.SynSent},
		{Frame: 3, Time: at(0.01), Packet: "< S. 5000:5000(0) ack 1001 win 65160", Client: analyzer.SynSent, Server: analyzer.SynReceived},
		{Frame: 4, Time: at(0.0101), Packet: "> .  1001:1001(0) ack 5001", Client: analyzer.Established, Server: analyzer.Established},
		{Frame: 812, Time: at(4.201334), Packet: "> F. 1101:1101(0) ack 5201", Client: analyzer.FinWait1, Server: analyzer.Established},
		{Frame: 813, Time: at(4.21301), Packet: "< .  5201:5201(0) ack 1102", Client: analyzer.FinWait2, Server: analyzer.CloseWait, Note: "acknowledges the FIN of frame 812"},
	}
	unanswered := halfClosed(2)
	unanswered.Verdict, unanswered.Client.State, unanswered.Server.State = analyzer.Unanswered, analyzer.FinWait1, analyzer.Unknown
	unanswered.Client.FIN.AckedFrame = nil
	unanswered.Findings, unanswered.HalfClose = nil, nil
	unanswered.Doubts, unanswered.Confidence = []analyzer.Doubt{analyzer.DoubtOneSided, analyzer.DoubtGivenUp}, analyzer.Ambiguous

	for _, c := range []struct {
		name   string
		flow   *analyzer.Flow
		ladder []analyzer.Rung
	}{
		{"half-closed", half, ladder},
		{"unanswered", unanswered, ladder[:4]},
		{"graceful", graceful(1), nil},
		{"simultaneous", simultaneous(3), nil},
		{"reset", reset(4), []analyzer.Rung{{Frame: 700, Time: at(50), Packet: "< R. 900:900(0) ack 101", Client: analyzer.Closed, Server: analyzer.Closed, Note: "ends the connection"}}},
		{"refused", refused(5), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b, coloured strings.Builder
			if err := Explain(&b, c.flow, c.ladder, at(captureLength), Palette{}); err != nil {
				t.Fatal(err)
			}
			golden(t, "explain-"+c.name+".txt", b.String())
			if err := Explain(&coloured, c.flow, c.ladder, at(captureLength), ANSI()); err != nil {
				t.Fatal(err)
			}
			if sgr.ReplaceAllString(coloured.String(), "") != b.String() {
				t.Error("colour changes the text")
			}
		})
	}
}

// A finding stands at the last packet on which it rests; one that rests on a packet of the next connection, at the end.
func TestArising(t *testing.T) {
	f := &analyzer.Flow{Findings: []analyzer.Finding{
		{Code: analyzer.LostACK, Frames: []uint64{8, 9, 12}},
		{Code: analyzer.TimeWaitReused, Frames: []uint64{20, 21}},
	}}
	at, later := arising(f, []analyzer.Rung{{Frame: 8}, {Frame: 9}, {Frame: 12}})
	if got := at[12]; len(at) != 1 || len(got) != 1 || got[0] != "!lost-ack" {
		t.Errorf("at the packets: %v", at)
	}
	if len(later) != 1 || later[0] != "!time-wait-reused" {
		t.Errorf("at the end: %v", later)
	}
}
