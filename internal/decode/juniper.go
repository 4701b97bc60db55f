package decode

import "encoding/binary"

// Bits of the flags in Juniper's header (tcpdump, print-juniper.c).
const (
	juniperMagic = 0x4d4743 // "MGC"
	juniperNoL2  = 0x02     // the link-layer header was taken off: four bytes stand in its place
	juniperExt   = 0x80     // extensions follow, behind their length
)

// juniper takes a packet that a Juniper router captured (`monitor traffic write-file`): magic number, flags and extensions stand
// before its own link-layer header, if that was kept.
func (d *Decoder) juniper(link LinkType, b []byte, wire int, seg *Segment) Outcome {
	n := 4
	if len(b) < n+2 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if binary.BigEndian.Uint32(b)>>8 != juniperMagic {
		return OtherEthertype
	}
	flags := b[3]
	if flags&juniperExt != 0 {
		n += 2 + int(binary.BigEndian.Uint16(b[4:]))
	}
	if flags&juniperNoL2 != 0 {
		n += 4
	}
	if len(b) < n {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	b, wire = b[n:], wire-n
	switch {
	case flags&juniperNoL2 != 0:
		return d.rawIP(b, wire, seg)
	case link == LinkJuniperEther:
		return d.ethernet(b, wire, seg)
	case link == LinkJuniperFR:
		return d.frameRelay(b, wire, seg)
	default:
		return d.hdlc(b, wire, seg)
	}
}
