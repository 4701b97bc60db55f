package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"finscope/analyzer"
	"finscope/internal/units"
)

// This file is the one place where verdicts, states and doubts become English.

// headline says how a connection closed: who began, what came of it.
func headline(f *analyzer.Flow) string {
	switch f.Verdict {
	case analyzer.Graceful:
		return first(f, "both FINs acknowledged")
	case analyzer.Simultaneous:
		return "both closed at once, both FINs acknowledged"
	case analyzer.HalfClosed:
		return first(f, "half-closed")
	case analyzer.Unanswered:
		return first(f, "its FIN was never acknowledged")
	case analyzer.LastAckMissing:
		return first(f, "both sent a FIN, "+unacked(f))
	case analyzer.ResetVerdict:
		by := "reset"
		if f.Reset != nil {
			by = "reset by the " + string(f.Reset.By)
		}
		if f.ClosedBy != nil && *f.ClosedBy == analyzer.ByFIN {
			return first(f, "then "+by)
		}
		return by
	case analyzer.Refused:
		if f.Reset != nil {
			return "refused by the " + string(f.Reset.By)
		}
		return "refused"
	case analyzer.NoReply:
		switch {
		case answeredSYN(f):
			return "no reply to the SYN-ACK of the server"
		case f.Roles == analyzer.RolesBoth:
			return "no reply to either SYN"
		case answerUnseen(f):
			return "no reply to the SYN of the client was captured"
		}
		return "no reply to the SYN of the client"
	case analyzer.Open:
		return "open, no FIN and no RST by the end of the capture"
	}
	return "the capture lacks the part that would tell how it closed"
}

// answeredSYN reports whether the SYN-ACK of the server was captured, of a connection that went no further.
func answeredSYN(f *analyzer.Flow) bool {
	switch f.Server.State {
	case analyzer.SynReceived, analyzer.Closed: // or it has given up since
		return f.Server.Packets > 0
	}
	return false
}

// answerUnseen reports whether an answer to the SYN of a connection would not be in the capture.
func answerUnseen(f *analyzer.Flow) bool {
	return f.Verdict == analyzer.NoReply && slices.Contains(f.Doubts, analyzer.DoubtOneSided)
}

// first puts who closed first before rest.
func first(f *analyzer.Flow, rest string) string {
	switch f.ClosedFirst {
	case analyzer.ClientFirst, analyzer.ServerFirst:
		return string(f.ClosedFirst) + " closed first, " + rest
	case analyzer.BothFirst:
		return "both closed at once, " + rest
	}
	return "who closed first is unknown, " + rest
}

// unacked names the FINs whose acknowledgment the capture does not show.
func unacked(f *analyzer.Flow) string {
	c, s := unacknowledged(&f.Client), unacknowledged(&f.Server)
	switch {
	case c && s:
		return "neither was acknowledged"
	case c:
		return "that of the client was never acknowledged"
	case s:
		return "that of the server was never acknowledged"
	}
	return "one was never acknowledged"
}

// outcome says what became of a connection by the end of the capture.
func outcome(f *analyzer.Flow) string {
	age := units.Duration(f.Age.Duration())
	d, w := debt(f), timeWaits(f)
	switch {
	case d != "" && f.Age == 0:
		return d
	case d != "":
		return age + " later " + d
	case f.Age == 0:
		age = "the capture ends here"
	default:
		age += " after the last change"
	}
	if w != "" {
		return age + "; " + w
	}
	return age
}

// debt says who owes the next packet; empty if nobody does.
func debt(f *analyzer.Flow) string {
	switch f.Verdict {
	case analyzer.HalfClosed:
		ower := finOwer(f)
		e := &f.Client
		if ower == analyzer.ServerSide {
			e = &f.Server
		}
		switch e.State {
		case analyzer.Closing, analyzer.LastAck, analyzer.Closed, analyzer.Unknown: // its numbers show one that was not captured, or it has given up
			return ""
		}
		return "the " + string(ower) + " still owes its FIN"
	case analyzer.Unanswered, analyzer.LastAckMissing:
		var owed []string
		if ackIsDue(&f.Client) {
			owed = append(owed, fmt.Sprintf("the server still owes the ACK of frame %d", f.Client.FIN.Frame))
		}
		if ackIsDue(&f.Server) {
			owed = append(owed, fmt.Sprintf("the client still owes the ACK of frame %d", f.Server.FIN.Frame))
		}
		return strings.Join(owed, ", ")
	case analyzer.NoReply:
		switch {
		case answerUnseen(f): // it may have come
		case f.Server.State == analyzer.SynReceived:
			return "the client still owes the ACK of the handshake"
		case f.Client.State == analyzer.SynSent && f.Server.State != analyzer.Closed:
			return "the server still owes an answer"
		}
	case analyzer.Open:
		switch {
		case f.Client.State == analyzer.SynSent:
			return "the server still owes an answer to the SYN"
		case f.Server.State == analyzer.SynReceived:
			return "the client still owes the ACK of the handshake"
		}
	}
	return ""
}

// ackIsDue reports whether e waits for the ACK of its FIN. Where the ACK is missing but the state has moved on, the
// analyzer has reason to think that it arrived unseen, or that e gave up waiting.
func ackIsDue(e *analyzer.Endpoint) bool {
	switch e.State {
	case analyzer.FinWait1, analyzer.Closing, analyzer.LastAck:
		return unacknowledged(e)
	}
	return false
}

func unacknowledged(e *analyzer.Endpoint) bool { return e.FIN != nil && e.FIN.AckedFrame == nil }

// finOwer is the side of a half-closed connection that has not closed.
func finOwer(f *analyzer.Flow) analyzer.Side {
	if f.Client.FIN != nil || f.Server.State == analyzer.CloseWait {
		return analyzer.ServerSide
	}
	return analyzer.ClientSide
}

// timeWaits says what became of the TIME_WAITs of a closed connection.
func timeWaits(f *analyzer.Flow) string {
	var parts []string
	for i := range f.TimeWait {
		w := &f.TimeWait[i]
		who := "the " + string(w.Holder)
		switch w.Ended {
		case analyzer.WaitRunning:
			parts = append(parts, who+" holds TIME_WAIT until "+moment(w.Until, f.End))
		case analyzer.WaitExpired:
			parts = append(parts, who+" held TIME_WAIT until "+moment(w.Until, f.End))
		case analyzer.WaitReused:
			parts = append(parts, "the TIME_WAIT of "+who+" was reused")
		case analyzer.WaitKilled:
			parts = append(parts, "a RST ended the TIME_WAIT of "+who)
		}
	}
	return strings.Join(parts, ", ")
}

// reason rests the verdict on frames, in their order.
func reason(f *analyzer.Flow) string {
	type event struct {
		frame uint64
		text  string
	}
	var events []event
	if fin := f.Client.FIN; fin != nil {
		events = append(events, event{fin.Frame, finWords(f, analyzer.ClientSide, fin)})
	}
	if fin := f.Server.FIN; fin != nil {
		events = append(events, event{fin.Frame, finWords(f, analyzer.ServerSide, fin)})
	}
	if r := f.Reset; r != nil {
		events = append(events, event{r.Frame, resetWords(r)})
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.frame, b.frame) })
	var parts []string
	for _, e := range events {
		parts = append(parts, e.text)
	}
	if c := crossing(f); c != "" {
		parts = append(parts, c)
	}
	frames := fmt.Sprintf("from frame %d to %d", f.FirstFrame, f.LastFrame)
	switch sent := plural(f.Packets, "packet") + " " + frames; {
	case len(parts) > 0:
		return strings.Join(parts, "; ")
	case f.Verdict != analyzer.NoReply:
		return "no FIN and no RST " + frames
	case answeredSYN(f):
		return sent + "; the client did not complete the handshake"
	case f.Server.Packets > 0:
		return sent + ", and nothing that answers"
	case answerUnseen(f):
		return sent + "; the direction in which an answer would have come was not captured"
	default:
		return sent + ", and no segment came back"
	}
}

func finWords(f *analyzer.Flow, side analyzer.Side, fin *analyzer.FIN) string {
	t := fmt.Sprintf("the %s sent its FIN in frame %d", side, fin.Frame)
	if fin.Sent > 1 {
		t += fmt.Sprintf(" (%s times: frames %s)", units.Count(fin.Sent), firstFew(fin.Frames, listedStreams, fin.Sent))
	}
	switch {
	case fin.AckedFrame != nil:
	case f.Verdict == analyzer.Graceful || f.Verdict == analyzer.Simultaneous:
		return t + "; the direction in which its acknowledgment went was not captured"
	default:
		return t + ", never acknowledged"
	}
	return t + fmt.Sprintf(", acknowledged in frame %d", *fin.AckedFrame)
}

func resetWords(r *analyzer.Reset) string {
	t := fmt.Sprintf("the %s sent a RST in frame %d", r.By, r.Frame)
	if r.ClientState != analyzer.Unknown {
		t += fmt.Sprintf(", the client in %v", r.ClientState)
	}
	if r.ServerState != analyzer.Unknown {
		t += fmt.Sprintf(", the server in %v", r.ServerState)
	}
	if !r.Accepted {
		t += ", which its receiver did not have to accept"
	}
	if r.Cause != nil {
		t += " (" + *r.Cause + ")"
	}
	return t
}

// crossing says what each side knew when it sent its FIN: whether the ACK number on a FIN covers the other FIN decides
// who closed first.
func crossing(f *analyzer.Flow) string {
	c, s := f.Client.FIN, f.Server.FIN
	switch {
	case c == nil || s == nil || f.Reset != nil:
		return ""
	case f.ClosedFirst == analyzer.BothFirst && s.Ack == c.Seq+1:
		return copied(s, c)
	case f.ClosedFirst == analyzer.BothFirst && c.Ack == s.Seq+1:
		return copied(c, s)
	case s.Ack == c.Seq+1:
		return fmt.Sprintf("the FIN of frame %d acknowledges that of frame %d", s.Frame, c.Frame)
	case c.Ack == s.Seq+1:
		return fmt.Sprintf("the FIN of frame %d acknowledges that of frame %d", c.Frame, s.Frame)
	}
	return "neither FIN acknowledges the other"
}

// copied describes a FIN that acknowledges the other one although both crossed: what was captured of it is a copy.
func copied(fin, other *analyzer.FIN) string {
	return fmt.Sprintf("the FIN of frame %d is a copy: the first, which was not captured, had been sent before that of frame %d arrived", fin.Frame, other.Frame)
}

// doubtWords says why a verdict is not certain.
func doubtWords(d analyzer.Doubt) string {
	switch d {
	case analyzer.DoubtMidStream:
		return "the capture starts inside the connection"
	case analyzer.DoubtOneSided:
		return "only one direction was captured"
	case analyzer.DoubtGap:
		return "bytes were acknowledged that the capture does not have"
	case analyzer.DoubtFirstFIN:
		return "only a later copy of a FIN was captured, so what its sender knew at first is not known"
	case analyzer.DoubtInferredFIN:
		return "a FIN was not captured, only its acknowledgment"
	case analyzer.DoubtBehindData:
		return "a FIN may have been waiting behind data when the FIN of the peer arrived"
	case analyzer.DoubtKernelDrops:
		return "the capturing kernel dropped packets"
	case analyzer.DoubtDisorder:
		return "timestamps go backwards: inside the connection, or by more than an hour in the capture"
	case analyzer.DoubtMPTCP:
		return "a subflow of a Multipath TCP connection, whose close is not the close of the connection"
	case analyzer.DoubtLastPacket:
		return "the capture ends before the last packet can have had its effect"
	case analyzer.DoubtAckNotSeen:
		return "a FIN was not sent again, so its acknowledgment probably arrived unseen"
	case analyzer.DoubtGivenUp:
		return "nothing is sent again: the sender may have given up, which shows in no packet"
	case analyzer.DoubtRSTUnproven:
		return "whether the RST was acceptable to its receiver cannot be told"
	case analyzer.DoubtRSTForeign:
		return "the RST fits nothing its sender would send, or came with another TTL: another host may have sent it"
	case analyzer.DoubtRSTStrict:
		return "Linux accepts this RST, a stricter receiver (RFC 5961) would challenge it"
	case analyzer.DoubtFinishedEarly:
		return "too many connections were open (--max-flows), and this one was given up first: what came later is a record of its own"
	case analyzer.DoubtStateLost:
		return "a new connection on the same ports was accepted without this one having ended"
	}
	return string(d)
}
