package capgen

// Close is a way for a connection to end, or not to.
type Close uint8

// The closes. In each, one end is the closer: the one that sends the first FIN or the RST.
const (
	FourSegments   Close = iota // FIN, ACK, FIN, ACK
	ThreeSegments               // FIN, FIN+ACK, ACK
	Crossed                     // both FINs are sent before either has arrived
	LostFIN                     // the first FIN is lost behind the capture point and sent again
	LostLastACK                 // the last ACK is lost behind the capture point: FIN and ACK come again
	LastACKMissing              // the last ACK is never captured: the second FIN comes three times more
	Stuck                       // FIN, ACK, and no second FIN: FIN_WAIT_2 and CLOSE_WAIT
	Unanswered                  // FIN, four times, and nothing else
	Reset                       // a RST in the middle of the connection
	ResetLateData               // FIN, ACK, data, RST: the closer's socket is gone
	ResetAfter                  // a full close, and a RST of the closer that changes nothing
	Refused                     // the SYN is answered with a RST
	NoReply                     // four SYNs without an answer
	Open                        // neither FIN nor RST

	numCloses
)

// String returns the name of the close, in the notation of finscope's finding codes.
func (c Close) String() string {
	names := [...]string{"four-segments", "three-segments", "crossed", "lost-fin", "lost-last-ack", "last-ack-missing", "stuck",
		"unanswered", "reset", "reset-late-data", "reset-after", "refused", "no-reply", "open"}
	if int(c) >= len(names) {
		return "?"
	}
	return names[c]
}

// Verdict returns the verdict that the close deserves, in the words of finscope's records.
func (c Close) Verdict() string {
	switch c {
	case Crossed:
		return "simultaneous"
	case LastACKMissing:
		return "last-ack-missing"
	case Stuck:
		return "half-closed"
	case Unanswered:
		return "unanswered"
	case Reset, ResetLateData:
		return "reset"
	case Refused:
		return "refused"
	case NoReply:
		return "no-reply"
	case Open:
		return "open"
	default:
		return "graceful"
	}
}

// ClosedFirst returns who closed first if p was the closer. Where no connection came about nobody closed it.
func (c Close) ClosedFirst(p Party) string {
	switch c {
	case Crossed:
		return "both"
	case Refused, NoReply, Open:
		return "none"
	default:
		return p.String()
	}
}

// Party is one end of a connection.
type Party uint8

// The ends. The client sends the first SYN.
const (
	Client Party = iota
	Server
)

// String returns "client" or "server".
func (p Party) String() string {
	if p == Client {
		return "client"
	}
	return "server"
}

func (p Party) other() Party { return p ^ 1 }
