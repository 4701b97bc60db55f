package decode

import "encoding/binary"

// ip6 takes an IPv6 header (RFC 8200 §3) and what follows it.
func (d *Decoder) ip6(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 40 {
		return short(b, wire, CutInIPHeader, BadIPHeader)
	}
	if !d.enter() {
		return TooManyLayers
	}
	h := (*[40]byte)(b)
	word := binary.BigEndian.Uint32(h[:])
	if word>>28 != 6 {
		return BadIPHeader
	}
	n, next := int(binary.BigEndian.Uint16(h[4:])), h[6]
	seg.Src, seg.Dst = AddrFrom16(h[8:]), AddrFrom16(h[24:])
	seg.TTL, seg.IPID = h[7], word&0xfffff
	seg.Marks = d.marks
	d.vouched = true
	b = b[40:]
	if n == 0 {
		n = ip6Jumbo(next, b, wire-40)
	} else if n > wire-40 && d.framed {
		n = wire - 40
	}
	d.framed = false
	if len(b) > n {
		b = b[:n] // the rest is padding or a trailer
	}
	if next == protoTCP {
		return d.tcp(b, n, seg)
	}
	return d.ip6Extension(next, b, n, seg)
}

// ip6Jumbo returns the payload length of a packet whose header says 0: what the jumbo payload option says (RFC 2675
// §2), or else all that was on the wire. Linux writes the option for packets beyond 64 KB up to version 6.x and leaves
// it out in later ones (BIG TCP).
func ip6Jumbo(next uint8, b []byte, wire int) int {
	if next == protoNone {
		return 0
	}
	if next != protoHopByHop || len(b) < 8 {
		return wire
	}
	o := b[2:min((int(b[1])+1)*8, len(b))]
	for len(o) >= 2 {
		if o[0] == 0 { // Pad1
			o = o[1:]
			continue
		}
		end := 2 + int(o[1])
		if end > len(o) {
			break
		}
		if o[0] == 0xc2 && o[1] == 4 {
			// Not more than a length on the wire can be, so that it fits an int of 32 bits.
			return int(min(binary.BigEndian.Uint32(o[2:]), 1<<30))
		}
		o = o[end:]
	}
	return wire
}

// ip6Extension walks the extension headers (RFC 8200 §4) up to what they precede.
func (d *Decoder) ip6Extension(next uint8, b []byte, wire int, seg *Segment) Outcome {
	for {
		unit, skip := 8, 8 // the length byte counts units of this size, without the first skip bytes
		switch next {
		case protoHopByHop, protoHIP, protoShim6, protoMobility:
		case protoRouting:
			// Until no segments are left the destination is that of the next hop, not that of the pseudo-header.
			if len(b) >= 4 && b[3] != 0 {
				d.vouched = false
			}
		case protoDestination:
			d.vouched = false // may hold a home address, which stands in the pseudo-header (RFC 6275 §6.3)
		case protoAH:
			unit = 4 // RFC 4302 §2.2
		case protoFragment:
			return d.ip6Fragment(b, wire, seg)
		default:
			return d.transport(next, b, wire, seg)
		}
		if len(b) < 8 {
			return short(b, wire, CutInIPHeader, BadIPHeader)
		}
		n := skip + int(b[1])*unit
		if n > wire {
			return BadIPHeader
		}
		if n > len(b) {
			return CutInIPHeader
		}
		next, b, wire = b[0], b[n:], wire-n
	}
}

// ip6Fragment takes a fragment header (RFC 8200 §4.5).
func (d *Decoder) ip6Fragment(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 8 {
		return short(b, wire, CutInIPHeader, BadIPHeader)
	}
	word, id := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])
	offset, last := int(word&^7), word&1 == 0
	if offset == 0 && last {
		// An atomic fragment is whole, and no part of any other datagram (RFC 6946).
		return d.ip6Extension(b[0], b[8:], wire-8, seg)
	}
	return d.fragment(fragmentKey{seg.Src, seg.Dst, id, protoFragment}, b[0], offset, last, b[8:], wire-8, seg)
}
