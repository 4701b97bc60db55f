package decode

import "encoding/binary"

// tunnel takes the payload of a UDP datagram that may be a tunnel by its port. One that is not by its bytes is plain
// UDP: a port number alone proves little.
type tunnel func(d *Decoder, b []byte, wire int, seg *Segment) Outcome

// udpTunnel returns what a datagram may be by its ports, or nil.
func udpTunnel(src, dst uint16) tunnel {
	switch dst {
	case 4789, 8472: // VXLAN; Linux before it had a number, and OTV, which looks the same
		return (*Decoder).vxlan
	case 4790:
		return (*Decoder).vxlanGPE
	case 6081:
		return (*Decoder).geneve
	case 4754: // RFC 8086
		return (*Decoder).greUDP
	case 6635: // RFC 7510
		return (*Decoder).mplsUDP
	case 4341: // RFC 9300
		return (*Decoder).lisp
	case 37008:
		return (*Decoder).tzsp
	}
	// In these the answers go the other way.
	for _, port := range [...]uint16{dst, src} {
		switch port {
		case 2152:
			return (*Decoder).gtp
		case 3544:
			return (*Decoder).teredo
		case 1701:
			return (*Decoder).l2tp
		case 4500:
			return (*Decoder).natT
		}
	}
	return nil
}

// udp takes a UDP header (RFC 768) and the tunnels over it.
func (d *Decoder) udp(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 8 {
		return UDP
	}
	t := udpTunnel(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	if t == nil {
		return UDP
	}
	if n := int(binary.BigEndian.Uint16(b[4:])); n >= 8 && n < wire {
		wire = n
		b = b[:min(n, len(b))]
	}
	if !d.enter() {
		return TooManyLayers
	}
	return t(d, b[8:], wire-8, seg)
}

// vxlan takes a VXLAN header (RFC 7348 §5), which may have the G flag of the group policy draft.
func (d *Decoder) vxlan(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 8 {
		return short(b, wire, CutInTunnel, UDP)
	}
	if b[0]&^0x80 != 0x08 || b[7] != 0 {
		return UDP
	}
	return d.ethernet(b[8:], wire-8, seg)
}

// vxlanGPE takes a VXLAN-GPE header (draft-ietf-nvo3-vxlan-gpe-13 §3).
func (d *Decoder) vxlanGPE(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 8 {
		return short(b, wire, CutInTunnel, UDP)
	}
	const hasProtocol = 0x04
	if b[0]&0xf8 != 0x08 || b[7] != 0 {
		return UDP
	}
	if b[0]&hasProtocol == 0 {
		return d.ethernet(b[8:], wire-8, seg)
	}
	return d.nextProtocol(b[3], b[8:], wire-8, seg)
}

// geneve takes a Geneve header (RFC 8926 §3.4).
func (d *Decoder) geneve(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 8 {
		return short(b, wire, CutInTunnel, UDP)
	}
	if b[0]>>6 != 0 || b[1]&0x3f != 0 || b[7] != 0 {
		return UDP
	}
	n := 8 + int(b[0]&0x3f)*4
	if len(b) < n {
		return short(b, wire, CutInTunnel, UDP)
	}
	return d.tunnelled(binary.BigEndian.Uint16(b[2:]), b[n:], wire-n, seg)
}

// gtp takes a GTP-U header with a user packet (3GPP TS 29.281 §5.1, §5.2).
func (d *Decoder) gtp(b []byte, wire int, seg *Segment) Outcome {
	const (
		userPacket = 0xff
		optional   = 0x07 // any of extension, sequence number, N-PDU number: all three fields are there
		extension  = 0x04
	)
	if len(b) < 8 {
		return short(b, wire, CutInTunnel, UDP)
	}
	if b[0]&0xf8 != 0x30 || b[1] != userPacket {
		return UDP
	}
	n := 8
	if b[0]&optional != 0 {
		n = 12
	}
	for more := b[0]&extension != 0; more; {
		if len(b) <= n {
			return short(b, wire, CutInTunnel, UDP)
		}
		if b[n-1] == 0 { // type of the next extension
			break
		}
		if b[n] == 0 {
			return UDP
		}
		n += int(b[n]) * 4
	}
	if len(b) <= n {
		return short(b, wire, CutInTunnel, UDP)
	}
	switch b, wire = b[n:], wire-n; b[0] >> 4 {
	case 4:
		return d.ip4(b, wire, seg)
	case 6:
		return d.ip6(b, wire, seg)
	}
	if plausibleEthernet(b) { // PDU sessions of type Ethernet
		return d.ethernet(b, wire, seg)
	}
	return UDP
}

// teredo takes a Teredo packet (RFC 4380 §5.1.1): IPv6 behind an authentication header, an origin indication, or both.
func (d *Decoder) teredo(b []byte, wire int, seg *Segment) Outcome {
	if len(b) >= 4 && b[0] == 0 && b[1] == 1 {
		n := 4 + int(b[2]) + int(b[3]) + 9 // identifier, authentication value, nonce and confirmation byte
		if len(b) < n {
			return short(b, wire, CutInTunnel, UDP)
		}
		b, wire = b[n:], wire-n
	}
	if len(b) >= 8 && b[0] == 0 && b[1] == 0 {
		b, wire = b[8:], wire-8
	}
	if len(b) < 6 || b[0]>>4 != 6 || 40+int(binary.BigEndian.Uint16(b[4:])) > wire {
		return UDP
	}
	return d.ip6(b, wire, seg)
}

// l2tp takes an L2TP message over UDP: version 2 (RFC 2661 §3.1) with PPP in it, or version 3 (RFC 3931 §4.1.2).
func (d *Decoder) l2tp(b []byte, wire int, seg *Segment) Outcome {
	const (
		control  = 0x8000
		length   = 0x4000
		sequence = 0x0800
		offset   = 0x0200
		reserved = 0x34f0
	)
	if len(b) < 6 {
		return short(b, wire, CutInTunnel, UDP)
	}
	bits := binary.BigEndian.Uint16(b)
	if bits&(control|reserved) != 0 {
		return UDP
	}
	switch bits & 0x000f {
	case 2:
	case 3:
		if len(b) < 8 {
			return short(b, wire, CutInTunnel, UDP)
		}
		return d.l2tpSession(b[8:], wire-8, seg)
	default:
		return UDP
	}
	n := 6
	if bits&length != 0 {
		n += 2
	}
	if bits&sequence != 0 {
		n += 4
	}
	if bits&offset != 0 {
		if len(b) < n+2 {
			return short(b, wire, CutInTunnel, UDP)
		}
		n += 2 + int(binary.BigEndian.Uint16(b[n:]))
	}
	if len(b) < n {
		return short(b, wire, CutInTunnel, UDP)
	}
	return d.ppp(b[n:], wire-n, seg)
}

// natT takes a datagram of port 4500 (RFC 3948 §2): ESP, unless four zero bytes mark it as IKE or it is too short to be
// either.
func (d *Decoder) natT(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 4 || wire < 12 || binary.BigEndian.Uint32(b) == 0 {
		return UDP
	}
	return Encrypted
}

// greUDP takes GRE over UDP.
func (d *Decoder) greUDP(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 4 || b[1]&greVersion != 0 || b[0]&0x4f != 0 {
		return UDP
	}
	return d.gre(b, wire, seg)
}

// mplsUDP takes MPLS over UDP.
func (d *Decoder) mplsUDP(b []byte, wire int, seg *Segment) Outcome {
	return d.mpls(b, wire, seg)
}

// lisp takes a LISP data header (RFC 9300 §5.3): eight bytes, then IP.
func (d *Decoder) lisp(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 9 {
		return short(b, wire, CutInTunnel, UDP)
	}
	if v := b[8] >> 4; v != 4 && v != 6 {
		return UDP
	}
	return d.rawIP(b[8:], wire-8, seg)
}

// tzsp takes a packet that a sniffer sends on in TZSP: a header of four bytes, tagged fields up to an end tag, and the
// frame (https://en.wikipedia.org/wiki/TZSP).
func (d *Decoder) tzsp(b []byte, wire int, seg *Segment) Outcome {
	const (
		version, ethernet = 1, 1
		padding, end      = 0, 1
	)
	if len(b) < 5 || b[0] != version || b[1] > 1 || binary.BigEndian.Uint16(b[2:]) != ethernet {
		return UDP
	}
	for n := 4; n < len(b); {
		switch b[n] {
		case padding:
			n++
		case end:
			return d.ethernet(b[n+1:], wire-n-1, seg)
		default:
			if n+1 >= len(b) {
				return CutInTunnel
			}
			n += 2 + int(b[n+1])
		}
	}
	return CutInTunnel
}
