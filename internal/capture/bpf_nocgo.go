//go:build !cgo

package capture

import "errors"

// A Matcher tells which packets a pcap-filter(7) expression selects. This build has none.
type Matcher struct{}

// NewMatcher fails: libpcap compiles filters, and this binary was built without it.
func NewMatcher(string) (*Matcher, error) {
	return nil, errors.New("this finscope was built without libpcap and has no packet filter: " +
		"install libpcap's headers (libpcap-dev) and build it with CGO_ENABLED=1, or filter with tcpdump -r FILE -w - FILTER | finscope -")
}

// Match reports false.
func (m *Matcher) Match(*Packet) bool { return false }

// Err returns nil.
func (m *Matcher) Err() error { return nil }
