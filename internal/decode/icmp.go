package decode

import (
	"encoding/binary"

	"finscope/reassembly"
)

// Returned is a TCP segment that an ICMP error message returns, as far as that quotes it (RFC 792, RFC 4443 §3): its sender learns
// that it did not arrive.
type Returned struct {
	By               Addr // who sent the message: a router, or whom the segment was for
	Src, Dst         Addr // of the segment
	SrcPort, DstPort uint16
	Seq              reassembly.Seq
	Why              Why
}

// Why says why a segment was returned.
type Why uint8

// The reasons, each of those of ICMP (https://www.iana.org/assignments/icmp-parameters) and ICMPv6 (icmpv6-parameters) that mean it.
const (
	NetUnreachable      Why = 1 + iota // no route
	HostUnreachable                    // no answer on the last link: no such host there, or it is down
	ProtocolUnreachable                // its host has no TCP
	PortUnreachable                    // its host, or what speaks for it, refuses the port; a TCP would have sent a RST
	Prohibited                         // by a filter
	TooBig                             // for the next link, and not to be cut up: to be sent again in smaller packets
	HopsExceeded                       // its TTL or hop limit ran out, as in a loop
	OtherReason                        // what nobody sends nowadays
	NetProhibited                      // Prohibited, for a whole network: applications on Linux read another error
)

// String returns the reason in the words of tcpdump and ping.
func (w Why) String() string {
	names := [...]string{"", "net unreachable", "host unreachable", "protocol unreachable", "port unreachable", "administratively prohibited",
		"packet too big", "time to live exceeded", "parameter problem", "net administratively prohibited"}
	if int(w) < len(names) {
		return names[w]
	}
	return "unknown"
}

// Types of ICMP and ICMPv6 messages.
const (
	icmpUnreachable      = 3
	icmpTimeExceeded     = 11
	icmpParameterProblem = 12

	icmp6Unreachable      = 1
	icmp6TooBig           = 2
	icmp6TimeExceeded     = 3
	icmp6ParameterProblem = 4
)

// icmpWhy returns why an ICMP message returns a packet, 0 if it returns none.
func icmpWhy(kind, code uint8) Why {
	switch kind {
	case icmpUnreachable:
		// RFC 792 and 1122 §3.2.2.1: 0 to 12; RFC 1812 §5.2.7.1: 13 to 15.
		reasons := [...]Why{NetUnreachable, HostUnreachable, ProtocolUnreachable, PortUnreachable, TooBig, OtherReason, NetUnreachable, HostUnreachable,
			HostUnreachable, NetProhibited, Prohibited, NetUnreachable, HostUnreachable, Prohibited, Prohibited, Prohibited}
		if int(code) < len(reasons) {
			return reasons[code]
		}
	case icmpTimeExceeded:
		if code == 0 { // 1: fragments that did not come
			return HopsExceeded
		}
	case icmpParameterProblem:
		return OtherReason
	}
	return 0
}

// icmp6Why does it for ICMPv6.
func icmp6Why(kind, code uint8) Why {
	switch kind {
	case icmp6Unreachable:
		// RFC 4443 §3.1.
		reasons := [...]Why{NetUnreachable, Prohibited, HostUnreachable, HostUnreachable, PortUnreachable, Prohibited, Prohibited}
		if int(code) < len(reasons) {
			return reasons[code]
		}
	case icmp6TooBig:
		return TooBig
	case icmp6TimeExceeded:
		if code == 0 {
			return HopsExceeded
		}
	case icmp6ParameterProblem:
		return OtherReason
	}
	return 0
}

// icmpHeader is how many octets precede what a message quotes.
const icmpHeader = 8

// Returned returns the segment that the message of the packet decoded last returns, if its outcome is ICMP or ICMPv6; nil if it
// returns none. It is valid until the next packet.
func (d *Decoder) Returned() *Returned {
	if d.returned.Why == 0 {
		return nil
	}
	return &d.returned
}

// icmp looks whether an ICMP message returns a TCP segment; seg has the addresses of the message. Routers quote the IP header and at
// least 8 octets of what follows: ports and sequence number.
func (d *Decoder) icmp(b []byte, wire int, seg *Segment) {
	if len(b) < icmpHeader+20 || len(b) == wire && wrongSum(b, 0) {
		return
	}
	why := icmpWhy(b[0], b[1])
	b = b[icmpHeader:]
	hlen := int(b[0]&15) * 4
	if b[0]>>4 != 4 || hlen < 20 || b[9] != protoTCP || binary.BigEndian.Uint16(b[6:])&ip4Offset != 0 || len(b) < hlen+8 {
		return
	}
	d.returns(why, seg, AddrFrom4(b[12:]), AddrFrom4(b[16:]), b[hlen:])
}

// icmp6 does it for ICMPv6. Of segments behind extension headers it knows nothing.
func (d *Decoder) icmp6(b []byte, wire int, seg *Segment) {
	if len(b) < icmpHeader+40+8 || len(b) == wire && d.vouched && wrongSum(b, addWord(addWord(pseudo(seg), protoICMPv6), uint64(wire))) {
		return
	}
	why := icmp6Why(b[0], b[1])
	b = b[icmpHeader:]
	if b[0]>>4 != 6 || b[6] != protoTCP {
		return
	}
	d.returns(why, seg, AddrFrom16(b[8:]), AddrFrom16(b[24:]), b[40:])
}

// wrongSum reports whether the checksum of a whole message is wrong, so that its receiver drops it; sum is that of the pseudo-header,
// which only ICMPv6 has. 0 is a checksum that was left out.
func wrongSum(b []byte, sum uint64) bool {
	return binary.BigEndian.Uint16(b[2:]) != 0 && fold(sumBytes(sum, b)) != 0xffff
}

// returns keeps a segment, of which tcp is the beginning. A message that goes to somebody else than the segment's sender tells that
// nothing.
func (d *Decoder) returns(why Why, message *Segment, src, dst Addr, tcp []byte) {
	if message.Dst != src {
		return
	}
	d.returned = Returned{
		By: message.Src, Src: src, Dst: dst, Why: why,
		SrcPort: binary.BigEndian.Uint16(tcp), DstPort: binary.BigEndian.Uint16(tcp[2:]),
		Seq: reassembly.Seq(binary.BigEndian.Uint32(tcp[4:])),
	}
}
