package analyzer

import (
	"encoding/json"
	"net/netip"
	"time"
)

// Flow is the record of one TCP connection, its tail included. The JSON names are the record format: other programs
// depend on them. Nil pointers are null, nil slices are written as empty lists.
type Flow struct {
	// Stream is the number Wireshark shows as tcp.stream for the same capture.
	Stream int      `json:"stream" expr:"stream"`
	Client Endpoint `json:"client" expr:"client"`
	Server Endpoint `json:"server" expr:"server"`
	Roles  Roles    `json:"roles" expr:"roles"`

	Start      time.Time `json:"start" expr:"start"`
	End        time.Time `json:"end" expr:"end"`
	FirstFrame uint64    `json:"first_frame" expr:"first_frame"`
	LastFrame  uint64    `json:"last_frame" expr:"last_frame"`
	Packets    uint64    `json:"packets" expr:"packets"`

	Verdict     Verdict     `json:"verdict" expr:"verdict"`
	ClosedFirst ClosedFirst `json:"closed_first" expr:"closed_first"`
	ClosedBy    *ClosedBy   `json:"closed_by" expr:"closed_by"` // what the first closer sent; nil if none
	Confidence  Confidence  `json:"confidence" expr:"confidence"`
	Doubts      []Doubt     `json:"doubts" expr:"doubts"` // why the verdict is not certain

	Age       Seconds        `json:"age" expr:"age"` // from the last change of either state to the end of the capture
	HalfClose *HalfClose     `json:"half_close" expr:"half_close"`
	Reset     *Reset         `json:"reset" expr:"reset"`
	TimeWait  []TimeWaitSpan `json:"time_wait" expr:"time_wait"`
	Findings  []Finding      `json:"findings" expr:"findings"`
	Codes     []Code         `json:"codes" expr:"codes"` // the finding codes again, for filters

	DisplayFilter string `json:"display_filter" expr:"display_filter"` // selects this connection in Wireshark
}

// Endpoint is one end of a connection.
type Endpoint struct {
	IP   netip.Addr `json:"ip" expr:"ip"`
	Port uint16     `json:"port" expr:"port"`

	State      State     `json:"state" expr:"state"`             // at the end of the capture, as far as it shows
	StateSince time.Time `json:"state_since" expr:"state_since"` // time and frame of the last change
	StateFrame uint64    `json:"state_frame" expr:"state_frame"`

	Packets   uint64   `json:"packets" expr:"packets"` // sent by this endpoint, as captured
	Bytes     uint64   `json:"bytes" expr:"bytes"`     // payload in sequence space, each byte once
	FIN       *FIN     `json:"fin" expr:"fin"`
	RSTFrames []uint64 `json:"rst_frames" expr:"rst_frames"`
}

// FIN is what the capture shows of one endpoint's FIN.
type FIN struct {
	Frame  uint64    `json:"frame" expr:"frame"` // first transmission
	Time   time.Time `json:"time" expr:"time"`
	Seq    uint32    `json:"seq" expr:"seq"`       // sequence number of the FIN itself, after any data
	Ack    uint32    `json:"ack" expr:"ack"`       // the ACK number it carried: what the sender had received
	Sent   int       `json:"sent" expr:"sent"`     // how many distinct times; capture duplicates are not counted
	Frames []uint64  `json:"frames" expr:"frames"` // where, at most 64

	AckedFrame *uint64    `json:"acked_frame" expr:"acked_frame"` // first frame that acknowledged it
	AckedTime  *time.Time `json:"acked_time" expr:"acked_time"`
}

// HalfClose says how long one side stayed open after the other's FIN, and how much new data it sent meanwhile.
type HalfClose struct {
	By      Side    `json:"by" expr:"by"` // the side that sent its FIN
	Seconds Seconds `json:"seconds" expr:"seconds"`
	Bytes   uint64  `json:"bytes" expr:"bytes"`
}

// Reset is the RST that ended a connection, and both states just before it.
type Reset struct {
	By          Side      `json:"by" expr:"by"`
	Frame       uint64    `json:"frame" expr:"frame"`
	Time        time.Time `json:"time" expr:"time"`
	ClientState State     `json:"client_state" expr:"client_state"`
	ServerState State     `json:"server_state" expr:"server_state"`
	Accepted    bool      `json:"accepted" expr:"accepted"` // its receiver had to believe it (RFC 9293 §3.5.3, RFC 5961 §3)
	Cause       *string   `json:"cause" expr:"cause"`       // nil: the packets do not tell
}

// TimeWaitSpan is one TIME_WAIT of a connection.
type TimeWaitSpan struct {
	Holder Side      `json:"holder" expr:"holder"`
	Since  time.Time `json:"since" expr:"since"` // last restart
	Until  time.Time `json:"until" expr:"until"` // presumed, by the length assumed for the holder's system
	Ended  WaitEnd   `json:"ended" expr:"ended"`
}

// Finding is something about a connection that someone may have to act on.
type Finding struct {
	Code     Code     `json:"code" expr:"code"`
	Severity Severity `json:"severity" expr:"severity"`
	Who      *Side    `json:"who" expr:"who"` // the side it concerns; nil if both or neither
	Frames   []uint64 `json:"frames" expr:"frames"`
	Text     string   `json:"text" expr:"text"`
}

// Service sums up the connections of one server address and port.
type Service struct {
	IP          netip.Addr          `json:"ip"`
	Port        uint16              `json:"port"`
	Flows       int                 `json:"flows"`
	ClosedFirst map[ClosedFirst]int `json:"closed_first"` // all five keys are present
	Verdicts    map[Verdict]int     `json:"verdicts"`     // only verdicts that occur
	FINToFIN    Quantiles           `json:"fin_to_fin"`   // seconds between the two FINs, where both were seen
	Stuck       map[State]int       `json:"stuck"`        // connections stuck at the end of the capture, by state
	TimeWait    ServiceTimeWait     `json:"time_wait"`

	// Ends has the counts of Verdicts and ClosedFirst together. It is not part of the JSON record.
	Ends map[End]int `json:"-"`
}

// End is how a connection ended, in short.
type End struct {
	Verdict     Verdict
	ClosedFirst ClosedFirst
	ClosedBy    ClosedBy // what the first closer sent; empty if none
}

// Quantiles of a duration in seconds; nil where nothing was measured.
type Quantiles struct {
	P50 *Seconds `json:"p50"`
	P90 *Seconds `json:"p90"`
	P99 *Seconds `json:"p99"`
	Max *Seconds `json:"max"`
}

// ServiceTimeWait is the TIME_WAIT count of a service, by who holds it.
type ServiceTimeWait struct {
	Server Occupancy `json:"server"`
	Client Occupancy `json:"client"`
}

// Occupancy is a number of TIME_WAITs: at the end of the capture, and the most at one moment.
type Occupancy struct {
	Now      int        `json:"now"`
	Peak     int        `json:"peak"`
	PeakTime *time.Time `json:"peak_time"`
}

// GroupFinding is a finding that concerns a service, a host or the capture as a whole.
type GroupFinding struct {
	Code     Code       `json:"code"`
	Severity Severity   `json:"severity"`
	IP       netip.Addr `json:"ip"`      // invalid: the capture as a whole
	Port     *uint16    `json:"port"`    // nil: the host, or the capture, as a whole
	Count    int        `json:"count"`   // connections or TIME_WAITs; packets, where the capture doubled or dropped some
	Streams  []int      `json:"streams"` // the connections, ascending
	Start    time.Time  `json:"start"`
	End      time.Time  `json:"end"` // of bind-blocked: when the port is free again
	Text     string     `json:"text"`
	Advice   string     `json:"advice"` // what to do about it
}

// Summary is the capture as a whole.
type Summary struct {
	Files             []string            `json:"files"`
	Packets           uint64              `json:"packets"`
	TCPPackets        uint64              `json:"tcp_packets"`
	Flows             int                 `json:"flows"`
	Start             *time.Time          `json:"start"` // nil: no packets
	End               *time.Time          `json:"end"`
	LinkTypes         []string            `json:"link_types"`  // LINKTYPE_ names as Wireshark and tcpdump users know them
	NotDecoded        map[string]uint64   `json:"not_decoded"` // packets that may have been TCP, by what stood in the way
	NotTCP            map[string]uint64   `json:"not_tcp"`     // packets of other protocols
	CaptureDuplicates uint64              `json:"capture_duplicates"`
	KernelDropped     uint64              `json:"kernel_dropped"`
	FinishedEarly     uint64              `json:"finished_early"` // connections that Options.MaxFlows cut short
	LatePackets       uint64              `json:"late_packets"`   // packets of connections that Options.FindingsOnly, or a Session, had forgotten: not looked at
	Verdicts          map[Verdict]int     `json:"verdicts"`       // only verdicts that occur
	ClosedFirst       map[ClosedFirst]int `json:"closed_first"`
	Codes             map[Code]int        `json:"codes"`
	Assumed           Assumed             `json:"assumed"`
	Damaged           *Damaged            `json:"damaged"`
	Version           string              `json:"version"`
}

// Assumed lists the timers and ranges that the report rests on.
type Assumed struct {
	TimeWait   Seconds   `json:"time_wait"`
	FINTimeout Seconds   `json:"fin_timeout"`
	PortRange  PortRange `json:"port_range"`
	StuckAfter Seconds   `json:"stuck_after"`
}

// Damaged is the input that could not be read to its end.
type Damaged struct {
	File  string `json:"file"`
	Frame uint64 `json:"frame"` // in that file, from 1; 0, and null in JSON: no frame was reached
	Error string `json:"error"`
}

// MarshalJSON writes a frame that was not reached as null.
func (d *Damaged) MarshalJSON() ([]byte, error) {
	var frame *uint64
	if d.Frame != 0 {
		frame = &d.Frame
	}
	return json.Marshal(struct {
		File  string  `json:"file"`
		Frame *uint64 `json:"frame"`
		Error string  `json:"error"`
	}{d.File, frame, d.Error})
}
