package analyzer

// State is the TCP state of one endpoint (RFC 9293 §3.3.2), spelled as the records spell it.
type State uint8

// The states. SynReceived, FinWait1 and so on are the RFC's SYN-RECEIVED, FIN-WAIT-1 and so on; LISTEN is missing
// because no packet shows it.
const (
	Unknown State = iota // the capture does not show enough of this endpoint
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	Closing
	TimeWait
	CloseWait
	LastAck
	Closed

	numStates = iota
)

var stateNames = [numStates]string{
	Unknown: "UNKNOWN", SynSent: "SYN_SENT", SynReceived: "SYN_RECEIVED", Established: "ESTABLISHED",
	FinWait1: "FIN_WAIT_1", FinWait2: "FIN_WAIT_2", Closing: "CLOSING", TimeWait: "TIME_WAIT",
	CloseWait: "CLOSE_WAIT", LastAck: "LAST_ACK", Closed: "CLOSED",
}

// String returns the name of the RFC, words joined by underscores: TIME_WAIT.
func (s State) String() string { return stateNames[s] }

// MarshalText returns the spelling of the records.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
