package decode

import "encoding/binary"

// PPP protocol numbers (https://www.iana.org/assignments/ppp-numbers).
const (
	pppROHCSmall  = 0x0003
	pppROHCLarge  = 0x0005
	pppIP4        = 0x0021
	pppVJ         = 0x002d // RFC 1144
	pppVJFull     = 0x002f
	pppMultilink  = 0x003d // RFC 1990
	pppIP6        = 0x0057
	pppIPHCFull   = 0x0061 // RFC 2508
	pppIPHCOther  = 0x0069
	pppLink       = 0x00fb // compressed or encrypted on one link of a bundle
	pppCompressed = 0x00fd // RFC 1962; MPPE says the same (RFC 3078)
	pppMPLS       = 0x0281
	pppMPLSMulti  = 0x0283
)

// ppp takes a PPP frame (RFC 1661 §2): with the address and control bytes of HDLC-like framing or without them, its
// protocol number in two bytes or compressed to one.
func (d *Decoder) ppp(b []byte, wire int, seg *Segment) Outcome {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		b, wire = b[2:], wire-2
	}
	if len(b) < 2 {
		return short(b, wire, CutInTunnel, OtherEthertype)
	}
	if !d.enter() {
		return TooManyLayers
	}
	proto, n := binary.BigEndian.Uint16(b), 2
	if b[0]&1 != 0 { // RFC 1661 §6.5
		proto, n = uint16(b[0]), 1
	}
	b, wire = b[n:], wire-n
	switch proto {
	case pppIP4:
		return d.ip4(b, wire, seg)
	case pppIP6:
		return d.ip6(b, wire, seg)
	case pppMPLS, pppMPLSMulti:
		return d.mpls(b, wire, seg)
	case pppMultilink:
		// A packet that was not cut up has both the beginning and the ending bit, and a protocol number of its own.
		if len(b) < 4 {
			return short(b, wire, CutInTunnel, OtherEthertype)
		}
		if b[0]&0xc0 != 0xc0 {
			return UnknownTunnel
		}
		return d.ppp(b[4:], wire-4, seg)
	case pppROHCSmall, pppROHCLarge, pppVJ, pppVJFull, pppLink, pppCompressed:
		return Compressed
	}
	if pppIPHCFull <= proto && proto <= pppIPHCOther {
		return Compressed
	}
	return OtherEthertype
}

// pppoe takes a PPPoE session header (RFC 2516 §4).
func (d *Decoder) pppoe(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 6 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if b[0] != 0x11 || b[1] != 0 {
		return OtherEthertype
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	b, wire = b[6:], wire-6
	// There are middleboxes that count the padding of a short frame as payload of the IP packet, and what is wrong by
	// more than padding can be is no such case. Without this a bare ACK would carry data that was never sent.
	if n >= 2 && n < wire && wire-n < minFrame {
		b, wire, d.framed = b[:min(n, len(b))], n, true
	}
	return d.ppp(b, wire, seg)
}

// minFrame is the length to which Ethernet frames are padded, without the check sequence (IEEE 802.3 §4.2.3.3).
const minFrame = 60

// hdlc takes what is either PPP in HDLC-like framing or Cisco HDLC, as the address byte says.
func (d *Decoder) hdlc(b []byte, wire int, seg *Segment) Outcome {
	if len(b) >= 4 && (b[0] == 0x0f || b[0] == 0x8f) { // unicast, multicast
		return d.etherType(binary.BigEndian.Uint16(b[2:]), b[4:], wire-4, seg)
	}
	return d.ppp(b, wire, seg)
}

// frameRelay takes a Frame Relay header with an address of two to four bytes: behind it a control byte and an NLPID
// (RFC 2427 §3), or an Ethertype as Cisco has it.
func (d *Decoder) frameRelay(b []byte, wire int, seg *Segment) Outcome {
	n := 1
	for n <= len(b) && b[n-1]&1 == 0 { // the last byte of the address has its low bit set
		n++
	}
	if len(b) < n+2 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	b, wire = b[n:], wire-n
	if b[0] != 0x03 {
		return d.etherType(binary.BigEndian.Uint16(b), b[2:], wire-2, seg)
	}
	b, wire = b[1:], wire-1
	if b[0] == 0 { // padding
		b, wire = b[1:], wire-1
	}
	return d.nlpid(b, wire, seg)
}
