package capgen

import (
	"encoding/binary"

	"finscope/internal/decode"
)

// maxOptions is the room for options in a TCP header (RFC 9293 §3.1: the data offset has four bits).
const maxOptions = 40

// Option kinds (https://www.iana.org/assignments/tcp-parameters).
const (
	kindNOP           = 1
	kindMSS           = 2
	kindWScale        = 3
	kindSACKPermitted = 4
	kindSACK          = 5
	kindTimestamp     = 8
	kindMPTCP         = 30
	kindFastOpen      = 34
)

// MPTCP option subtypes and DSS flags (RFC 8684 §3.1, §3.3).
const (
	mpCapableV1 = 0x01 // subtype 0, version 1
	mpDSS       = 0x20 // subtype 2
	dssDataAck  = 0x01
	dssMapping  = 0x04
	dssDataFIN  = 0x10
)

// options is the option part of a header under construction.
type options struct {
	b [maxOptions]byte
	n int
}

func (o *options) room() int { return maxOptions - o.n }

func (o *options) put(b ...byte) { o.n += copy(o.b[o.n:], b) }

func (o *options) put32(v uint32) {
	binary.BigEndian.PutUint32(o.b[o.n:], v)
	o.n += 4
}

// bytes returns the options padded to a multiple of four octets. NOPs pad, not the end-of-list octet: the segment may be
// cut behind them, and more options are then still possible.
func (o *options) bytes() []byte {
	for o.n%4 != 0 {
		o.put(kindNOP)
	}
	return o.b[:o.n]
}

// fill writes the options that the marks of seg ask for, laid out as Linux does: a reader's fast path counts on that.
// All that a Segment can ask for at once fits.
func (o *options) fill(seg *decode.Segment) {
	sacks := seg.Marks&decode.HasSACK != 0
	timestamp := seg.Marks&decode.HasTimestamp != 0
	if seg.Flags.Has(decode.SYN) && !sacks {
		o.put(kindMSS, 4, 1460>>8, 1460&0xff)
	}
	switch {
	case seg.Marks&decode.PermitsSACK != 0:
		o.put(kindSACKPermitted, 2)
	case timestamp:
		o.put(kindNOP, kindNOP) // RFC 7323 appendix A
	}
	if timestamp {
		o.put(kindTimestamp, 10)
		o.put32(seg.TSVal)
		o.put32(seg.TSEcr)
	}
	if seg.Marks&decode.HasWScale != 0 {
		o.put(kindNOP, kindWScale, 3, seg.WScale)
	}
	if sacks {
		o.sack(seg)
	}
	if seg.Marks&decode.HasFastOpen != 0 {
		o.put(kindFastOpen, 2) // without a cookie: a request for one
	}
	if seg.Marks&(decode.HasMPTCP|decode.HasDataFIN) != 0 {
		o.mptcp(seg)
	}
}

// sack writes the first block, and a second of one octet if the highest right edge is not the first block's.
func (o *options) sack(seg *decode.Segment) {
	blocks := 1
	if seg.SACKMax != seg.SACKRight {
		blocks = 2
	}
	o.put(kindSACK, byte(2+8*blocks))
	o.put32(uint32(seg.SACKLeft))
	o.put32(uint32(seg.SACKRight))
	if blocks == 2 {
		o.put32(uint32(seg.SACKMax - 1))
		o.put32(uint32(seg.SACKMax))
	}
}

// mptcp writes MP_CAPABLE on a SYN and a DSS elsewhere. A DATA_FIN on its own maps one octet of data sequence space and
// subflow sequence number 0 (RFC 8684 §3.3.3); the mapping and the data acknowledgment go where other options leave no room.
func (o *options) mptcp(seg *decode.Segment) {
	if seg.Flags.Has(decode.SYN) {
		o.put(kindMPTCP, 4, mpCapableV1, 0)
		return
	}
	var flags byte
	n := 4
	if seg.Marks&decode.HasDataFIN != 0 {
		flags |= dssDataFIN
		if o.room() >= n+10 {
			flags |= dssMapping
			n += 10
		}
	}
	if o.room() >= n+4 {
		flags |= dssDataAck
		n += 4
	}
	o.put(kindMPTCP, byte(n), mpDSS, flags)
	if flags&dssDataAck != 0 {
		o.put32(uint32(seg.Ack))
	}
	if flags&dssMapping != 0 {
		o.put32(uint32(seg.Seq))
		o.put32(0)
		o.put(0, 1)
	}
}
