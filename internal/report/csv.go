package report

import (
	"encoding/csv"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"finscope/analyzer"
)

// csvColumns are the columns of the CSV report, in order. They are the flow record made flat: an endpoint's field has
// client_ or server_ before its name, its FIN's fields client_fin_ or server_fin_. What is null in the record is empty,
// lists are joined with '|'. Later versions add columns at the end only.
func csvColumns() []string {
	columns := []string{"stream", "roles", "start", "end", "first_frame", "last_frame", "packets",
		"verdict", "closed_first", "closed_by", "confidence", "doubts", "age"}
	for _, side := range []string{"client_", "server_"} {
		for _, c := range []string{"ip", "port", "state", "state_since", "state_frame", "packets", "bytes",
			"fin_frame", "fin_time", "fin_seq", "fin_ack", "fin_sent", "fin_acked_frame", "fin_acked_time", "rst_frames"} {
			columns = append(columns, side+c)
		}
	}
	return append(columns,
		"half_close_by", "half_close_seconds", "half_close_bytes",
		"reset_by", "reset_frame", "reset_time", "reset_client_state", "reset_server_state", "reset_accepted", "reset_cause",
		"time_wait_holder", "time_wait_until", "time_wait_ended", // lists of equal length
		"severity", "codes", "display_filter") // severity: of the worst finding
}

// CSV writes a header and one line for each flow.
func CSV(w io.Writer, flows Flows) error {
	out := csv.NewWriter(w)
	row := csvColumns()
	if err := writeRow(out, row); err != nil {
		return err
	}
	for f := range flows {
		row = appendRow(row[:0], f)
		if err := writeRow(out, row); err != nil {
			return err
		}
	}
	return nil
}

// writeRow hands each line to the writer on its own.
func writeRow(out *csv.Writer, row []string) error {
	if err := out.Write(row); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func appendRow(row []string, f *analyzer.Flow) []string {
	row = append(row, strconv.Itoa(f.Stream), string(f.Roles), csvTime(f.Start), csvTime(f.End),
		csvUint(f.FirstFrame), csvUint(f.LastFrame), csvUint(f.Packets),
		string(f.Verdict), string(f.ClosedFirst), optional(f.ClosedBy), string(f.Confidence), joined(f.Doubts), csvSeconds(f.Age))
	row = appendEndpointColumns(row, &f.Client)
	row = appendEndpointColumns(row, &f.Server)
	if h := f.HalfClose; h != nil {
		row = append(row, string(h.By), csvSeconds(h.Seconds), csvUint(h.Bytes))
	} else {
		row = append(row, "", "", "")
	}
	if r := f.Reset; r != nil {
		row = append(row, string(r.By), csvUint(r.Frame), csvTime(r.Time), r.ClientState.String(), r.ServerState.String(),
			strconv.FormatBool(r.Accepted), optional(r.Cause))
	} else {
		row = append(row, "", "", "", "", "", "", "")
	}
	var holders, untils, ended []string
	for i := range f.TimeWait {
		t := &f.TimeWait[i]
		holders, untils, ended = append(holders, string(t.Holder)), append(untils, csvTime(t.Until)), append(ended, string(t.Ended))
	}
	return append(row, joined(holders), joined(untils), joined(ended), string(worst(f)), joined(f.Codes), f.DisplayFilter)
}

func appendEndpointColumns(row []string, e *analyzer.Endpoint) []string {
	row = append(row, csvAddr(e.IP), strconv.Itoa(int(e.Port)), e.State.String(), csvTime(e.StateSince), csvFrame(e.StateFrame), csvUint(e.Packets), csvUint(e.Bytes))
	if fin := e.FIN; fin != nil {
		row = append(row, csvUint(fin.Frame), csvTime(fin.Time), csvUint(uint64(fin.Seq)), csvUint(uint64(fin.Ack)), strconv.Itoa(fin.Sent))
		if fin.AckedFrame != nil {
			row = append(row, csvUint(*fin.AckedFrame))
		} else {
			row = append(row, "")
		}
		if fin.AckedTime != nil {
			row = append(row, csvTime(*fin.AckedTime))
		} else {
			row = append(row, "")
		}
	} else {
		row = append(row, "", "", "", "", "", "", "")
	}
	frames := make([]string, len(e.RSTFrames))
	for i, n := range e.RSTFrames {
		frames[i] = csvUint(n)
	}
	return append(row, joined(frames))
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(recordTime)
}

func csvAddr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// csvFrame leaves frame 0, which stands for none, empty.
func csvFrame(n uint64) string {
	if n == 0 {
		return ""
	}
	return csvUint(n)
}

func csvUint(n uint64) string              { return strconv.FormatUint(n, 10) }
func csvSeconds(s analyzer.Seconds) string { return strconv.FormatFloat(float64(s), 'f', -1, 64) }

func optional[S ~string](s *S) string {
	if s == nil {
		return ""
	}
	return string(*s)
}

func joined[S ~string](list []S) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = string(s)
	}
	return strings.Join(parts, "|")
}
