package capgen

import (
	"encoding/binary"
	"slices"

	"finscope/internal/decode"
)

const (
	ethernetLen = 14
	ipv4Len     = 20
	ipv6Len     = 40
	jumboLen    = 8 // hop-by-hop header with nothing but the jumbo payload option (RFC 2675 §2)
	tcpLen      = 20

	maxIPLen = 0xffff // what the length field of either IP header can say
)

// AppendPacket appends seg as an Ethernet frame to dst, the payload being zero bytes, and returns it with the frame's
// length on the wire. Of a longer frame only the first snaplen octets are appended, as a capture with that snapshot
// length keeps them; 0 or less keeps everything. Decoding what was appended gives seg back, but for:
//
//   - Checksum, which is not read: the checksum written is right, and wrong if seg has the mark BadChecksum;
//   - FromFragments, which one packet cannot have;
//   - what is valid only under a mark or flag that seg lacks.
//
// OptionsCut cuts the frame inside the TCP header, behind the options asked for; if these fill the header, the last four
// octets of them are lost. Payloads beyond what an IP header can count are written as Linux hands them to a capture: IPv4
// with total length 0, IPv6 with a jumbo payload option. SYNs carry an MSS too.
func AppendPacket(dst []byte, seg *decode.Segment, snaplen int) (frame []byte, wireLen int) {
	var opts options
	opts.fill(seg)
	kept := len(opts.bytes())
	cut := seg.Marks&decode.OptionsCut != 0
	tcp := tcpLen + kept
	if cut && opts.room() >= 4 {
		tcp += 4 // four octets of options that the capture does not have
	} else if cut {
		kept -= 4
	}
	ip := ipHeaderLen(seg, tcp)
	header := ethernetLen + ip + tcp
	wireLen = header + int(seg.Len)

	keep := wireLen
	if cut {
		keep = ethernetLen + ip + tcpLen + kept
	}
	if snaplen > 0 && keep > snaplen {
		keep = snaplen
	}

	at := len(dst)
	dst = slices.Grow(dst, max(keep, header))
	b := dst[at : at+header : at+header]
	putEthernet(b, seg)
	putIP(b[ethernetLen:], seg, tcp+int(seg.Len))
	putTCP(b[ethernetLen+ip:], seg, opts.b[:tcp-tcpLen])
	dst = dst[:at+keep]
	if keep > header {
		clear(dst[at+header:])
	}
	return dst, wireLen
}

// putEthernet writes locally administered addresses made of the low address bits, so that every host has its own.
func putEthernet(b []byte, seg *decode.Segment) {
	mac := func(b []byte, a decode.Addr) {
		b[0], b[1] = 0x02, 0
		binary.BigEndian.PutUint32(b[2:], uint32(a.Lo))
	}
	mac(b, seg.Dst)
	mac(b[6:], seg.Src)
	etherType := uint16(0x0800)
	if !isIPv4(seg) {
		etherType = 0x86dd
	}
	binary.BigEndian.PutUint16(b[12:], etherType)
}

func isIPv4(seg *decode.Segment) bool { return seg.Src.Is4() && seg.Dst.Is4() }

// ipHeaderLen returns the length of the IP header, extension header included, in front of a TCP header of n octets.
func ipHeaderLen(seg *decode.Segment, n int) int {
	switch {
	case isIPv4(seg):
		return ipv4Len
	case n+int(seg.Len) > maxIPLen:
		return ipv6Len + jumboLen
	default:
		return ipv6Len
	}
}

// putIP writes the IP header in front of n octets of TCP.
func putIP(b []byte, seg *decode.Segment, n int) {
	if isIPv4(seg) {
		putIPv4(b[:ipv4Len], seg, n)
		return
	}
	putIPv6(b, seg, n)
}

func putIPv4(b []byte, seg *decode.Segment, n int) {
	total := ipv4Len + n
	if total > maxIPLen {
		total = 0
	}
	b[0], b[1] = 0x45, 0
	binary.BigEndian.PutUint16(b[2:], uint16(total))
	binary.BigEndian.PutUint16(b[4:], uint16(seg.IPID))
	var fragment uint16
	if seg.Marks&decode.DontFragment != 0 {
		fragment = 0x4000
	}
	binary.BigEndian.PutUint16(b[6:], fragment)
	b[8], b[9] = seg.TTL, protoTCP
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint32(b[12:], uint32(seg.Src.Lo))
	binary.BigEndian.PutUint32(b[16:], uint32(seg.Dst.Lo))
	binary.BigEndian.PutUint16(b[10:], ^fold(sum(0, b)))
}

func putIPv6(b []byte, seg *decode.Segment, n int) {
	binary.BigEndian.PutUint32(b, 6<<28|seg.IPID&0xfffff)
	next, length := byte(protoTCP), n
	if n > maxIPLen {
		next, length = 0, 0
		b[ipv6Len], b[ipv6Len+1] = protoTCP, 0 // eight octets
		b[ipv6Len+2], b[ipv6Len+3] = 0xc2, 4   // jumbo payload
		binary.BigEndian.PutUint32(b[ipv6Len+4:], uint32(jumboLen+n))
	}
	binary.BigEndian.PutUint16(b[4:], uint16(length))
	b[6], b[7] = next, seg.TTL
	putAddr(b[8:], seg.Src)
	putAddr(b[24:], seg.Dst)
}

func putAddr(b []byte, a decode.Addr) {
	binary.BigEndian.PutUint64(b, a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
}

// putTCP fills b, which is just the TCP header, with opts at its end.
func putTCP(b []byte, seg *decode.Segment, opts []byte) {
	binary.BigEndian.PutUint16(b, seg.SrcPort)
	binary.BigEndian.PutUint16(b[2:], seg.DstPort)
	binary.BigEndian.PutUint32(b[4:], uint32(seg.Seq))
	var ack uint32
	if seg.Flags.Has(decode.ACK) {
		ack = uint32(seg.Ack)
	}
	binary.BigEndian.PutUint32(b[8:], ack)
	binary.BigEndian.PutUint16(b[12:], uint16(len(b)/4)<<12|uint16(seg.Flags)&0x1ff)
	binary.BigEndian.PutUint16(b[14:], seg.Window)
	clear(b[16:20])
	copy(b[tcpLen:], opts)

	partial := pseudoHeader(seg.Src, seg.Dst, len(b)+int(seg.Len))
	checksum := ^fold(sum(partial, b)) // zero bytes of payload add nothing
	if seg.Marks&decode.BadChecksum != 0 {
		checksum = wrong(checksum, fold(partial))
	}
	binary.BigEndian.PutUint16(b[16:], checksum)
}
