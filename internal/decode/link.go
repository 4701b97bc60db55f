package decode

import "encoding/binary"

// LinkType is a LINKTYPE_ number as capture files carry it (https://www.tcpdump.org/linktypes.html).
type LinkType uint16

// The link types that are decoded, by their names at https://www.tcpdump.org/linktypes.html.
const (
	LinkNull         LinkType = 0   // BSD loopback: address family in the byte order of the capturing host
	LinkEthernet     LinkType = 1   //
	LinkTokenRing    LinkType = 6   //
	LinkPPP          LinkType = 9   // with the framing of 50 or without
	LinkFDDI         LinkType = 10  //
	LinkRawBSD       LinkType = 12  // DLT_RAW of most systems, found in files although LINKTYPE_RAW is meant
	LinkRawOpenBSD   LinkType = 14  // DLT_RAW of OpenBSD
	LinkPPPHDLC      LinkType = 50  // PPP in HDLC-like framing (RFC 1662), or Cisco HDLC by its address byte
	LinkPPPEther     LinkType = 51  // PPPoE session header, then PPP (RFC 2516)
	LinkATMRFC1483   LinkType = 100 // LLC/SNAP over ATM
	LinkRaw          LinkType = 101 // IPv4 or IPv6 by the version nibble
	LinkCiscoHDLC    LinkType = 104 // with PPP now and then, by the address byte
	LinkIEEE80211    LinkType = 105 //
	LinkFrameRelay   LinkType = 107 // RFC 2427
	LinkLoop         LinkType = 108 // OpenBSD loopback: address family in network byte order
	LinkEnc          LinkType = 109 // OpenBSD encapsulating device: family, SPI and flags, then IP
	LinkLinuxSLL     LinkType = 113 // Linux "cooked" capture, version 1
	LinkPFLog        LinkType = 117 //
	LinkPrism        LinkType = 119 // 802.11 behind a Prism monitor header
	LinkIPOverFC     LinkType = 122 // RFC 2625
	LinkRadiotap     LinkType = 127 // 802.11 behind a radiotap header
	LinkIP1394       LinkType = 138 // Apple's IP over IEEE 1394
	LinkPPPPPPD      LinkType = 166 // pppd: a direction byte in the place of the address byte
	LinkJuniperEther LinkType = 178 // Juniper's header, then Ethernet
	LinkJuniperPPP   LinkType = 179 // the same, then PPP
	LinkJuniperFR    LinkType = 180 // the same, then Frame Relay
	LinkJuniperHDLC  LinkType = 181 // the same, then Cisco HDLC
	LinkPPI          LinkType = 192 // per-packet information, then another link type
	LinkPPPWithDir   LinkType = 204 // a direction byte, then PPP
	LinkMPLS         LinkType = 219 //
	LinkIPNet        LinkType = 226 // Solaris ipnet
	LinkIPv4         LinkType = 228 //
	LinkIPv6         LinkType = 229 //
	LinkNFLog        LinkType = 239 // Linux netfilter log
	LinkNetAnalyzer  LinkType = 240 // a header of 4 bytes, then Ethernet
	LinkNetTransp    LinkType = 241 // a header of 4 bytes, preamble and delimiter, then Ethernet
	LinkIPoIB        LinkType = 242 // IP over InfiniBand (RFC 4391), with both addresses
	LinkPktap        LinkType = 258 // Apple's packet tap header, then another link type
	LinkMPacket      LinkType = 274 // preamble and delimiter, then Ethernet
	LinkLinuxSLL2    LinkType = 276 // Linux "cooked" capture, version 2
)

// headerLen is the length of the fixed header of link types that have one.
func (l LinkType) headerLen() int {
	switch l {
	case LinkNull, LinkLoop, LinkNetAnalyzer:
		return 4
	case LinkPPPWithDir:
		return 1
	case LinkPPPPPPD:
		return 2
	case LinkPPI, LinkMPacket:
		return 8
	case LinkEnc, LinkPktap, LinkNetTransp:
		return 12
	case LinkLinuxSLL, LinkIPOverFC:
		return 16
	case LinkIP1394:
		return 18
	case LinkLinuxSLL2:
		return 20
	case LinkIPNet:
		return 24
	case LinkIPoIB:
		return 44
	}
	return 0
}

// link takes all link types but Ethernet, which has been seen to.
func (d *Decoder) link(link LinkType, b []byte, wire int, seg *Segment) Outcome {
	n := link.headerLen()
	if len(b) < n {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	h := b[:n]
	b, wire = b[n:], wire-n
	switch link {
	case LinkLinuxSLL:
		// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
		return d.cooked(binary.BigEndian.Uint16(h[2:]), binary.BigEndian.Uint16(h[14:]), b, wire, seg)
	case LinkLinuxSLL2:
		// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
		return d.cooked(binary.BigEndian.Uint16(h[8:]), binary.BigEndian.Uint16(h), b, wire, seg)
	case LinkRaw, LinkRawBSD, LinkRawOpenBSD, LinkIPv4, LinkIPv6:
		return d.rawIP(b, wire, seg)
	case LinkNull, LinkLoop, LinkEnc:
		return d.family(hostOrder(h), b, wire, seg)
	case LinkPPP, LinkPPPHDLC, LinkCiscoHDLC:
		return d.hdlc(b, wire, seg)
	case LinkPPPEther:
		return d.pppoe(b, wire, seg)
	case LinkPPPWithDir, LinkPPPPPPD:
		return d.ppp(b, wire, seg)
	case LinkFrameRelay:
		return d.frameRelay(b, wire, seg)
	case LinkATMRFC1483, LinkIPOverFC:
		return d.llc(b, wire, seg)
	case LinkTokenRing:
		return d.tokenRing(b, wire, seg)
	case LinkIP1394:
		return d.etherType(binary.BigEndian.Uint16(h[16:]), b, wire, seg)
	case LinkIPoIB: // two addresses of 20 bytes, an Ethertype and two bytes without meaning
		return d.etherType(binary.BigEndian.Uint16(h[40:]), b, wire, seg)
	case LinkJuniperEther, LinkJuniperPPP, LinkJuniperFR, LinkJuniperHDLC:
		return d.juniper(link, b, wire, seg)
	case LinkMPLS:
		return d.mpls(b, wire, seg)
	case LinkNetAnalyzer, LinkNetTransp, LinkMPacket:
		return d.ethernet(b, wire, seg)
	case LinkNFLog:
		return d.nflog(b, wire, seg)
	case LinkPFLog:
		return d.pflog(b, wire, seg)
	case LinkIPNet: // https://docs.oracle.com/cd/E36784_01/html/E36886/ipnet-7d.html
		return d.family(uint32(h[1]), b, wire, seg)
	case LinkPPI:
		return d.wrapped(LinkType(binary.LittleEndian.Uint32(h[4:])), int(binary.LittleEndian.Uint16(h[2:]))-n, b, wire, seg)
	case LinkPktap:
		return d.wrapped(LinkType(binary.LittleEndian.Uint32(h[8:])), int(min(binary.LittleEndian.Uint32(h), 1<<16))-n, b, wire, seg)
	case LinkIEEE80211, LinkPrism, LinkRadiotap, LinkFDDI:
		return d.viaGopacket(link, b, wire, seg)
	}
	return UnknownLinkType
}

// cooked takes the payload of a Linux cooked capture: protocol is an Ethertype unless the device's ARPHRD_ type says
// otherwise.
func (d *Decoder) cooked(device, protocol uint16, b []byte, wire int, seg *Segment) Outcome {
	const (
		// https://github.com/torvalds/linux/blob/master/include/uapi/linux/if_arp.h
		deviceIEEE80211 = 801
		deviceRadiotap  = 803
		deviceNetlink   = 824
		// https://github.com/torvalds/linux/blob/master/include/uapi/linux/if_ether.h
		protocolLLC = 0x0004
	)
	switch device {
	case deviceIEEE80211:
		return d.viaGopacket(LinkIEEE80211, b, wire, seg)
	case deviceRadiotap:
		return d.viaGopacket(LinkRadiotap, b, wire, seg)
	case deviceNetlink:
		return OtherEthertype
	}
	switch {
	case protocol == protocolLLC:
		return d.llc(b, wire, seg)
	case protocol <= maxLength8023: // what Linux uses for protocols without an Ethertype
		return OtherEthertype
	}
	return d.etherType(protocol, b, wire, seg)
}

// rawIP takes a packet that says by its first nibble what it is.
func (d *Decoder) rawIP(b []byte, wire int, seg *Segment) Outcome {
	if len(b) == 0 {
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	switch b[0] >> 4 {
	case 4:
		return d.ip4(b, wire, seg)
	case 6:
		return d.ip6(b, wire, seg)
	}
	return BadIPHeader
}

// hostOrder reads a small number of four bytes in the byte order of a host that is not known: no address family needs
// more than 16 bits, so the half that is zero tells.
func hostOrder(b []byte) uint32 {
	v := binary.BigEndian.Uint32(b)
	if v > 0xffff {
		return binary.LittleEndian.Uint32(b)
	}
	return v
}

// family takes a packet behind a BSD address family. AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 23 on Windows,
// 24 on NetBSD, OpenBSD and BSD/OS, 26 on Solaris, 28 on FreeBSD and 30 on Darwin.
func (d *Decoder) family(af uint32, b []byte, wire int, seg *Segment) Outcome {
	switch af {
	case 2:
		return d.ip4(b, wire, seg)
	case 10, 23, 24, 26, 28, 30:
		return d.ip6(b, wire, seg)
	}
	return OtherEthertype
}
