package decode

import "testing"

const (
	ip4Type = 0x0800
	ip6Type = 0x86dd
)

// inner packets and frames, and what they are in the notation of the tables: I4, I6, F4, F6.
func inner4() []byte { return ip4(protoTCP, tcp()) }
func inner6() []byte { return ip6(protoTCP, tcp()) }
func frame4() []byte { return eth(ip4Type, inner4()) }
func frame6() []byte { return eth(ip6Type, inner6()) }

func over4(proto int, parts ...[]byte) []byte { return eth(ip4Type, ip4Outer(proto, parts...)) }
func over6(proto int, parts ...[]byte) []byte { return eth(ip6Type, ip6Outer(proto, parts...)) }
func overUDP(port int, parts ...[]byte) []byte {
	return over4(protoUDP, udp(port, parts...))
}

// pppI4 is PPP in HDLC-like framing with I4.
func pppI4() []byte { return cat(x("ff03 0021"), inner4()) }

func tunnelTests() []packetTest {
	const e = LinkEthernet
	return []packetTest{
		{"4in4", "ip > ip > I4", e, over4(4, inner4()), TCP},
		{"6in4", "ip > ip6 > I6", e, over4(41, inner6()), TCP},
		{"4in6", "ip6 > ip > I4", e, over6(4, inner4()), TCP},
		{"6in6", "ip6 > ip6 > I6", e, over6(41, inner6()), TCP},
		{"4in4in6", "ip6 > ip > ip > I4", e, over6(4, ip4Outer(4, inner4())), TCP},
		{"protocol 94", "ip > ipip > I4", e, over4(94, inner4()), TCP},
		{"etherip", "ip > etherip > F4", e, over4(97, x("3000"), frame4()), TCP},
		{"etherip version", "ip > etherip version 2", e, over4(97, x("2000"), frame4()), UnknownTunnel},
		{"ethernet in ip6", "ip6 > proto 143 > F6", e, over6(143, frame6()), TCP},
		{"mpls in ip", "ip > proto 137 > label 16 > I4", e, over4(137, x("00010140"), inner4()), TCP},
		{"esp", "ip > esp", e, over4(50, x("00000001 00000001"), inner4()), Encrypted},
		{"ah", "ip > ah > I4", e, over4(51, x("04040000 00000001 00000001 000000000000000000000000"), inner4()), TCP},
		{"ipcomp", "ip > ipcomp", e, over4(108, x("04000001"), inner4()), Compressed},
		{"minenc", "ip > minimal encapsulation", e, over4(55, inner4()), UnknownTunnel},

		{"gre", "ip > gre > I4", e, over4(47, x("0000 0800"), inner4()), TCP},
		{"gre6", "ip > gre > I6", e, over4(47, x("0000 86dd"), inner6()), TCP},
		{"gre over 6", "ip6 > gre > I4", e, over6(47, x("0000 0800"), inner4()), TCP},
		{"gre checksum", "ip > gre C > I4", e, over4(47, x("8000 0800 00000000"), inner4()), TCP},
		{"gre key", "ip > gre K > I4", e, over4(47, x("2000 0800 00000001"), inner4()), TCP},
		{"gre sequence", "ip > gre S > I4", e, over4(47, x("1000 0800 00000001"), inner4()), TCP},
		{"gre all", "ip > gre CKS > I4", e, over4(47, x("b000 0800 00000000 00000001 00000002"), inner4()), TCP},
		{"gre routing", "ip > gre R with one route entry > I4", e,
			over4(47, x("4000 0800 00000000 08000004 0a000009 00000000"), inner4()), TCP},
		{"gre bridging", "ip > gre > F4", e, over4(47, x("2000 6558 00000001"), frame4()), TCP},
		{"gre vlan", "ip > gre > F4 in VLAN 5", e, over4(47, x("0000 6558"), eth(0x8100, x("0005 0800"), inner4())), TCP},
		{"gre mpls", "ip > gre > label 16 > I4", e, over4(47, x("0000 8847 00010140"), inner4()), TCP},
		{"gre wccp", "ip > gre > redirect header > I4", e, over4(47, x("0000 883e 01020304"), inner4()), TCP},
		{"gre keepalive", "ip > gre protocol 0", e, over4(47, x("0000 0000")), OtherEthertype},
		{"gre version 2", "ip > gre version 2", e, over4(47, x("0002 0800"), inner4()), UnknownTunnel},
		{"pptp", "ip > gre v1 KS > ppp > I4", e, over4(47, x("3001 880b 00400001 00000001"), pppI4()), TCP},
		{"pptp ack", "ip > gre v1 KSA > ppp > I4", e, over4(47, x("3081 880b 00400001 00000001 00000002"), pppI4()), TCP},
		{"pptp bare ack", "ip > gre v1 KA", e, over4(47, x("2081 880b 00000001 00000002")), OtherIP},
		{"pptp mppe", "ip > gre v1 KS > ppp compressed", e, over4(47, x("3001 880b 00040001 00000001 00fd9000")), Compressed},

		{"erspan I", "ip > gre > F4", e, over4(47, x("0000 88be"), frame4()), TCP},
		{"erspan II", "ip > gre S > erspan II > F4", e, over4(47, x("1000 88be 00000001 10640001 00000000"), frame4()), TCP},
		{"erspan III", "ip > gre S > erspan III > F4", e, over4(47, x("1000 22eb 00000001 20640001 00000000 00000000"), frame4()), TCP},
		{"erspan III subheader", "ip > gre S > erspan III O > F6", e,
			over4(47, x("1000 22eb 00000001 20640001 00000000 00000001 0000000000000000"), frame6()), TCP},

		{"vxlan", "udp 4789 > vni 1 > F4", e, overUDP(4789, x("08000000 00000100"), frame4()), TCP},
		{"vxlan over 6", "ip6 > udp 4789 > vni 1 > F4", e, over6(17, udp(4789, x("08000000 00000100"), frame4())), TCP},
		{"vxlan linux", "udp 8472 > vni 1 > F6", e, overUDP(8472, x("08000000 00000100"), frame6()), TCP},
		{"vxlan policy", "udp 4789 > vni 1 group 5 > F4", e, overUDP(4789, x("88000005 00000100"), frame4()), TCP},
		{"vxlan arp", "udp 4789 > vni 1 > arp", e, overUDP(4789, x("08000000 00000100"), eth(0x0806)), ARP},
		{"vxlan without vni", "udp 4789 > something", e, overUDP(4789, x("00000000 00000100"), frame4()), UDP},
		{"vxlan in vxlan", "udp 4789 > udp 4789 > F4", e,
			overUDP(4789, x("08000000 00000100"), overUDP(4789, x("08000000 00000200"), frame4())), TCP},
		{"vxlan-gpe ip", "udp 4790 > gpe > I4", e, overUDP(4790, x("0c000001 00000100"), inner4()), TCP},
		{"vxlan-gpe ip6", "udp 4790 > gpe > I6", e, overUDP(4790, x("0c000002 00000100"), inner6()), TCP},
		{"vxlan-gpe ethernet", "udp 4790 > gpe > F4", e, overUDP(4790, x("0c000003 00000100"), frame4()), TCP},
		{"vxlan-gpe nsh", "udp 4790 > gpe > nsh > I4", e,
			overUDP(4790, x("0c000004 00000100 0fc60101 00000100 00000000000000000000000000000000"), inner4()), TCP},
		{"vxlan-gpe plain", "udp 4790 > F4", e, overUDP(4790, x("08000000 00000100"), frame4()), TCP},
		{"geneve", "udp 6081 > vni 1 > F4", e, overUDP(6081, x("00006558 00000100"), frame4()), TCP},
		{"geneve options", "udp 6081 > vni 1, 8 bytes of options > F6", e,
			overUDP(6081, x("02006558 00000100 0102800100000000"), frame6()), TCP},
		{"geneve ip", "udp 6081 > vni 1 > I4", e, overUDP(6081, x("00000800 00000100"), inner4()), TCP},
		{"geneve version", "udp 6081 > version 1", e, overUDP(6081, x("40006558 00000100"), frame4()), UDP},
		{"gtp", "udp 2152 > gtp-u > I4", e, overUDP(2152, x("30ff003b 00000001"), inner4()), TCP},
		{"gtp sequence", "udp 2152 > gtp-u S > I4", e, overUDP(2152, x("32ff003f 00000001 00010000"), inner4()), TCP},
		{"gtp extensions", "udp 2152 > gtp-u E, PDU session, another > I6", e,
			overUDP(2152, x("34ff005b 00000001 00000085 01100085 01100000"), inner6()), TCP},
		{"gtp ethernet", "udp 2152 > gtp-u > F4", e, overUDP(2152, x("30ff0049 00000001"), frame4()), TCP},
		{"gtp echo", "udp 2152 > echo request", e, overUDP(2152, x("32010004 00000000 00010000")), UDP},
		{"gtp prime", "udp 2152 > protocol type 0", e, overUDP(2152, x("20ff003b 00000001"), inner4()), UDP},
		{"teredo", "udp 3544 > I6", e, overUDP(3544, inner6()), TCP},
		{"teredo origin", "udp 3544 > origin > I6", e, overUDP(3544, x("0000 1234 01020304"), inner6()), TCP},
		{"teredo both", "udp 3544 > authentication, origin > I6", e,
			overUDP(3544, x("0001 02 02 aaaa bbbb 0000000000000000 00 0000 1234 01020304"), inner6()), TCP},
		{"teredo garbage", "udp 3544 > something", e, overUDP(3544, x("ffffffff")), UDP},
		{"l2tp", "udp 1701 > l2tp data > ppp > I4", e, overUDP(1701, x("0002 0001 0002"), pppI4()), TCP},
		{"l2tp all", "udp 1701 > l2tp data LSO > ppp > I4", e,
			overUDP(1701, x("4a02 004f 0001 0002 0000 0000 0002 0000"), pppI4()), TCP},
		{"l2tp control", "udp 1701 > l2tp control", e, overUDP(1701, x("c802 000c 0001 0000 0000 0000")), UDP},
		{"l2tp v3", "udp 1701 > l2tpv3 > F4", e, overUDP(1701, x("0003 0000 00000001"), frame4()), TCP},
		{"l2tp v3 ip", "ip > l2tpv3 > F4", e, over4(115, x("00000001"), frame4()), TCP},
		{"l2tp v3 cookie", "ip > l2tpv3, cookie of 8, sublayer > F6", e, over4(115, x("00000001 0102030405060708 00000000"), frame6()), TCP},
		{"l2tp v3 control", "ip > l2tpv3 control", e, over4(115, x("00000000 c8030014")), OtherIP},
		{"l2tp v3 other", "ip > l2tpv3 > not Ethernet", e, over4(115, x("00000001"), pppI4()), UnknownTunnel},
		{"esp in udp", "udp 4500 > esp", e, overUDP(4500, x("00000001 00000001 11223344")), Encrypted},
		{"ike in udp", "udp 4500 > ike", e, overUDP(4500, x("00000000 00000001 11223344")), UDP},
		{"keepalive in udp", "udp 4500 > ff", e, overUDP(4500, x("ff")), UDP},
		{"gre in udp", "udp 4754 > gre > I4", e, overUDP(4754, x("0000 0800"), inner4()), TCP},
		{"mpls in udp", "udp 6635 > label 16 > I4", e, overUDP(6635, x("00010140"), inner4()), TCP},
		{"lisp", "udp 4341 > lisp > I4", e, overUDP(4341, x("80000000 00000000"), inner4()), TCP},
		{"tzsp", "udp 37008 > tzsp > F4", e, overUDP(37008, x("01000001 0a01ff 00 01"), frame4()), TCP},
		{"udp", "udp 53", e, overUDP(53, inner4()), UDP},
		{"udp cut", "udp without a header", e, over4(17, x("1234")), UDP},
	}
}

func TestTunnels(t *testing.T) { runPackets(t, tunnelTests()) }

// The length of a datagram that segmentation offload has yet to cut up is not in its headers: IPv4 total length 0.
func TestTunnelWithoutLengths(t *testing.T) {
	data := overUDP(4789, x("08000000 00000100"), frame4())
	copy(data[14+2:], x("0000"))       // outer total length
	copy(data[14+20+4:], x("0000"))    // UDP length
	copy(data[14+36+14+2:], x("0000")) // inner total length
	wantSegment(t, LinkEthernet, data, want4())
}

// A packet of nothing but headers inside one another must end.
func TestTooManyLayers(t *testing.T) {
	data := inner4()
	for range maxLayers {
		data = ip4Outer(protoIPv4, data)
	}
	if _, outcome := decodeOne(LinkRaw, data); outcome != TooManyLayers {
		t.Errorf("outcome %v, want %v", outcome, TooManyLayers)
	}
}
