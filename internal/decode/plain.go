package decode

import (
	"encoding/binary"

	"finscope/reassembly"
)

// looksPlain reports whether a frame may be one for plain; the others are spared a call.
func looksPlain(data []byte) bool {
	if len(data) < 14+20+20 {
		return false
	}
	kind := binary.BigEndian.Uint16(data[12:])
	return kind == etherIP4 && data[14+9] == protoTCP || kind == etherIP6 && data[14+6] == protoTCP
}

// plain decodes what most packets are: TCP in an IP header without options or extensions in plain Ethernet, captured at
// least up to the end of the TCP options. It takes half the time of the descent from header to header, which has to
// remember what it passed. It reports false for all other packets that looksPlain lets through, and leaves anything in
// seg; where it reports true, the descent comes to the same (FuzzPlain).
//
// The segment is filled field by field: a literal, and a pair of addresses too, would be put together elsewhere and then
// copied, which takes longer than all the rest because the copy has to wait for its parts.
func plain(data []byte, seg *Segment) bool {
	var b []byte // the TCP header and what follows it
	var wire int // its length by the IP header's account
	if ip := data[14:]; binary.BigEndian.Uint16(data[12:]) == etherIP4 {
		h := (*[20]byte)(ip)
		frag := binary.BigEndian.Uint16(h[6:])
		if h[0] != 0x45 || frag&(ip4MF|ip4Offset) != 0 {
			return false
		}
		*seg = Segment{}
		seg.Src.Lo = AddrFrom4(h[12:]).Lo
		seg.Dst.Lo = AddrFrom4(h[16:]).Lo
		seg.TTL = h[8]
		seg.IPID = uint32(binary.BigEndian.Uint16(h[4:]))
		if frag&ip4DF != 0 {
			seg.Marks = DontFragment
		}
		b, wire = ip[20:], int(binary.BigEndian.Uint16(h[2:]))-20
	} else {
		if len(ip) < 40+20 {
			return false
		}
		h := (*[40]byte)(ip)
		word := binary.BigEndian.Uint32(h[:])
		if word>>28 != 6 {
			return false
		}
		*seg = Segment{}
		seg.Src.Hi = binary.BigEndian.Uint64(h[8:])
		seg.Src.Lo = binary.BigEndian.Uint64(h[16:])
		seg.Dst.Hi = binary.BigEndian.Uint64(h[24:])
		seg.Dst.Lo = binary.BigEndian.Uint64(h[32:])
		seg.TTL = h[7]
		seg.IPID = word & 0xfffff
		b, wire = ip[40:], int(binary.BigEndian.Uint16(h[4:]))
	}
	h := (*[20]byte)(b)
	hlen := int(h[12]>>4) * 4
	if hlen < 20 || hlen > wire || hlen > len(b) {
		return false
	}
	seg.SrcPort = binary.BigEndian.Uint16(h[:])
	seg.DstPort = binary.BigEndian.Uint16(h[2:])
	seg.Seq = reassembly.Seq(binary.BigEndian.Uint32(h[4:]))
	seg.Ack = reassembly.Seq(binary.BigEndian.Uint32(h[8:]))
	seg.Flags = Flags(h[13]) | Flags(h[12]&1)<<8
	seg.Len = uint32(wire - hlen)
	seg.Window = binary.BigEndian.Uint16(h[14:])
	seg.Checksum = binary.BigEndian.Uint16(h[16:])
	if o := b[20:hlen]; len(o) == lenNopNopTS && binary.BigEndian.Uint32(o) == nopNopTS {
		timestamps(o[2:], seg)
	} else if len(o) > 0 {
		options(o, seg)
	}
	if seg.Flags.Any(SYN|FIN|RST) && len(b) >= wire && provablyWrong(b[:wire], seg) {
		seg.Marks |= BadChecksum
	}
	return true
}
