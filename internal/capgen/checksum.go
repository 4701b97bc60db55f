package capgen

import (
	"encoding/binary"
	"math/bits"

	"finscope/internal/decode"
)

// protoTCP is the IP protocol number of TCP.
const protoTCP = 6

// sum adds the octets of b to an unfolded ones' complement sum (RFC 1071). Eight octets at a time: byte by byte it would
// be the larger part of writing a packet.
func sum(acc uint64, b []byte) uint64 {
	for len(b) >= 8 {
		var carry uint64
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b), 0)
		acc += carry
		b = b[8:]
	}
	var tail [8]byte // a trailing odd octet counts as the high half of a word
	copy(tail[:], b)
	acc, carry := bits.Add64(acc, binary.BigEndian.Uint64(tail[:]), 0)
	return acc + carry
}

// fold reduces an unfolded sum to 16 bits, not complemented.
func fold(acc uint64) uint16 {
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	return uint16(acc)
}

// pseudoHeader returns the sum over the pseudo header of a TCP segment of n octets, header included (RFC 9293 §3.1). The
// lengths that only offloaded packets have do not fit the field of IPv4 and are added as if they did.
func pseudoHeader(src, dst decode.Addr, n int) uint64 {
	acc := uint64(protoTCP) + uint64(n)
	if src.Is4() && dst.Is4() {
		return acc + src.Lo&0xffffffff + dst.Lo&0xffffffff
	}
	for _, word := range [...]uint64{src.Hi, src.Lo, dst.Hi, dst.Lo} {
		acc += word>>32 + word&0xffffffff
	}
	return acc
}

// wrong returns a checksum that no reader may take for a right one: neither sum itself nor the partial sum that
// checksum offload leaves in packets captured on the sending host.
func wrong(right, partial uint16) uint16 {
	for _, flip := range [...]uint16{0x5555, 0x3333, 0x0f0f} {
		if bad := right ^ flip; bad != partial && bad != ^partial && bad != 0 && bad != 0xffff {
			return bad
		}
	}
	return right ^ 0x00ff
}
