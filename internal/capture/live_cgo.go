//go:build cgo

package capture

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/google/gopacket/pcap"
)

// Live listens on an interface. It is a [Source] that has no end of its own, see [Live.Next].
type Live struct {
	name   string
	handle *pcap.Handle
	link   uint16
	snap   int
	err    error // what Next returns from now on

	kernel, iface lossCount
}

// lossCount adds up a count of libpcap's, which has 32 bits and starts again at 0 after them: an hour under a flood.
type lossCount struct {
	sum  uint64
	last uint32
}

func (c *lossCount) update(n int) {
	c.sum += uint64(uint32(n) - c.last)
	c.last = uint32(n)
}

// OpenLive begins to listen; "any" is all interfaces at once. Packets are delivered within DeliveryDelay. An error is a *LiveError.
func OpenLive(name string, opts LiveOptions) (*Live, error) {
	h, err := activate(name, &opts, !opts.NoPromiscuous && name != "any") // libpcap refuses the mode on any
	if err != nil && err.Error() == "Cannot set as promisc" {
		h, err = activate(name, &opts, false) // the interface has no such mode: what it has is better than nothing
	}
	if err != nil {
		return nil, &LiveError{Interface: name, Fault: openFault(name, err), Err: plainError(err)}
	}
	l := &Live{name: name, handle: h, link: linkTypeOf(uint16(h.LinkType())), snap: h.SnapLen()}
	if opts.Filter != "" {
		if err := h.SetBPFFilter(opts.Filter); err != nil {
			h.Close()
			return nil, &LiveError{Interface: name, Fault: FaultFilter, Err: err}
		}
	}
	return l, nil
}

// activate opens the interface in one mode.
func activate(name string, opts *LiveOptions, promiscuous bool) (*pcap.Handle, error) {
	in, err := pcap.NewInactiveHandle(name)
	if err != nil {
		return nil, err
	}
	defer in.CleanUp()
	snap, buffer := opts.SnapLen, opts.BufferKiB
	if snap == 0 {
		snap = DefaultSnapLen
	}
	if buffer == 0 {
		buffer = DefaultBufferKiB
	}
	for _, set := range []func() error{
		func() error { return in.SetSnapLen(snap) },
		func() error { return in.SetPromisc(promiscuous) },
		func() error { return in.SetBufferSize(buffer << 10) },
		func() error { return in.SetTimeout(DeliveryDelay) },
	} {
		if err := set(); err != nil {
			return nil, err
		}
	}
	return in.Activate()
}

// openFault tells the reasons of libpcap apart by its words: gopacket does not export them otherwise.
func openFault(name string, err error) LiveFault {
	text := strings.ToLower(err.Error())
	if _, nerr := net.InterfaceByName(name); nerr != nil && name != "any" && !listed(name) {
		return FaultNoInterface // also where libpcap asks for permission before it looks for the name
	}
	if strings.Contains(text, "permission") || strings.Contains(text, "not permitted") {
		return FaultNoPermission
	}
	if strings.Contains(text, "not up") {
		return FaultDown
	}
	return FaultOther
}

func listed(name string) bool {
	all, err := pcap.FindAllDevs()
	if err != nil {
		return false
	}
	for i := range all {
		if all[i].Name == name {
			return true
		}
	}
	return false
}

// plainError brings libpcap's words into the form of ours.
func plainError(err error) error {
	return errors.New(strings.ToLower(strings.TrimPrefix(err.Error(), "Error: ")))
}

// linkTypeOf translates a DLT_ number of this system. Those that decode knows differ from LINKTYPE_ numbers for raw IP alone.
func linkTypeOf(dlt uint16) uint16 {
	switch dlt {
	case 12, 14:
		return linkRaw
	}
	return dlt
}

// Next stores the next packet in p. It waits for DeliveryDelay at most and then returns ErrQuiet, which is no end;
// any other error is one, a *LiveError, and comes again.
func (l *Live) Next(p *Packet) error {
	if l.err != nil {
		return l.err
	}
	data, ci, err := l.handle.ZeroCopyReadPacketData()
	switch err {
	case nil:
		*p = Packet{Time: ci.Timestamp.UnixNano(), Data: data, WireLen: ci.Length, Link: l.link}
		return nil
	case pcap.NextErrorTimeoutExpired:
		return ErrQuiet
	}
	if reason := l.handle.Error(); reason != nil && reason.Error() != "" {
		err = reason
	}
	l.err = &LiveError{Interface: l.name, Fault: FaultOther, Err: plainError(err)}
	if text := err.Error(); strings.Contains(text, "disappeared") || strings.Contains(text, "went down") {
		l.err = &LiveError{Interface: l.name, Fault: FaultGone, Err: plainError(err)}
	}
	return l.err
}

// Name returns the name of the interface.
func (l *Live) Name() string { return l.name }

// Link returns the LINKTYPE_ number of all packets of the interface.
func (l *Live) Link() uint16 { return l.link }

// LinkName returns libpcap's name of that, as tcpdump shows it: EN10MB is Ethernet.
func (l *Live) LinkName() string { return pcap.DatalinkValToName(int(l.handle.LinkType())) }

// SnapLen returns how many octets are kept of a packet.
func (l *Live) SnapLen() int { return l.snap }

// Drops asks how many packets were lost so far: in the kernel because its buffer was full, and in the interface.
func (l *Live) Drops() (kernel, iface uint64) {
	if l.err == nil { // of an interface that is gone libpcap has nothing to say
		if s, err := l.handle.Stats(); err == nil {
			l.kernel.update(s.PacketsDropped)
			l.iface.update(s.PacketsIfDropped)
		}
	}
	return l.kernel.sum, l.iface.sum
}

// Close stops listening.
func (l *Live) Close() error {
	if l.err == nil {
		l.err = &LiveError{Interface: l.name, Err: errors.New("is not listened on any more")}
	}
	l.handle.Close()
	return nil
}

// Flags of pcap_if_t, which gopacket does not name.
const (
	ifLoopback = 1
	ifUp       = 2
)

// Interfaces lists what OpenLive can be given, in libpcap's order: what is most likely meant comes first.
func Interfaces() ([]Interface, error) {
	all, err := pcap.FindAllDevs()
	if err != nil {
		return nil, &LiveError{Interface: "interfaces", Err: plainError(err)}
	}
	var out []Interface
	for i := range all {
		d := &all[i]
		f := Interface{Name: d.Name, Description: d.Description, Up: d.Flags&ifUp != 0, Loopback: d.Flags&ifLoopback != 0}
		for _, a := range d.Addresses {
			if ip, ok := netip.AddrFromSlice(a.IP); ok {
				f.Addresses = append(f.Addresses, ip.Unmap())
			}
		}
		out = append(out, f)
	}
	return out, nil
}
