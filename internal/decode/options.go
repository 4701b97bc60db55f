package decode

import (
	"encoding/binary"

	"finscope/reassembly"
)

// TCP option kinds (https://www.iana.org/assignments/tcp-parameters).
const (
	optEnd          = 0
	optNop          = 1
	optWScale       = 3
	optSACKOK       = 4
	optSACK         = 5
	optTimestamps   = 8
	optMPTCP        = 30
	optFastOpen     = 34
	optExperimental = 254
)

const (
	maxWScale   = 14     // RFC 7323 §2.3: a larger shift count is taken for 14
	tfoMagic    = 0xf989 // Fast Open before it had a number of its own (RFC 7413 §4.1.1)
	mptcpDSS    = 2      // RFC 8684 §3.3
	dssDataFIN  = 0x10   // in the flags byte of a DSS option (RFC 8684 §3.3.1)
	nopNopTS    = optNop<<24 | optNop<<16 | optTimestamps<<8 | 10
	lenNopNopTS = 12
	lenLinuxSYN = 20
)

// options reads the options of a header whose flags are already in seg. What is malformed or cut ends the reading
// without a word: a receiver ignores such options too, and the segment still counts.
func options(o []byte, seg *Segment) {
	// The layout of RFC 7323 appendix A, which nearly every segment of nearly every system has.
	if len(o) >= lenNopNopTS && binary.BigEndian.Uint32(o) == nopNopTS {
		timestamps(o[2:lenNopNopTS], seg)
		o = o[lenNopNopTS:]
	} else if len(o) == lenLinuxSYN && seg.Flags.Has(SYN) && linuxSYN(o, seg) {
		return
	}
	for len(o) > 0 {
		switch o[0] {
		case optEnd:
			return
		case optNop:
			o = o[1:]
			continue
		}
		if len(o) < 2 || o[1] < 2 || int(o[1]) > len(o) {
			return
		}
		option(o[:o[1]], seg)
		o = o[o[1]:]
	}
}

// linuxSYN reads the options of a SYN as Linux writes them with everything on: maximum segment size, SACK permitted,
// timestamps, no operation, window scale.
func linuxSYN(o []byte, seg *Segment) bool {
	const mss, order, scale = 0xffff << 32, 0x0204<<48 | 0x0402<<16 | 0x080a, 0x010303
	if binary.BigEndian.Uint64(o)&^mss != order || binary.BigEndian.Uint32(o[16:])>>8 != scale {
		return false
	}
	timestamps(o[6:], seg)
	seg.WScale = min(o[19], maxWScale)
	seg.Marks |= PermitsSACK | HasWScale
	return true
}

// option reads one option of at least two bytes.
func option(o []byte, seg *Segment) {
	switch o[0] {
	case optTimestamps:
		if len(o) == 10 {
			timestamps(o, seg)
		}
	case optWScale:
		if len(o) == 3 && seg.Flags.Has(SYN) { // RFC 7323 §2.2: ignored elsewhere
			seg.WScale = min(o[2], maxWScale)
			seg.Marks |= HasWScale
		}
	case optSACKOK:
		if seg.Flags.Has(SYN) {
			seg.Marks |= PermitsSACK
		}
	case optSACK:
		sack(o[2:], seg)
	case optMPTCP:
		seg.Marks |= HasMPTCP
		if len(o) >= 4 && o[2]>>4 == mptcpDSS && o[3]&dssDataFIN != 0 {
			seg.Marks |= HasDataFIN
		}
	case optFastOpen:
		seg.Marks |= HasFastOpen
	case optExperimental:
		if len(o) >= 4 && binary.BigEndian.Uint16(o[2:]) == tfoMagic {
			seg.Marks |= HasFastOpen
		}
	}
}

func timestamps(o []byte, seg *Segment) {
	seg.TSVal, seg.TSEcr = binary.BigEndian.Uint32(o[2:]), binary.BigEndian.Uint32(o[6:])
	seg.Marks |= HasTimestamp
}

// sack reads the blocks of a SACK option (RFC 2018 §3).
func sack(o []byte, seg *Segment) {
	if len(o) < 8 || len(o)%8 != 0 {
		return
	}
	seg.SACKLeft = reassembly.Seq(binary.BigEndian.Uint32(o))
	seg.SACKRight = reassembly.Seq(binary.BigEndian.Uint32(o[4:]))
	seg.SACKMax = seg.SACKRight
	for o = o[8:]; len(o) > 0; o = o[8:] {
		seg.SACKMax = seg.SACKMax.Max(reassembly.Seq(binary.BigEndian.Uint32(o[4:])))
	}
	seg.Marks |= HasSACK
}
