package decode

import (
	"encoding/binary"

	"finscope/reassembly"
)

// Plain decodes packets that need no Decoder, which most are, and reports whether this was one; Decode is for the others and
// comes to the same for these. It is there for the loop over all packets of a file: Decode, which keeps its arguments for the
// long way, is 20 instructions more for each of them.
func Plain(link LinkType, data []byte, seg *Segment) bool {
	return link == LinkEthernet && plain(data, seg)
}

// Where the headers of a plain packet begin.
const (
	offIP   = 14 // behind that of Ethernet
	offTCP4 = offIP + 20
	offTCP6 = offIP + 40
)

// plainIP4 returns of an IPv4 header its identification, fragment word, time to live, protocol and checksum, and whether it is
// one without options, of no fragment, with TCP behind it.
func plainIP4(h *[offTCP4 + 20]byte) (word uint64, ok bool) {
	word = binary.BigEndian.Uint64(h[offIP+4:])
	return word, h[offIP] == 0x45 && word&((ip4MF|ip4Offset)<<32|0xff<<16) == protoTCP<<16
}

// plainIP6 returns of an IPv6 header its version, traffic class, flow label, length, next header and hop limit, and whether TCP
// is behind it.
func plainIP6(h *[offTCP6 + 20]byte) (word uint64, ok bool) {
	word = binary.BigEndian.Uint64(h[offIP:])
	return word, word&(0xf<<60|0xff<<8) == 6<<60|protoTCP<<8
}

// plain decodes what most packets are: TCP in an IP header without options or extensions in plain Ethernet, captured at
// least up to the end of the TCP options. It takes half the time of the descent from header to header, which has to
// remember what it passed. It reports false for all other packets, and leaves anything in seg; where it reports true, the
// descent comes to the same (FuzzPlain).
//
// Headers are taken in words of 64 bits, and what they must contain is asked of a whole word. The segment is filled field by
// field: a literal, and a pair of addresses too, would be put together elsewhere and then copied, which takes longer than all
// the rest because the copy has to wait for its parts.
func plain(data []byte, seg *Segment) bool {
	if len(data) < offTCP4+20 {
		return false
	}
	var b []byte // the TCP header and what follows it
	var wire int // its length by the IP header's account
	switch h := (*[offTCP4 + 20]byte)(data); binary.BigEndian.Uint16(h[12:]) {
	case etherIP4:
		word, ok := plainIP4(h)
		if !ok {
			return false
		}
		ends := binary.BigEndian.Uint64(h[offIP+12:])
		*seg = Segment{}
		seg.Src.Lo = v4Mapped | ends>>32
		seg.Dst.Lo = v4Mapped | ends&0xffffffff
		seg.IPID = uint32(word >> 48)
		seg.TTL = uint8(word >> 24)
		if word&(ip4DF<<32) != 0 {
			seg.Marks = DontFragment
		}
		b, wire = data[offTCP4:], int(binary.BigEndian.Uint16(h[offIP+2:]))-20
	case etherIP6:
		if len(data) < offTCP6+20 {
			return false
		}
		h := (*[offTCP6 + 20]byte)(data)
		word, ok := plainIP6(h)
		if !ok {
			return false
		}
		*seg = Segment{}
		seg.Src.Hi = binary.BigEndian.Uint64(h[offIP+8:])
		seg.Src.Lo = binary.BigEndian.Uint64(h[offIP+16:])
		seg.Dst.Hi = binary.BigEndian.Uint64(h[offIP+24:])
		seg.Dst.Lo = binary.BigEndian.Uint64(h[offIP+32:])
		seg.IPID = uint32(word>>32) & 0xfffff
		seg.TTL = uint8(word)
		b, wire = data[offTCP6:], int(uint16(word>>16))
	default:
		return false
	}
	h := (*[20]byte)(b)
	ports := binary.BigEndian.Uint64(h[:]) // and sequence number
	seg.SrcPort, seg.DstPort = uint16(ports>>48), uint16(ports>>32)
	seg.Seq = reassembly.Seq(ports)
	word := binary.BigEndian.Uint64(h[8:]) // acknowledgment number, header length, flags, window
	seg.Ack = reassembly.Seq(word >> 32)
	seg.Flags = Flags(word>>16) & (AE<<1 - 1)
	seg.Window = uint16(word)
	hlen := int(word>>28&0xf) * 4
	if hlen < 20 || hlen > wire || hlen > len(b) {
		return false
	}
	seg.Len = uint32(wire - hlen)
	if seg.Flags.Any(SYN | FIN | RST) {
		options(b[20:hlen], seg)
		if len(b) >= wire && provablyWrong(b[:wire], seg) {
			seg.Marks |= BadChecksum
		}
	} else if hlen > 20 {
		o := b[20:hlen]
		if len(o) == lenNopNopTS && binary.BigEndian.Uint32(o) == nopNopTS {
			timestamps(o[2:], seg)
		} else {
			options(o, seg)
		}
	}
	return true
}
