package analyzer

import "time"

// Rung is one packet of a connection's ladder and what it did to both endpoints.
type Rung struct {
	Frame  uint64
	Time   time.Time
	Packet string // direction seen from the client, then tcpdump's notation: "> F. 101:101(0) ack 201"; or "< ICMP host unreachable"
	Client State  // after this packet, by all evidence so far
	Server State
	Note   string // why it matters; empty for ordinary packets
}
