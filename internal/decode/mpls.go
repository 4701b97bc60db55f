package decode

import "encoding/binary"

// mpls takes a label stack (RFC 3032 §2.1). Nothing in it says what follows the bottom, so the first nibble does
// (RFC 4928 §2): 4 and 6 are IP, 0 a pseudowire's control word or an Ethernet address, 1 a channel of the label's own
// (RFC 4385 §5), anything else an Ethernet address.
func (d *Decoder) mpls(b []byte, wire int, seg *Segment) Outcome {
	for {
		if len(b) < 4 {
			return short(b, wire, CutBeforeIP, OtherEthertype)
		}
		bottom := b[2]&1 != 0
		b, wire = b[4:], wire-4
		if bottom {
			break
		}
	}
	if len(b) == 0 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if !d.enter() {
		return TooManyLayers
	}
	switch b[0] >> 4 {
	case 4:
		if !plausibleEthernet(b) {
			return d.ip4(b, wire, seg)
		}
	case 6:
		if !plausibleEthernet(b) {
			return d.ip6(b, wire, seg)
		}
	case 0:
		// With a control word or without: an address may begin with 0 too. What looks like a frame is one, and the
		// control word comes first if both do.
		if len(b) >= 4 && (plausibleEthernet(b[4:]) || !plausibleEthernet(b)) {
			return d.ethernet(b[4:], wire-4, seg)
		}
	case 1:
		if !plausibleEthernet(b) {
			return OtherEthertype
		}
	}
	return d.ethernet(b, wire, seg)
}

// nsh takes a network service header (RFC 8300 §2).
func (d *Decoder) nsh(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 8 {
		return CutInTunnel
	}
	n := int(binary.BigEndian.Uint16(b)&0x3f) * 4
	if n < 8 {
		return UnknownTunnel
	}
	if len(b) < n {
		return CutInTunnel
	}
	return d.nextProtocol(b[3], b[n:], wire-n, seg)
}

// nextProtocol takes what follows a next protocol number of NSH or of VXLAN-GPE, which are the same where they matter
// (RFC 8300 §2.2, draft-ietf-nvo3-vxlan-gpe §3.2).
func (d *Decoder) nextProtocol(proto uint8, b []byte, wire int, seg *Segment) Outcome {
	if !d.enter() {
		return TooManyLayers
	}
	switch proto {
	case 1:
		return d.ip4(b, wire, seg)
	case 2:
		return d.ip6(b, wire, seg)
	case 3:
		return d.ethernet(b, wire, seg)
	case 4:
		return d.nsh(b, wire, seg)
	case 5:
		return d.mpls(b, wire, seg)
	}
	return UnknownTunnel
}
