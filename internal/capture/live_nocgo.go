//go:build !cgo

package capture

import "errors"

// Live listens on an interface. This build cannot.
type Live struct{}

// errNoLive says how to get a build that can.
func errNoLive() error {
	return errors.New("this finscope was built without libpcap and cannot capture: install libpcap's headers (libpcap-dev) and build it with CGO_ENABLED=1")
}

// OpenLive fails.
func OpenLive(name string, _ LiveOptions) (*Live, error) {
	return nil, &LiveError{Interface: name, Fault: FaultNoLibpcap, Err: errNoLive()}
}

// Next fails.
func (l *Live) Next(*Packet) error { return errNoLive() }

// Name returns nothing.
func (l *Live) Name() string { return "" }

// Link returns 0.
func (l *Live) Link() uint16 { return 0 }

// LinkName returns nothing.
func (l *Live) LinkName() string { return "" }

// SnapLen returns 0.
func (l *Live) SnapLen() int { return 0 }

// Drops returns 0.
func (l *Live) Drops() (kernel, iface uint64) { return 0, 0 }

// Close does nothing.
func (l *Live) Close() error { return nil }

// Interfaces fails.
func Interfaces() ([]Interface, error) {
	return nil, &LiveError{Interface: "interfaces", Fault: FaultNoLibpcap, Err: errNoLive()}
}
