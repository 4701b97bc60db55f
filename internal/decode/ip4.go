package decode

import "encoding/binary"

// Bits of the IPv4 fragment word (RFC 791 §3.1).
const (
	ip4DF     = 0x4000
	ip4MF     = 0x2000
	ip4Offset = 0x1fff // in units of 8 bytes
)

// ip4 takes an IPv4 header (RFC 791) and what follows it.
func (d *Decoder) ip4(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 20 {
		return short(b, wire, CutInIPHeader, BadIPHeader)
	}
	if !d.enter() {
		return TooManyLayers
	}
	h := (*[20]byte)(b)
	hlen, total := int(h[0]&15)*4, int(binary.BigEndian.Uint16(h[2:]))
	if total == 0 {
		// Segmentation offload: the header is that of a packet which the device has yet to cut up, or which is longer
		// than 16 bits can say.
		total = wire
	} else if total > wire && d.framed {
		total = wire
	}
	d.framed = false
	if h[0]>>4 != 4 || hlen < 20 || total < hlen {
		return BadIPHeader
	}
	if len(b) > total {
		b = b[:total] // the rest is padding or a trailer
	}
	if len(b) < hlen {
		return CutInIPHeader
	}
	frag := binary.BigEndian.Uint16(h[6:])
	seg.Src, seg.Dst = AddrFrom4(h[12:]), AddrFrom4(h[16:])
	seg.TTL, seg.IPID = h[8], uint32(binary.BigEndian.Uint16(h[4:]))
	seg.Marks = d.marks
	if frag&ip4DF != 0 {
		seg.Marks |= DontFragment
	}
	d.vouched = hlen == 20 || !sourceRouted(b[20:hlen])
	proto := h[9]
	if frag&(ip4MF|ip4Offset) != 0 {
		return d.fragment(fragmentKey{seg.Src, seg.Dst, seg.IPID, proto}, proto,
			int(frag&ip4Offset)*8, frag&ip4MF == 0, b[hlen:], total-hlen, seg)
	}
	if proto == protoTCP {
		return d.tcp(b[hlen:], total-hlen, seg)
	}
	return d.transport(proto, b[hlen:], total-hlen, seg)
}

// sourceRouted reports whether IPv4 options hold a source route (LSRR 131, SSRR 137, RFC 791 §3.1): the destination
// address may then be that of the next router.
func sourceRouted(o []byte) bool {
	for len(o) > 0 && o[0] != 0 {
		if o[0] == 1 {
			o = o[1:]
			continue
		}
		if o[0] == 131 || o[0] == 137 {
			return true
		}
		if len(o) < 2 || o[1] < 2 || int(o[1]) > len(o) {
			return true // unreadable: do not vouch
		}
		o = o[o[1]:]
	}
	return false
}
