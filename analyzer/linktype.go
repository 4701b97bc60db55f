package analyzer

import "strconv"

// linkTypeName returns the name of a LINKTYPE_ number (https://www.tcpdump.org/linktypes.html) without the prefix.
func linkTypeName(n uint16) string {
	names := map[uint16]string{
		0: "NULL", 1: "ETHERNET", 6: "IEEE802_5", 9: "PPP", 10: "FDDI", 12: "RAW", 14: "RAW", 50: "PPP_HDLC", 51: "PPP_ETHER",
		100: "ATM_RFC1483", 101: "RAW", 104: "C_HDLC", 105: "IEEE802_11", 107: "FRELAY", 108: "LOOP", 109: "ENC", 113: "LINUX_SLL",
		117: "PFLOG", 119: "IEEE802_11_PRISM", 122: "IP_OVER_FC", 127: "IEEE802_11_RADIOTAP", 138: "APPLE_IP_OVER_IEEE1394",
		163: "IEEE802_11_AVS", 166: "PPP_PPPD", 178: "JUNIPER_ETHER", 179: "JUNIPER_PPP", 180: "JUNIPER_FRELAY", 181: "JUNIPER_CHDLC",
		192: "PPI", 204: "PPP_WITH_DIR", 219: "MPLS", 226: "IPNET", 228: "IPV4", 229: "IPV6", 239: "NFLOG", 240: "NETANALYZER",
		241: "NETANALYZER_TRANSPARENT", 242: "IPOIB", 258: "PKTAP", 274: "ETHERNET_MPACKET", 276: "LINUX_SLL2",
	}
	if name, ok := names[n]; ok {
		return name
	}
	return strconv.Itoa(int(n))
}
