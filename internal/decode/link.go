package decode

import "encoding/binary"

// LinkType is a LINKTYPE_ number as capture files carry it (https://www.tcpdump.org/linktypes.html).
type LinkType uint16

// The link types that are decoded, by their names at https://www.tcpdump.org/linktypes.html.
const (
	LinkNull         LinkType = 0   // BSD loopback: address family in the byte order of the capturing host
	LinkEthernet     LinkType = 1   //
	LinkTokenRing    LinkType = 6   //
	LinkPPP          LinkType = 9   //
	LinkFDDI         LinkType = 10  //
	LinkRawBSD       LinkType = 12  // DLT_RAW of most systems, found in files although LINKTYPE_RAW is meant
	LinkRawOpenBSD   LinkType = 14  // DLT_RAW of OpenBSD
	LinkPPPHDLC      LinkType = 50  // PPP in HDLC-like framing (RFC 1662), or Cisco HDLC by its address byte
	LinkPPPEther     LinkType = 51  // PPPoE session header, then PPP (RFC 2516)
	LinkATMRFC1483   LinkType = 100 // LLC/SNAP over ATM
	LinkRaw          LinkType = 101 // IPv4 or IPv6 by the version nibble
	LinkCiscoHDLC    LinkType = 104 //
	LinkIEEE80211    LinkType = 105 //
	LinkFrameRelay   LinkType = 107 // RFC 2427
	LinkLoop         LinkType = 108 // OpenBSD loopback: address family in network byte order
	LinkEnc          LinkType = 109 // OpenBSD encapsulating device
	LinkLinuxSLL     LinkType = 113 // Linux "cooked" capture, version 1
	LinkPFLog        LinkType = 117 //
	LinkPrism        LinkType = 119 // 802.11 behind a Prism monitor header
	LinkIPoverFC     LinkType = 122 // RFC 2625
	LinkRadiotap     LinkType = 127 // 802.11 behind a radiotap header
	LinkARCNetLinux  LinkType = 129 //
	LinkAppleIP1394  LinkType = 138 //
	LinkPPPPPPD      LinkType = 166 // pppd: a direction byte in the place of the address byte
	LinkPPI          LinkType = 192 // per-packet information, then another link type
	LinkPPPWithDir   LinkType = 204 // a direction byte, then PPP
	LinkIPNet        LinkType = 226 // Solaris ipnet
	LinkIPv4         LinkType = 228 //
	LinkIPv6         LinkType = 229 //
	LinkNFLog        LinkType = 239 // Linux netfilter log
	LinkNetAnalyzer  LinkType = 240 // a 4-byte header, then Ethernet
	LinkNetAnalyzerT LinkType = 241 // a 4-byte header, preamble and delimiter, then Ethernet
	LinkLinuxSLL2    LinkType = 276 // Linux "cooked" capture, version 2
)

// link takes all link types but Ethernet.
func (d *Decoder) link(link LinkType, b []byte, wire int, seg *Segment) Outcome {
	switch link {
	case LinkLinuxSLL:
		// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
		if len(b) < 16 {
			return CutBeforeIP
		}
		return d.cooked(binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[14:]), b[16:], wire-16, seg)
	case LinkLinuxSLL2:
		// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
		if len(b) < 20 {
			return CutBeforeIP
		}
		return d.cooked(binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[0:]), b[20:], wire-20, seg)
	case LinkRaw, LinkRawBSD, LinkRawOpenBSD, LinkIPv4, LinkIPv6:
		return d.rawIP(b, wire, seg)
	case LinkNull, LinkLoop:
		if len(b) < 4 {
			return CutBeforeIP
		}
		return d.family(hostOrder(b), b[4:], wire-4, seg)
	}
	return UnknownLinkType
}

// cooked takes the payload of a Linux cooked capture: protocol is an Ethertype unless the device's ARPHRD_ type says
// otherwise.
func (d *Decoder) cooked(device, protocol uint16, b []byte, wire int, seg *Segment) Outcome {
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
