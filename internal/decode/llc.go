package decode

import "encoding/binary"

// llc takes an IEEE 802.2 header, with SNAP or without.
func (d *Decoder) llc(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 3 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if !d.enter() {
		return TooManyLayers
	}
	const unnumbered = 0x03
	switch sap := uint16(b[0])<<8 | uint16(b[1]&^1); {
	case b[2] != unnumbered:
	case sap == 0xaaaa:
		return d.snap(b[3:], wire-3, seg)
	case sap == 0x0606:
		return d.rawIP(b[3:], wire-3, seg)
	case sap == 0xfefe:
		return d.nlpid(b[3:], wire-3, seg)
	}
	return OtherEthertype
}

// snap takes a SNAP header: what the protocol number means depends on the organization.
func (d *Decoder) snap(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 5 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	pid := binary.BigEndian.Uint16(b[3:])
	switch uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) {
	case 0x000000, 0x0000f8: // Ethertype (RFC 1042), and Cisco's bridging of it
		if pid > maxLength8023 {
			return d.etherType(pid, b[5:], wire-5, seg)
		}
	case 0x0080c2: // a bridged Ethernet frame behind two bytes of padding (RFC 2684 §5.2), with FCS or without
		if (pid == 1 || pid == 7) && len(b) >= 7 {
			return d.ethernet(b[7:], wire-7, seg)
		}
	}
	return OtherEthertype
}

// nlpid takes what follows a network layer protocol identifier (RFC 2427 §4).
func (d *Decoder) nlpid(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 1 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	switch b[0] {
	case 0xcc:
		return d.ip4(b[1:], wire-1, seg)
	case 0x8e:
		return d.ip6(b[1:], wire-1, seg)
	case 0x80:
		return d.snap(b[1:], wire-1, seg)
	}
	return OtherEthertype
}
