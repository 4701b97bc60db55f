package report

import (
	"testing"

	"finscope/analyzer"
)

// Every verdict has a headline of its own and every doubt words of its own.
func TestEverythingHasWords(t *testing.T) {
	seen := map[string]analyzer.Verdict{}
	for _, v := range analyzer.Verdicts() {
		f := halfClosed(1)
		f.Verdict = v
		h := headline(f)
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s both read %q", v, other, h)
		}
		seen[h] = v
	}
	for _, d := range []analyzer.Doubt{analyzer.DoubtMidStream, analyzer.DoubtOneSided, analyzer.DoubtGap, analyzer.DoubtFirstFIN,
		analyzer.DoubtInferredFIN, analyzer.DoubtBehindData, analyzer.DoubtKernelDrops, analyzer.DoubtDisorder, analyzer.DoubtMPTCP,
		analyzer.DoubtLastPacket, analyzer.DoubtAckNotSeen, analyzer.DoubtGivenUp, analyzer.DoubtRSTUnproven, analyzer.DoubtRSTForeign,
		analyzer.DoubtRSTStrict, analyzer.DoubtStateLost, analyzer.DoubtFinishedEarly} {
		if doubtWords(d) == string(d) {
			t.Errorf("%s has no words", d)
		}
	}
}

func TestHeadlineAndDebt(t *testing.T) {
	fromServer := halfClosed(1)
	fromServer.ClosedFirst = analyzer.ServerFirst
	fromServer.Client.FIN, fromServer.Server.FIN = nil, fromServer.Client.FIN
	fromServer.Client.State, fromServer.Server.State = analyzer.CloseWait, analyzer.FinWait2

	lastAck := graceful(1)
	lastAck.Verdict = analyzer.LastAckMissing
	lastAck.Client.FIN.AckedFrame = nil
	lastAck.Client.State, lastAck.Server.State = analyzer.LastAck, analyzer.FinWait2

	gaveUp := graceful(1)
	gaveUp.Verdict = analyzer.LastAckMissing
	gaveUp.Client.FIN.AckedFrame = nil

	resetAfterFIN := reset(1)
	resetAfterFIN.ClosedFirst, resetAfterFIN.ClosedBy = analyzer.ClientFirst, ptr(analyzer.ByFIN)

	both := noReply(analyzer.SynSent, analyzer.SynSent, 1)
	both.Roles = analyzer.RolesBoth

	for _, c := range []struct {
		name           string
		flow           *analyzer.Flow
		headline, debt string
	}{
		{"half-closed", halfClosed(1), "client closed first, half-closed", "the server still owes its FIN"},
		{"the other way round", fromServer, "server closed first, half-closed", "the client still owes its FIN"},
		{"last ACK", lastAck, "server closed first, both sent a FIN, that of the client was never acknowledged", "the server still owes the ACK of frame 39"},
		{"last ACK, given up", gaveUp, "server closed first, both sent a FIN, that of the client was never acknowledged", ""},
		{"graceful", graceful(1), "server closed first, both FINs acknowledged", ""},
		{"reset", reset(1), "reset by the server", ""},
		{"reset after a FIN", resetAfterFIN, "client closed first, then reset by the server", ""},
		{"refused", refused(1), "refused by the server", ""},
		{"no reply", noReply(analyzer.SynSent, analyzer.Unknown, 0), "no reply to the SYN of the client", "the server still owes an answer"},
		{"no reply to a SYN-ACK", noReply(analyzer.SynSent, analyzer.SynReceived, 1), "no reply to the SYN-ACK of the server", "the client still owes the ACK of the handshake"},
		{"no reply but what answers nothing", noReply(analyzer.Closed, analyzer.Unknown, 2), "no reply to the SYN of the client", ""},
		{"no reply to either", both, "no reply to either SYN", "the server still owes an answer"},
	} {
		if got := headline(c.flow); got != c.headline {
			t.Errorf("%s: headline %q, want %q", c.name, got, c.headline)
		}
		if got := debt(c.flow); got != c.debt {
			t.Errorf("%s: debt %q, want %q", c.name, got, c.debt)
		}
	}
}

// What both sides knew when they closed, by the ACK numbers on their FINs.
func TestCrossing(t *testing.T) {
	copyOnly := simultaneous(3) // the client's first FIN was lost before the capture point; its copy acknowledges more
	copyOnly.Client.FIN.Ack = copyOnly.Server.FIN.Seq + 1
	for _, c := range []struct {
		name string
		flow *analyzer.Flow
		want string
	}{
		{"crossed", simultaneous(3), "neither FIN acknowledges the other"},
		{"crossed, only a copy captured", copyOnly, "the FIN of frame 1003 is a copy: the first, which was not captured, had been sent before that of frame 1004 arrived"},
		{"reset", reset(4), ""},
	} {
		if got := crossing(c.flow); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// noReply is a connection that was not set up, with its states and how many packets of the server were captured.
func noReply(client, server analyzer.State, packets uint64) *analyzer.Flow {
	f := &analyzer.Flow{Verdict: analyzer.NoReply, ClosedFirst: analyzer.NoneFirst}
	f.Client.State, f.Server.State, f.Server.Packets = client, server, packets
	return f
}

// Where only one direction was captured, nobody is said not to have answered a SYN, nor to owe the answer.
func TestAnswerUnseen(t *testing.T) {
	f := noReply(analyzer.SynSent, analyzer.Unknown, 0)
	f.Packets, f.FirstFrame, f.LastFrame = 2, 5, 9
	seen := []string{headline(f), debt(f), reason(f)}
	f.Doubts = []analyzer.Doubt{analyzer.DoubtOneSided}
	unseen := []string{headline(f), debt(f), reason(f)}
	for i, want := range [][2]string{
		{"no reply to the SYN of the client", "no reply to the SYN of the client was captured"},
		{"the server still owes an answer", ""},
		{"2 packets from frame 5 to 9, and no segment came back", "2 packets from frame 5 to 9; the direction in which an answer would have come was not captured"},
	} {
		if seen[i] != want[0] || unseen[i] != want[1] {
			t.Errorf("%q, with one direction %q, want %q", seen[i], unseen[i], want)
		}
	}
}

// Where only one direction was captured, nobody is said to have acknowledged a FIN, and nobody to have left it unacknowledged.
func TestFINWords(t *testing.T) {
	for _, tt := range []struct {
		verdict analyzer.Verdict
		want    string
	}{
		{analyzer.Graceful, "the client sent its FIN in frame 3; the direction in which its acknowledgment went was not captured"},
		{analyzer.LastAckMissing, "the client sent its FIN in frame 3, never acknowledged"},
	} {
		if got := finWords(&analyzer.Flow{Verdict: tt.verdict}, analyzer.ClientSide, &analyzer.FIN{Frame: 3, Sent: 1}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.verdict, got, tt.want)
		}
	}
}
