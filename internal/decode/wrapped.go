package decode

import "encoding/binary"

// Link types that put a header of the capturing system in front of another link type or of IP.

// nflog takes a Linux netfilter log record (https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html): a header of four
// bytes, then type-length-value fields in the byte order of the capturing host, one of which is the packet.
func (d *Decoder) nflog(b []byte, wire int, seg *Segment) Outcome {
	const (
		payload  = 9
		typeMask = 0x3fff // the type without the flags for nested and network-order fields
	)
	if len(b) < 8 || b[1] != 0 {
		return short(b, wire, CutBeforeIP, UnknownLinkType)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if order.Uint16(b[6:])&typeMask > 0xff { // no type is that large
		order = binary.BigEndian
	}
	b, wire = b[4:], wire-4
	for len(b) >= 4 {
		n := int(order.Uint16(b))
		if n < 4 {
			return UnknownLinkType
		}
		if order.Uint16(b[2:])&typeMask == payload {
			end := min(n, len(b))
			return d.rawIP(b[4:end], max(min(n, wire), end)-4, seg)
		}
		n = (n + 3) &^ 3
		if n > len(b) {
			break
		}
		b, wire = b[n:], wire-n
	}
	return short(b, wire, CutBeforeIP, OtherEthertype)
}

// pflog takes an OpenBSD packet filter log header (https://www.tcpdump.org/linktypes/LINKTYPE_PFLOG.html): its first
// byte is its length without the padding to 32 bits, the second an address family.
func (d *Decoder) pflog(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 2 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	n := (int(b[0]) + 3) &^ 3
	if len(b) < n {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	return d.family(uint32(b[1]), b[n:], wire-n, seg)
}

// wrapped takes a header that says its own length and the link type of what follows it: PPI
// (https://www.tcpdump.org/linktypes/LINKTYPE_PPI.html) or Apple's PKTAP. n is what is left of it.
func (d *Decoder) wrapped(link LinkType, n int, b []byte, wire int, seg *Segment) Outcome {
	if n < 0 {
		return UnknownLinkType
	}
	if len(b) < n {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if !d.enter() {
		return TooManyLayers
	}
	if link == LinkEthernet {
		return d.ethernet(b[n:], wire-n, seg)
	}
	return d.link(link, b[n:], wire-n, seg)
}

// tokenRing takes an IEEE 802.5 frame: access and frame control, addresses, a source route if the source address has
// its highest bit set, and LLC.
func (d *Decoder) tokenRing(b []byte, wire int, seg *Segment) Outcome {
	const routed = 0x80
	n := 14
	if len(b) < n+1 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if b[8]&routed != 0 {
		n += int(b[14] & 0x1f)
	}
	if len(b) < n {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	return d.llc(b[n:], wire-n, seg)
}
