package pkttest

import (
	"time"

	"finscope/internal/decode"
)

// Side is an end of a connection as a script draws it.
type Side uint8

// The sides. The left end is the client.
const (
	Left Side = iota
	Right
)

// Other returns the opposite side.
func (s Side) Other() Side { return 1 - s }

// Script is one conversation and what is expected of it.
type Script struct {
	File  string
	Line  int // of its title
	Title string

	Lines   []Line // all that is between this title and the next, for printing
	Packets []Packet
	Flows   []FlowDef
	After   time.Duration // how long the capture goes on after the last packet
	Expect  []Expect
	Groups  []string // codes of the findings across connections, sorted

	anyGroups bool // they are not compared

	V6         bool
	Ordered    string // why its packets must not be permuted; empty: they may be
	Unmirrored string // why its roles must not be exchanged; empty: they may be
	ByOrder    string // why its findings depend on the capture order; empty: they do not
	Todo       string // why it fails; empty: it does not
}

// Line is a line of a script as written.
type Line struct {
	Number int
	Text   string
}

// FlowDef is one connection of a script.
type FlowDef struct {
	Tuple int       // which addresses and ports it runs on
	ISN   [2]uint32 // of left and right, relative to the first connection's
}

// Packet is one packet of a script, in relative numbers.
type Packet struct {
	Line  int // in the file
	Flow  int // index in Script.Flows
	Side  Side
	Lost  bool          // sent, but not captured
	Same  bool          // a copy
	Pause bool          // the delay is written down: a new burst starts here
	Delay time.Duration // from the packet before

	Flags    decode.Flags
	Seq, Ack uint32
	Len      uint32
	Marks    decode.Marks // besides those of timestamp, window scale and SACK
	SACK     []Range
	Returned decode.Why // an ICMP message returns it; 0: none does

	// Of these, a negative value is the default; see the package documentation.
	Window, WScale, ID, TTL int
	TSVal                   int64
	NoTS, NoWScale, NoSACK  bool

	States [2]string // of left and right after the packet; empty: not said
}

// Range is a range of relative sequence numbers, the right edge excluded.
type Range struct{ Left, Right uint32 }

func (p *Packet) isSYN() bool { return p.Flags.Has(decode.SYN) }

// opening returns how many packets at the start set the connection up, and whether that is known: the three of a
// plain handshake, none if the script starts in the middle.
func (s *Script) opening() (int, bool) {
	syns := 0
	for i := range s.Packets {
		if s.Packets[i].isSYN() {
			syns++
		}
	}
	if syns == 0 {
		return 0, true
	}
	if syns != 2 || len(s.Packets) < 3 {
		return 0, false
	}
	want := [3]struct {
		side  Side
		flags decode.Flags
	}{{Left, decode.SYN}, {Right, decode.SYN | decode.ACK}, {Left, decode.ACK}}
	for i, w := range want {
		if p := &s.Packets[i]; p.Side != w.side || p.Flags != w.flags || p.Lost || p.Same || p.Len > 0 {
			return 0, false
		}
	}
	return len(want), true
}

// Mirrors reports whether the roles of the ends can be exchanged after the opening.
func (s *Script) Mirrors() bool {
	_, ok := s.opening()
	return ok && s.Unmirrored == "" && len(s.Flows) == 1
}

// isState reports whether name is a state as scripts spell it.
func isState(name string) bool {
	switch name {
	case "-", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING", "TIME_WAIT",
		"CLOSE_WAIT", "LAST_ACK", "CLOSED":
		return true
	}
	return false
}
