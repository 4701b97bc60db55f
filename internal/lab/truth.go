package lab

import (
	"encoding/json"
	"net/netip"
	"os"
	"time"
)

// Side is one end of a connection in the laboratory.
type Side string

// The two ends.
const (
	Client Side = "client"
	Server Side = "server"
)

func (s Side) other() Side {
	if s == Client {
		return Server
	}
	return Client
}

// Tap is a place where a run is captured.
type Tap string

// The four taps, in the order in which a packet of the client passes them.
const (
	AtClient    Tap = "client"
	AtMidClient Tap = "mid-client"
	AtMidServer Tap = "mid-server"
	AtServer    Tap = "server"
)

// Taps returns all taps.
func Taps() [4]Tap { return [4]Tap{AtClient, AtMidClient, AtMidServer, AtServer} }

// own reports whether the tap is on the host of side s.
func (t Tap) own(s Side) bool { return string(t) == string(s) }

// Moment is a point of time in ns since the epoch. In JSON it is RFC 3339 in UTC.
type Moment int64

// MarshalText returns m as RFC 3339 with nanoseconds.
func (m Moment) MarshalText() ([]byte, error) {
	return []byte(time.Unix(0, int64(m)).UTC().Format("2006-01-02T15:04:05.000000000Z")), nil
}

// UnmarshalText reads what MarshalText writes.
func (m *Moment) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(b))
	*m = Moment(t.UnixNano())
	return err
}

// Truth is what the kernel and the applications of one run say happened.
type Truth struct {
	Scenario string     `json:"scenario"`
	Kernel   string     `json:"kernel"`
	Client   netip.Addr `json:"client"`
	Server   netip.Addr `json:"server"`
	Settings []string   `json:"settings"` // sysctls that differ from the defaults, by host
	End      Moment     `json:"end"`      // of the recording

	Calls     []Call     `json:"calls"`     // of the applications
	Network   []Doing    `json:"network"`   // what the forwarder did besides handing on
	Events    []Event    `json:"events"`    // from tracefs
	Sightings []Sighting `json:"sightings"` // from sock_diag

	// NoEvents and NoSightings say why a source of the truth is missing; empty if it is there.
	NoEvents    string `json:"no_events,omitempty"`
	NoSightings string `json:"no_sightings,omitempty"`
}

// Run is a finished run: the truth and the captures of the four taps.
type Run struct {
	Truth    Truth
	Captures map[Tap][]Frame
	Dropped  uint32 // frames that the taps missed
}

// Call is a system call of an application.
type Call struct {
	Time   Moment `json:"time"` // when it returned; Began when it was made
	Began  Moment `json:"began"`
	Who    Side   `json:"who"`
	Port   uint16 `json:"port"` // the client's port of the connection; 0 where there is none yet
	Call   string `json:"call"`
	Result int    `json:"result"`
	Errno  string `json:"errno"`
}

// Event is a tracepoint hit of a socket of one side.
type Event struct {
	Time   Moment         `json:"time"`
	Who    Side           `json:"who"`
	What   string         `json:"what"` // name of the tracepoint
	Local  netip.AddrPort `json:"local"`
	Remote netip.AddrPort `json:"remote"`
	Old    string         `json:"old,omitempty"` // states
	New    string         `json:"new,omitempty"`
	Reason string         `json:"reason,omitempty"` // of a RST
}

// The tracepoints.
const (
	evState      = "inet_sock_set_state"
	evSendRST    = "tcp_send_reset"
	evRecvRST    = "tcp_receive_reset"
	evRetransmit = "tcp_retransmit_skb"
)

// Sighting is a change that polling sock_diag showed: between After and Until the socket came to be what State and the
// rest say. State is empty if it was gone.
type Sighting struct {
	After  Moment         `json:"after"`
	Until  Moment         `json:"until"`
	Who    Side           `json:"who"`
	Local  netip.AddrPort `json:"local"`
	Remote netip.AddrPort `json:"remote"`
	State  string         `json:"state"`
	Small  bool           `json:"small,omitempty"`  // a TIME_WAIT bucket or a connection request, no full socket
	Orphan bool           `json:"orphan,omitempty"` // no process holds it
	// Expires is when its TIME_WAIT timer runs out.
	Expires Moment `json:"expires,omitempty"`
}

// Doing is what the forwarder did to a packet.
type Doing struct {
	Time   Moment `json:"time"`
	From   Side   `json:"from"`
	What   string `json:"what"` // lost, late, twice, made up
	Packet string `json:"packet"`
}

// madeUp marks a packet that the middle sent in the name of a side.
const madeUp = "made up"

// write saves the truth as readable JSON.
func (t *Truth) write(name string) error {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// readTruth reads what write wrote.
func readTruth(name string) (*Truth, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := new(Truth)
	return t, json.Unmarshal(b, t)
}

// stateNames are the kernel's states by number (include/net/tcp_states.h), as finscope spells them.
func stateName(n int) string {
	names := [...]string{"", "ESTABLISHED", "SYN_SENT", "SYN_RECEIVED", "FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT", "CLOSED", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "SYN_RECEIVED"}
	if n < 0 || n >= len(names) {
		return ""
	}
	return names[n]
}
