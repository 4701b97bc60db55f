package decode

import (
	"encoding/binary"

	"finscope/reassembly"
)

// tcp takes a TCP header (RFC 9293 §3.1): b is what the capture kept of the segment, wire its length by the IP
// header's account. The header may be cut anywhere behind the flags.
func (d *Decoder) tcp(b []byte, wire int, seg *Segment) Outcome {
	if wire < 20 {
		return BadTCPHeader
	}
	if len(b) < 14 {
		return CutInTCPHeader
	}
	h := (*[14]byte)(b)
	hlen := int(h[12]>>4) * 4
	if hlen < 20 || hlen > wire {
		return BadTCPHeader
	}
	flags := Flags(h[13]) | Flags(h[12]&1)<<8
	seg.SrcPort, seg.DstPort = binary.BigEndian.Uint16(h[:]), binary.BigEndian.Uint16(h[2:])
	seg.Seq = reassembly.Seq(binary.BigEndian.Uint32(h[4:]))
	seg.Ack = reassembly.Seq(binary.BigEndian.Uint32(h[8:]))
	seg.Flags = flags
	seg.Len = uint32(wire - hlen)
	if len(b) < hlen {
		seg.Marks |= OptionsCut
		hlen = len(b)
		if len(b) < 20 {
			if len(b) >= 16 {
				seg.Window = binary.BigEndian.Uint16(b[14:])
			}
			return TCP
		}
	}
	seg.Window = binary.BigEndian.Uint16(b[14:])
	if hlen > 20 {
		options(b[20:hlen], seg)
	}
	if flags&(SYN|FIN|RST) != 0 && len(b) >= wire && d.vouched && d.marks == 0 && provablyWrong(b[:wire], seg) {
		seg.Marks |= BadChecksum
	}
	return TCP
}
