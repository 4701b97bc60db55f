package analyzer

import "testing"

// Who closed first is decided by what each side knew, not by what was captured first.
func TestClosedFirst(t *testing.T) {
	const ms = 1e6
	const end0, end1 = 100, 500 // the number just past the FIN of endpoint 0, and of 1
	fin0 := finFacts{sent: true, end: end0, ack: end1 - 1, frame: 10, time: 1000 * ms}
	fin1 := finFacts{sent: true, end: end1, ack: end0 - 1, frame: 11, time: 1001 * ms}
	answer := func(n finFacts) finFacts { n.ack++; return n } // with it the FIN acknowledges the other one
	rst := func(by uint8, frame uint64, time int64) rstFacts {
		return rstFacts{accepted: true, by: by, frame: frame, time: time, seq: end1 + 7}
	}
	abort := func(frame uint64, time int64) goneFacts {
		return goneFacts{valid: true, abort: true, ack: end0 - 1, abortFrame: frame, abortTime: time}
	}
	tests := []struct {
		name    string
		fins    [2]finFacts
		rst     rstFacts
		gone    [2]goneFacts
		verdict Verdict
		flags   flowFlags
		who     int
		by      ClosedBy
	}{
		{name: "nobody closed", verdict: Open, who: noSide},
		{name: "one FIN", fins: [2]finFacts{fin0}, who: 0, by: ByFIN},
		{name: "the other FIN", fins: [2]finFacts{1: fin1}, who: 1, by: ByFIN},
		{name: "the second FIN acknowledges the first", fins: [2]finFacts{fin0, answer(fin1)}, who: 0, by: ByFIN},
		{name: "the FIN captured first acknowledges the other", fins: [2]finFacts{answer(fin0), fin1}, who: 1, by: ByFIN},
		{name: "neither FIN acknowledges the other", fins: [2]finFacts{fin0, fin1}, who: bothSides, by: ByFIN},
		{name: "each FIN acknowledges the other: first copies are missing", fins: [2]finFacts{answer(fin0), answer(fin1)}, who: unknownSide, by: ByFIN},
		{name: "a FIN, and no more can be told", fins: [2]finFacts{fin0}, verdict: Indeterminate, who: unknownSide, by: ByFIN},
		{name: "a socket connected to itself", fins: [2]finFacts{fin0}, flags: self, who: bothSides, by: ByFIN},
		{name: "a refusal", rst: rstFacts{accepted: true, refusal: true, by: 1, frame: 2}, verdict: Refused, who: noSide},
		{name: "a RST", rst: rst(1, 5, 500*ms), who: 1, by: ByRST},
		{name: "a RST that another host may have sent", rst: rstFacts{accepted: true, foreign: true, by: 1, frame: 5}, who: unknownSide, by: ByRST},
		{name: "both aborted", rst: rst(1, 5, 500*ms), gone: [2]goneFacts{abort(4, 499*ms), abort(5, 500*ms)}, who: bothSides, by: ByRST},
		{name: "one aborted, and the RST that counts answers it", rst: rst(1, 5, 500*ms), gone: [2]goneFacts{abort(4, 499*ms)}, who: 0, by: ByRST},
		{name: "a FIN and the RST that followed", fins: [2]finFacts{fin0}, rst: rst(1, 12, 1002*ms), who: 0, by: ByFIN},
		{name: "a FIN and a RST of its own sender", fins: [2]finFacts{fin0}, rst: rst(0, 5, 500*ms), who: 0, by: ByFIN},
		{name: "a FIN that crossed the RST", fins: [2]finFacts{fin0}, rst: rst(1, 9, 800*ms), who: bothSides, by: ByRST},
		{name: "a FIN that came too late to have crossed the RST", fins: [2]finFacts{fin0}, rst: rst(1, 9, 800*ms-1), who: 1, by: ByRST},
		{name: "an abort whose sender did not have the FIN", fins: [2]finFacts{fin0}, rst: rst(1, 12, 1002*ms), gone: [2]goneFacts{1: abort(12, 1002*ms)}, who: bothSides, by: ByRST},
		{name: "an abort long before the FIN", fins: [2]finFacts{fin0}, rst: rst(1, 9, 700*ms), gone: [2]goneFacts{1: abort(9, 700*ms)}, who: 1, by: ByRST},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := flow{flags: tt.flags}
			o := outcome{verdict: tt.verdict, resets: &resets{rst: tt.rst, gone: tt.gone}}
			o.c.fin = tt.fins
			if who, by := closedFirst(&f, &o); who != tt.who || by != tt.by {
				t.Errorf("%d, by %q; want %d, by %q", who, by, tt.who, tt.by)
			}
		})
	}
}
