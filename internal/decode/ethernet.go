package decode

import "encoding/binary"

// maxLength8023 is the largest value that is the length of an IEEE 802.3 frame with an LLC header instead of an
// Ethertype (IEEE 802.3 §3.2.6).
const maxLength8023 = 1500

// ethernet takes an Ethernet frame from its destination address on. A frame check sequence behind it does no harm:
// every length comes from the headers.
func (d *Decoder) ethernet(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 14 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if !d.enter() {
		return TooManyLayers
	}
	return d.etherType(binary.BigEndian.Uint16(b[12:]), b[14:], wire-14, seg)
}

// Ethertypes (https://www.iana.org/assignments/ieee-802-numbers).
const (
	etherIP4       = 0x0800
	etherARP       = 0x0806
	etherERSPAN3   = 0x22eb
	etherBridged   = 0x6558 // a whole Ethernet frame (RFC 1701)
	etherRARP      = 0x8035
	etherVLAN      = 0x8100 // 802.1Q
	etherIP6       = 0x86dd
	etherPPP       = 0x880b
	etherWCCP      = 0x883e
	etherMPLS      = 0x8847
	etherMPLSUp    = 0x8848 // upstream-assigned label, once multicast
	etherPPPoEDisc = 0x8863
	etherPPPoE     = 0x8864
	etherQinQ      = 0x88a8 // 802.1ad
	etherERSPAN    = 0x88be
	etherMACsec    = 0x88e5
	etherPBB       = 0x88e7 // 802.1ah
	etherHSR       = 0x892f
	etherVNTag     = 0x8926
	etherETag      = 0x893f // 802.1BR
	etherNSH       = 0x894f
	etherCMD       = 0x8909 // Cisco metadata
	etherOldQinQ   = 0x9100 // before 802.1ad
	etherOldQinQ2  = 0x9200
)

// etherType takes what follows an Ethertype.
func (d *Decoder) etherType(t uint16, b []byte, wire int, seg *Segment) Outcome {
	for {
		tag := 0 // bytes up to and including the next Ethertype
		switch t {
		case etherIP4:
			return d.ip4(b, wire, seg)
		case etherIP6:
			return d.ip6(b, wire, seg)
		case etherVLAN, etherQinQ, etherOldQinQ, etherOldQinQ2:
			tag = 4
		case etherHSR, etherVNTag:
			tag = 6
		case etherETag, etherCMD:
			tag = 8
		default:
			return d.etherOther(t, b, wire, seg)
		}
		if len(b) < tag {
			return short(b, wire, CutBeforeIP, OtherEthertype)
		}
		t = binary.BigEndian.Uint16(b[tag-2:])
		b, wire = b[tag:], wire-tag
	}
}

// etherOther takes the Ethertypes that few captures have.
func (d *Decoder) etherOther(t uint16, b []byte, wire int, seg *Segment) Outcome {
	switch t {
	case etherARP, etherRARP:
		return ARP
	case etherMPLS, etherMPLSUp:
		return d.mpls(b, wire, seg)
	case etherPPPoE:
		return d.pppoe(b, wire, seg)
	case etherPPP:
		return d.ppp(b, wire, seg)
	case etherBridged:
		return d.ethernet(b, wire, seg)
	case etherPBB:
		if len(b) < 4 {
			return CutInTunnel
		}
		return d.ethernet(b[4:], wire-4, seg) // the service tag, then the customer's frame
	case etherNSH:
		return d.nsh(b, wire, seg)
	case etherMACsec:
		return d.macsec(b, wire, seg)
	}
	if t <= maxLength8023 {
		return d.llc(b, wire, seg)
	}
	return OtherEthertype
}

// macsec takes a MACsec tag (IEEE 802.1AE §9.3), behind which an Ethertype follows in clear if the E and C bits say
// that the frame is only authenticated.
func (d *Decoder) macsec(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 6 {
		return CutInTunnel
	}
	if b[0]&0x0c != 0 {
		return Encrypted
	}
	n := 6
	if b[0]&0x20 != 0 {
		n = 14 // explicit channel identifier
	}
	if len(b) < n+2 {
		return CutInTunnel
	}
	if !d.enter() {
		return TooManyLayers
	}
	return d.etherType(binary.BigEndian.Uint16(b[n:]), b[n+2:], wire-n-2, seg)
}

// plausibleEthernet reports whether b looks like an Ethernet frame with something in it that leads on to IP. Where
// nothing says what follows (pseudowires), this decides.
func plausibleEthernet(b []byte) bool {
	if len(b) < 15 {
		return false
	}
	switch binary.BigEndian.Uint16(b[12:]) {
	case etherIP4:
		return b[14]>>4 == 4
	case etherIP6:
		return b[14]>>4 == 6
	case etherARP, etherVLAN, etherQinQ, etherMPLS, etherPPPoE, etherPPPoEDisc:
		return true
	}
	return false
}
