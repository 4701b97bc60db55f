package capture

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// LiveOptions say how to listen on an interface. The zero value of a field is its default.
type LiveOptions struct {
	SnapLen       int    // octets kept of each packet; default DefaultSnapLen, at most 262,144
	BufferKiB     int    // size of the kernel's buffer; default DefaultBufferKiB
	NoPromiscuous bool   // leave the interface out of promiscuous mode: only what this host sends and receives
	Filter        string // pcap-filter(7) expression; what it leaves out is not captured and is no frame
}

// DefaultSnapLen keeps every header that decode looks at and little payload: Ethernet with two VLAN tags (22), IPv6 (40), a
// VXLAN tunnel (8 + 8 + 14), IPv6 again (40) and TCP with all its options (60) make 192. Less to copy and more packets in the
// kernel's buffer mean fewer drops; the length of the payload comes from the IP header.
const DefaultSnapLen = 256

// DefaultBufferKiB holds some 45,000 packets of DefaultSnapLen: what a second of a moderate link, or 50 ms of one with a
// million packets a second, bring while a report is being written. tcpdump takes 2 MiB.
const DefaultBufferKiB = 16 << 10

// DeliveryDelay is how late a packet is delivered at most, apart from what a busy machine adds. Packets come in blocks, when
// one is full or this time after its first packet: a million a second wake the reader a few hundred times, and a single
// one is there before a person can look. Delivery one by one (libpcap's immediate mode) took a quarter of the throughput
// from tcpreplay over a veth pair on two cores.
const DeliveryDelay = 20 * time.Millisecond

// ErrQuiet is what [Live.Next] returns when nothing has arrived for DeliveryDelay. It is no end: ask again.
var ErrQuiet = errors.New("no packet arrived")

// LiveFault is what can be wrong with an interface.
type LiveFault uint8

// The faults that a user can do something about; FaultOther is the rest.
const (
	FaultOther        LiveFault = iota
	FaultNoInterface            // there is none of this name
	FaultNoPermission           // the process may not capture
	FaultNoLibpcap              // this binary was built without it
	FaultFilter                 // the filter means nothing on this link type
	FaultDown                   // it is there, but shut down
	FaultGone                   // it was there, and was removed or shut down while it was read
)

// LiveError is an interface that cannot be listened on, or on no longer.
type LiveError struct {
	Interface string
	Fault     LiveFault
	Err       error
}

// Error returns one line in lower case without a full stop.
func (e *LiveError) Error() string { return fmt.Sprintf("%s: %v", e.Interface, e.Err) }

// Unwrap returns what is wrong.
func (e *LiveError) Unwrap() error { return e.Err }

// An Interface is one that can be named to OpenLive.
type Interface struct {
	Name        string
	Description string // as libpcap words it; may be empty
	Up          bool
	Loopback    bool
	Addresses   []netip.Addr
}
