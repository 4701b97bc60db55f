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
	if seg.Checksum == 0 || len(b) > maxJudged {
		return false
	}
	var pseudo uint64
	if seg.Src.Is4() {
		pseudo = addWord(addWord(0, seg.Src.Lo&0xffffffff), seg.Dst.Lo&0xffffffff)
	} else {
		pseudo = addWord(addWord(0, seg.Src.Hi), seg.Src.Lo)
		pseudo = addWord(addWord(pseudo, seg.Dst.Hi), seg.Dst.Lo)
	}
	pseudo = addWord(pseudo, protoTCP)
	whole := addWord(pseudo, uint64(len(b)))
	if fold(whole) == seg.Checksum || fold(pseudo) == seg.Checksum {
		return false
	}
	return fold(sumBytes(whole, b)) != 0xffff
}

// addWord is the ones' complement sum of 64-bit words, which folds to that of their 16-bit parts (RFC 1071 §2).
func addWord(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	return s + carry
}

// sumBytes adds the bytes of b, the last one padded with zero to 16 bits.
func sumBytes(sum uint64, b []byte) uint64 {
	for ; len(b) >= 8; b = b[8:] {
		sum = addWord(sum, binary.BigEndian.Uint64(b))
	}
	var tail [8]byte
	copy(tail[:], b)
	return addWord(sum, binary.BigEndian.Uint64(tail[:]))
}

// fold brings a sum down to 16 bits.
func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
