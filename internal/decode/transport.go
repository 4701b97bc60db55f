package decode

// Protocol numbers of the IP header (https://www.iana.org/assignments/protocol-numbers).
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoESP         = 50
	protoAH          = 51
	protoMinEnc      = 55
	protoICMPv6      = 58
	protoNone        = 59
	protoDestination = 60
	protoIPIP        = 94
	protoEtherIP     = 97
	protoIPComp      = 108
	protoL2TP        = 115
	protoSCTP        = 132
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
	protoEthernet    = 143
)

// transport takes what follows an IP header and its extensions.
func (d *Decoder) transport(proto uint8, b []byte, wire int, seg *Segment) Outcome {
	switch proto {
	case protoTCP:
		return d.tcp(b, wire, seg)
	case protoUDP:
		return d.udp(b, wire, seg)
	case protoICMP:
		d.icmp(b, wire, seg)
		return ICMP
	case protoICMPv6:
		d.icmp6(b, wire, seg)
		return ICMPv6
	case protoSCTP:
		return SCTP
	case protoESP:
		return Encrypted
	case protoIPComp:
		return Compressed
	case protoIPv4:
		return d.ip4(b, wire, seg)
	case protoIPv6:
		return d.ip6(b, wire, seg)
	case protoGRE:
		return d.gre(b, wire, seg)
	case protoEtherIP:
		return d.etherIP(b, wire, seg)
	case protoEthernet:
		return d.ethernet(b, wire, seg)
	case protoMPLS:
		return d.mpls(b, wire, seg)
	case protoL2TP:
		return d.l2tpIP(b, wire, seg)
	case protoIPIP:
		return d.rawIP(b, wire, seg)
	case protoMinEnc:
		return UnknownTunnel
	case protoAH:
		// In IPv4 too, where no chain of extension headers leads to it.
		return d.ip6Extension(proto, b, wire, seg)
	}
	return OtherIP
}
