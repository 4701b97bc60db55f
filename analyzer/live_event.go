package analyzer

import (
	"net/netip"
	"time"
)

// EventKind is what an Event tells.
type EventKind uint8

// What happens while packets are captured: to a connection, to the local ports of a host, to a service.
const (
	EventClosed    EventKind = iota // a connection has ended
	EventStuck                      // its close hangs for longer than Options.StuckAfter
	EventStuckOver                  // it went on
	EventPorts                      // TIME_WAITs take 50, 80 or 95 % of a host's local ports
	EventPortsOver                  // that level is left again
	EventLeak                       // somebody leaves connections in CLOSE_WAIT that the other side has closed
	EventLeakOver                   // all of them are closed
)

// Event is something that happened. What it is about is set, the others are nil.
type Event struct {
	Kind  EventKind
	Time  time.Time // when it was noticed, by the clock of the capture
	Flow  *Flow     // the connection's record at that time
	Ports *PortUse
	Leak  *Leak
}

// PortUse is how many of a host's local ports are in TIME_WAIT: of those for connections to one service, or of the reserved
// ones, which a program binds before it names the peer.
type PortUse struct {
	Holder   netip.Addr
	Peer     netip.AddrPort // the service; invalid: reserved ports, whatever the peer
	Count    int            // TIME_WAITs that run
	Capacity int            // ports there are
	Level    int            // of an event, in per cent of the capacity: what was reached, or left
}

// Leak is connections that one side has closed and that hang because the other does not.
type Leak struct {
	Service netip.AddrPort
	Client  netip.Addr // the client that owes its FINs; invalid: the service does
	Count   int        // connections that hang for longer than Options.StuckAfter
}
