package report

import (
	"strconv"

	"finscope/analyzer"
)

// appendFlow appends the record of one flow. It allocates only if b has to grow, and takes a quarter of the time of
// encoding/json (BenchmarkFlowJSON). Keys and their order are those of the struct tags; the tests hold it against
// encoding/json.
func appendFlow(b []byte, f *analyzer.Flow) []byte {
	b = append(b, `{"type":"flow","schema":1,"stream":`...)
	b = strconv.AppendInt(b, int64(f.Stream), 10)
	b = append(b, `,"client":`...)
	b = appendEndpoint(b, &f.Client)
	b = append(b, `,"server":`...)
	b = appendEndpoint(b, &f.Server)
	b = append(b, `,"roles":`...)
	b = appendString(b, f.Roles)
	b = append(b, `,"start":`...)
	b = appendTime(b, f.Start)
	b = append(b, `,"end":`...)
	b = appendTime(b, f.End)
	b = append(b, `,"first_frame":`...)
	b = strconv.AppendUint(b, f.FirstFrame, 10)
	b = append(b, `,"last_frame":`...)
	b = strconv.AppendUint(b, f.LastFrame, 10)
	b = append(b, `,"packets":`...)
	b = strconv.AppendUint(b, f.Packets, 10)
	b = append(b, `,"verdict":`...)
	b = appendString(b, f.Verdict)
	b = append(b, `,"closed_first":`...)
	b = appendString(b, f.ClosedFirst)
	b = append(b, `,"closed_by":`...)
	b = appendOptional(b, f.ClosedBy)
	b = append(b, `,"confidence":`...)
	b = appendString(b, f.Confidence)
	b = append(b, `,"doubts":`...)
	b = appendStrings(b, f.Doubts)
	b = append(b, `,"age":`...)
	b = appendSeconds(b, f.Age)
	b = append(b, `,"half_close":`...)
	b = appendHalfClose(b, f.HalfClose)
	b = append(b, `,"reset":`...)
	b = appendReset(b, f.Reset)
	b = append(b, `,"time_wait":[`...)
	for i := range f.TimeWait {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTimeWait(b, &f.TimeWait[i])
	}
	b = append(b, `],"findings":[`...)
	for i := range f.Findings {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFinding(b, &f.Findings[i])
	}
	b = append(b, `],"codes":`...)
	b = appendStrings(b, f.Codes)
	b = append(b, `,"display_filter":`...)
	b = appendString(b, f.DisplayFilter)
	return append(b, '}')
}

func appendEndpoint(b []byte, e *analyzer.Endpoint) []byte {
	b = append(b, `{"ip":`...)
	b = appendAddr(b, e.IP)
	b = append(b, `,"port":`...)
	b = strconv.AppendUint(b, uint64(e.Port), 10)
	b = append(b, `,"state":"`...)
	b = append(b, e.State.String()...)
	b = append(b, `","state_since":`...)
	b = appendTime(b, e.StateSince)
	b = append(b, `,"state_frame":`...)
	if e.StateFrame == 0 { // frames count from 1: not known
		b = append(b, "null"...)
	} else {
		b = strconv.AppendUint(b, e.StateFrame, 10)
	}
	b = append(b, `,"packets":`...)
	b = strconv.AppendUint(b, e.Packets, 10)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendUint(b, e.Bytes, 10)
	b = append(b, `,"fin":`...)
	b = appendFIN(b, e.FIN)
	b = append(b, `,"rst_frames":`...)
	b = appendFrames(b, e.RSTFrames)
	return append(b, '}')
}

func appendFIN(b []byte, f *analyzer.FIN) []byte {
	if f == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"frame":`...)
	b = strconv.AppendUint(b, f.Frame, 10)
	b = append(b, `,"time":`...)
	b = appendTime(b, f.Time)
	b = append(b, `,"seq":`...)
	b = strconv.AppendUint(b, uint64(f.Seq), 10)
	b = append(b, `,"ack":`...)
	b = strconv.AppendUint(b, uint64(f.Ack), 10)
	b = append(b, `,"sent":`...)
	b = strconv.AppendInt(b, int64(f.Sent), 10)
	b = append(b, `,"frames":`...)
	b = appendFrames(b, f.Frames)
	b = append(b, `,"acked_frame":`...)
	if f.AckedFrame == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendUint(b, *f.AckedFrame, 10)
	}
	b = append(b, `,"acked_time":`...)
	if f.AckedTime == nil {
		b = append(b, "null"...)
	} else {
		b = appendTime(b, *f.AckedTime)
	}
	return append(b, '}')
}

func appendHalfClose(b []byte, h *analyzer.HalfClose) []byte {
	if h == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"by":`...)
	b = appendString(b, h.By)
	b = append(b, `,"seconds":`...)
	b = appendSeconds(b, h.Seconds)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendUint(b, h.Bytes, 10)
	return append(b, '}')
}

func appendReset(b []byte, r *analyzer.Reset) []byte {
	if r == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"by":`...)
	b = appendString(b, r.By)
	b = append(b, `,"frame":`...)
	b = strconv.AppendUint(b, r.Frame, 10)
	b = append(b, `,"time":`...)
	b = appendTime(b, r.Time)
	b = append(b, `,"client_state":"`...)
	b = append(b, r.ClientState.String()...)
	b = append(b, `","server_state":"`...)
	b = append(b, r.ServerState.String()...)
	b = append(b, `","accepted":`...)
	b = strconv.AppendBool(b, r.Accepted)
	b = append(b, `,"cause":`...)
	b = appendOptional(b, r.Cause)
	return append(b, '}')
}

func appendTimeWait(b []byte, w *analyzer.TimeWaitSpan) []byte {
	b = append(b, `{"holder":`...)
	b = appendString(b, w.Holder)
	b = append(b, `,"since":`...)
	b = appendTime(b, w.Since)
	b = append(b, `,"until":`...)
	b = appendTime(b, w.Until)
	b = append(b, `,"ended":`...)
	b = appendString(b, w.Ended)
	return append(b, '}')
}

func appendFinding(b []byte, f *analyzer.Finding) []byte {
	b = append(b, `{"code":`...)
	b = appendString(b, f.Code)
	b = append(b, `,"severity":`...)
	b = appendString(b, f.Severity)
	b = append(b, `,"who":`...)
	b = appendOptional(b, f.Who)
	b = append(b, `,"frames":`...)
	b = appendFrames(b, f.Frames)
	b = append(b, `,"text":`...)
	b = appendString(b, f.Text)
	return append(b, '}')
}
