package decode

import "encoding/binary"

// Bits of the first word of a GRE header (RFC 2784 §2, RFC 2890 §2, RFC 2637 §4.1).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000 // RFC 1701
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1
	greVersion  = 0x0007
)

// gre takes a GRE header of version 0, or of version 1 as PPTP has it.
func (d *Decoder) gre(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 4 {
		return short(b, wire, CutInTunnel, UnknownTunnel)
	}
	bits, proto := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	n := 4
	if bits&(greChecksum|greRouting) != 0 {
		n += 4 // checksum and offset stand or fall together
	}
	if bits&greKey != 0 {
		n += 4
	}
	if bits&greSequence != 0 {
		n += 4
	}
	switch bits & greVersion {
	case 0:
	case 1:
		if bits&greAck != 0 {
			n += 4
		}
		if bits&greSequence == 0 {
			return OtherIP // an acknowledgment without payload
		}
	default:
		return UnknownTunnel
	}
	if bits&greRouting != 0 {
		for {
			if len(b) < n+4 {
				return short(b, wire, CutInTunnel, UnknownTunnel)
			}
			end := binary.BigEndian.Uint16(b[n:]) == 0 && b[n+3] == 0 // a source route entry without family and length
			n += 4 + int(b[n+3])
			if end {
				break
			}
		}
	}
	if len(b) < n {
		return short(b, wire, CutInTunnel, UnknownTunnel)
	}
	b, wire = b[n:], wire-n
	switch proto {
	case etherERSPAN:
		if bits&greSequence == 0 {
			return d.ethernet(b, wire, seg) // type I: no header of its own
		}
		return d.erspan(b, wire, seg)
	case etherERSPAN3:
		return d.erspan(b, wire, seg)
	case etherWCCP:
		// Version 2 puts a redirect header of four bytes in front of the packet, and does not say so.
		if len(b) >= 4 && b[0]>>4 != 4 {
			b, wire = b[4:], wire-4
		}
		return d.rawIP(b, wire, seg)
	}
	return d.tunnelled(proto, b, wire, seg)
}

// tunnelled takes what follows an Ethertype in a tunnel header, where a small number is no length: GRE keepalives have
// 0.
func (d *Decoder) tunnelled(t uint16, b []byte, wire int, seg *Segment) Outcome {
	if t <= maxLength8023 {
		return OtherEthertype
	}
	if !d.enter() {
		return TooManyLayers
	}
	return d.etherType(t, b, wire, seg)
}

// erspan takes a header of type II or III (draft-foschiano-erspan-03 §4), as its version says.
func (d *Decoder) erspan(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 8 {
		return short(b, wire, CutInTunnel, UnknownTunnel)
	}
	n := 8
	switch b[0] >> 4 {
	case 1:
	case 2:
		n = 12
		if len(b) >= n && b[11]&1 != 0 {
			n += 8 // platform-specific subheader
		}
	default:
		return UnknownTunnel
	}
	if len(b) < n {
		return short(b, wire, CutInTunnel, UnknownTunnel)
	}
	return d.ethernet(b[n:], wire-n, seg)
}

// etherIP takes an EtherIP header (RFC 3378 §3).
func (d *Decoder) etherIP(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 2 {
		return short(b, wire, CutInTunnel, UnknownTunnel)
	}
	if b[0]>>4 != 3 {
		return UnknownTunnel
	}
	return d.ethernet(b[2:], wire-2, seg)
}

// l2tpIP takes an L2TPv3 data message over IP (RFC 3931 §4.1.1).
func (d *Decoder) l2tpIP(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 4 {
		return short(b, wire, CutInTunnel, UnknownTunnel)
	}
	if binary.BigEndian.Uint32(b) == 0 {
		return OtherIP // control message
	}
	return d.l2tpSession(b[4:], wire-4, seg)
}

// l2tpSession takes what follows an L2TPv3 session number. The ends of the tunnel have agreed on a cookie of 0, 4 or 8
// bytes and on a sublayer of 0 or 4, and packets do not say which: an Ethernet frame is looked for at every place.
func (d *Decoder) l2tpSession(b []byte, wire int, seg *Segment) Outcome {
	for n := 0; n <= 12 && n <= len(b); n += 4 {
		if plausibleEthernet(b[n:]) {
			return d.ethernet(b[n:], wire-n, seg)
		}
	}
	return UnknownTunnel
}
