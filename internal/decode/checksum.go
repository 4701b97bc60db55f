package decode

import (
	"encoding/binary"
	"math/bits"
)

// maxJudged is the longest TCP segment whose checksum is judged: what fits a 1500-byte packet. A longer one may have
// been merged by the receiving device, which leaves the checksum of the first part.
const maxJudged = 1480

// provablyWrong reports whether the checksum of a whole segment can be explained neither by its bytes nor by checksum
// offload (RFC 9293 §3.1). A sending host that leaves the sum to its device writes the sum of the pseudo-header, not
// complemented, with the length of the segment or, for segmentation offload, with 0; some write 0 for the whole field.
// A receiving host that merges segments (GRO) leaves the same sum.
func provablyWrong(b []byte, seg *Segment) bool {
	sum := binary.BigEndian.Uint16(b[16:])
	if sum == 0 || len(b) > maxJudged {
		return false
	}
	pseudo := addWord(pseudo(seg), protoTCP)
	whole := addWord(pseudo, uint64(len(b)))
	if fold(sumBytes(whole, b)) == 0xffff {
		return false // right, as nearly all are
	}
	return fold(whole) != sum && fold(pseudo) != sum
}

// pseudo is the sum of the addresses of a packet, which a pseudo-header has.
func pseudo(seg *Segment) uint64 {
	if seg.Src.Is4() {
		return seg.Src.Lo&0xffffffff + seg.Dst.Lo&0xffffffff
	}
	return addWord(addWord(seg.Src.Hi, seg.Src.Lo), addWord(seg.Dst.Hi, seg.Dst.Lo))
}

// addWord is the ones' complement sum of 64-bit words, which folds to that of their 16-bit parts (RFC 1071 §2).
func addWord(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	return s + carry
}

// sumBytes adds the bytes of b, the last one padded with zero to 16 bits.
func sumBytes(sum uint64, b []byte) uint64 {
	for ; len(b) >= 32; b = b[32:] {
		s, carry := bits.Add64(sum, binary.BigEndian.Uint64(b), 0)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[8:]), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[16:]), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[24:]), carry)
		sum = s + carry
	}
	for ; len(b) >= 8; b = b[8:] {
		sum = addWord(sum, binary.BigEndian.Uint64(b))
	}
	if len(b) >= 4 {
		sum, b = addWord(sum, uint64(binary.BigEndian.Uint32(b))), b[4:]
	}
	if len(b) >= 2 {
		sum, b = addWord(sum, uint64(binary.BigEndian.Uint16(b))), b[2:]
	}
	if len(b) >= 1 {
		sum = addWord(sum, uint64(b[0])<<8)
	}
	return sum
}

// fold brings a sum down to 16 bits: the additions leave at most 33, 18, 17 and 16. A loop would not know how many to make.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s)
}
