package analyzer

import "strconv"

// linkTypeName returns the name of a LINKTYPE_ number (https://www.tcpdump.org/linktypes.html) without the prefix.
func linkTypeName(n uint16) string {
	names := map[uint16]string{
		0: "NULL", 1: "ETHERNET", 6: "IEEE802_5", 9: "PPP", 10: "FDDI", 12: "RAW", 14: "RAW", 50: "PPP_HDLC", 51: "PPP_ETHER",
		101: "RAW", 104: "C_HDLC", 105: "IEEE802_11", 108: "LOOP", 109: "ENC", 113: "LINUX_SLL", 117: "PFLOG",
		119: "IEEE802_11_PRISM", 127: "IEEE802_11_RADIOTAP", 163: "IEEE802_11_AVS", 226: "IPNET", 228: "IPV4", 229: "IPV6",
		239: "NFLOG", 276: "LINUX_SLL2",
	}
	if name, ok := names[n]; ok {
		return name
	}
	return strconv.Itoa(int(n))
}
