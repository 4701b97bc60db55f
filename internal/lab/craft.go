package lab

import (
	"encoding/binary"
	"net/netip"
)

// crafted describes a segment that the middle makes up.
type crafted struct {
	src, dst netip.AddrPort
	seq, ack uint32
	flags    byte
	window   uint16
	payload  int
	tsVal    uint32 // 0: no timestamp
	tsEcr    uint32
}

// frame makes an Ethernet frame of the segment, with right checksums.
func (c *crafted) frame(dstMAC, srcMAC []byte) []byte {
	be := binary.BigEndian
	var options []byte
	if c.tsVal != 0 {
		options = append(options, 1, 1, 8, 10)
		options = be.AppendUint32(options, c.tsVal)
		options = be.AppendUint32(options, c.tsEcr)
	}
	t := make([]byte, 20, 64+c.payload)
	be.PutUint16(t, c.src.Port())
	be.PutUint16(t[2:], c.dst.Port())
	be.PutUint32(t[4:], c.seq)
	be.PutUint32(t[8:], c.ack)
	t[12], t[13] = byte(20+len(options))<<2, c.flags
	be.PutUint16(t[14:], c.window)
	t = append(t, options...)
	t = append(t, make([]byte, c.payload)...)

	src, dst := c.src.Addr().AsSlice(), c.dst.Addr().AsSlice()
	pseudo := append(append([]byte{}, src...), dst...)
	pseudo = be.AppendUint32(pseudo, uint32(len(t)))
	pseudo = be.AppendUint32(pseudo, 6)
	be.PutUint16(t[16:], checksum(append(pseudo, t...)))

	out := append(append([]byte{}, dstMAC...), srcMAC...)
	if c.src.Addr().Is4() {
		out = append(out, 0x08, 0x00)
		return append(append(out, ip4Header(6, src, dst, len(t))...), t...)
	}
	out = append(out, 0x86, 0xdd)
	h := make([]byte, 8)
	h[0], h[6], h[7] = 0x60, 6, 64
	be.PutUint16(h[4:], uint16(len(t)))
	return append(append(append(append(out, h...), src...), dst...), t...)
}

// portUnreachable makes the ICMP error (RFC 792) that returns a frame with IPv4 to its sender, in the name of whom it was for.
func portUnreachable(frame []byte) []byte {
	const ethernet, quoted = 14, 20 + 8
	be := binary.BigEndian
	message := append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, frame[ethernet:ethernet+quoted]...)
	be.PutUint16(message[2:], checksum(message))

	out := append(append([]byte{}, frame[6:12]...), frame[:6]...)
	out = append(out, 0x08, 0x00)
	src, dst := frame[ethernet+12:ethernet+16], frame[ethernet+16:ethernet+20]
	return append(append(out, ip4Header(1, dst, src, len(message))...), message...)
}

// ip4Header makes the IPv4 header of a packet that the middle makes up, of length octets of a protocol.
func ip4Header(protocol byte, src, dst []byte, length int) []byte {
	be := binary.BigEndian
	h := make([]byte, 20)
	h[0], h[8], h[9] = 0x45, 64, protocol
	be.PutUint16(h[2:], uint16(len(h)+length))
	be.PutUint16(h[4:], 0x4242)
	copy(h[12:], src)
	copy(h[16:], dst)
	be.PutUint16(h[10:], checksum(h))
	return h
}

// checksum is the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
