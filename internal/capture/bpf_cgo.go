//go:build cgo

package capture

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcap"
)

// A Matcher tells which packets a pcap-filter(7) expression selects. It compiles the expression for each link type that occurs.
// It may be used by one goroutine at a time.
//
// A packet that does not match still counts as a frame, so matching is a question to ask and not a Source to put in between.
type Matcher struct {
	expr     string
	programs map[uint16]*pcap.BPF // nil: the expression means nothing on this link type
	last     *pcap.BPF            // program of the packet before
	lastLink uint16
	err      error
}

// Link types for which an expression is tried. Some expressions mean something on a few of them only, such as ifindex on SLL2.
const (
	linkEthernet = 1
	linkRaw      = 101
	linkLinuxSLL = 113
	linkSLL2     = 276
)

// NewMatcher compiles expr. An expression that is wrong on every common link type is refused with libpcap's message for Ethernet.
func NewMatcher(expr string) (*Matcher, error) {
	m := &Matcher{expr: expr, programs: map[uint16]*pcap.BPF{}}
	var first error
	for _, link := range []uint16{linkEthernet, linkRaw, linkLinuxSLL, linkSLL2} {
		program, err := compile(expr, link)
		if err == nil {
			m.programs[link], m.last, m.lastLink = program, program, link
			return m, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("filter %q: %w", expr, first)
}

// Match reports whether the expression selects p. On a link type for which it cannot be compiled it selects nothing, see Err.
// An empty packet matches nothing. One call costs a transition to C, see BenchmarkMatch.
func (m *Matcher) Match(p *Packet) bool {
	if p.Link != m.lastLink {
		program, known := m.programs[p.Link]
		if !known {
			var err error
			if program, err = compile(m.expr, p.Link); err != nil && m.err == nil {
				m.err = fmt.Errorf("filter %q on link type %d: %w", m.expr, p.Link, err)
			}
			m.programs[p.Link] = program
		}
		m.last, m.lastLink = program, p.Link
	}
	if m.last == nil || len(p.Data) == 0 {
		return false
	}
	// The time is not looked at by any filter instruction.
	return m.last.Matches(gopacket.CaptureInfo{Timestamp: time.Time{}, Length: p.WireLen}, p.Data)
}

// Err returns libpcap's message about the first link type among the packets for which the expression means nothing, else nil.
func (m *Matcher) Err() error { return m.err }

// compile lets libpcap compile expr for a link type. pcap.NewBPF cannot be asked: its link types are 8 bits wide, and they are
// DLT_ values of this operating system, which differ from LINKTYPE_ values (raw IP is 12, 14 or 101). A file header read by
// libpcap takes any LINKTYPE_, so it gets one through a pipe.
func compile(expr string, link uint16) (*pcap.BPF, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var header [pcapHeader]byte
	le := binary.LittleEndian
	le.PutUint32(header[:], magicNano)
	le.PutUint16(header[4:], 2)
	le.PutUint16(header[6:], 4)
	le.PutUint32(header[16:], snapLength)
	le.PutUint32(header[20:], uint32(link))
	_, err = w.Write(header[:]) // far less than a pipe holds
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	// By path and not by descriptor: OpenOfflineFile would leave the descriptor to be closed twice.
	h, err := pcap.OpenOffline(fmt.Sprintf("/dev/fd/%d", r.Fd()))
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return h.NewBPF(expr)
}
