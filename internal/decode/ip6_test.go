package decode

import "testing"

func TestIP6(t *testing.T) {
	noLength := inner6()
	copy(noLength[4:], x("0000"))
	jumbo := ip6(protoHopByHop, x("0600 c204 0000002f"), tcp()) // jumbo payload of 8+39 bytes
	copy(jumbo[4:], x("0000"))
	runPackets(t, []packetTest{
		{"hop by hop", "hbh > I6", LinkRaw, ip6(0, x("0600 010400000000"), tcp()), TCP},
		{"destination", "dstopt > I6", LinkRaw, ip6(60, x("0600 010400000000"), tcp()), TCP},
		{"routing", "rh, no segments left > I6", LinkRaw, ip6(43, x("0600 0000 00000000"), tcp()), TCP},
		{"srh", "srh with one segment > I6", LinkRaw, ip6(43, x("0602 0400 00000000 20010db8000000000000000000000002"), tcp()), TCP},
		{"ah", "ah > I6", LinkRaw, ip6(51, x("0604 0000 00000001 00000001 000000000000000000000000"), tcp()), TCP},
		{"mobility", "mobility > I6", LinkRaw, ip6(135, x("0600 0000 00000000"), tcp()), TCP},
		{"hip", "hip > I6", LinkRaw, ip6(139, x("0600 0000 00000000"), tcp()), TCP},
		{"shim6", "shim6 > I6", LinkRaw, ip6(140, x("0600 8000 00000000"), tcp()), TCP},
		{"chain", "hbh > dstopt > rh > atomic fragment > dstopt > I6", LinkRaw, ip6(0,
			x("3c00 010400000000 2b00 010400000000 2c00 0000 00000000 3c00 0000 00000007 0600 010400000000"), tcp()), TCP},
		{"big tcp", "length 0 > I6", LinkRaw, noLength, TCP},
		{"jumbo", "length 0 > hbh, jumbo 47 > I6", LinkRaw, jumbo, TCP},
		{"esp", "esp", LinkRaw, ip6(50, x("0000000100000001")), Encrypted},
		{"icmpv6", "too big for a TCP segment", LinkRaw, ip6(58, x("0200000000000500"), inner6()), ICMPv6},
		{"nothing", "no next header", LinkRaw, ip6(59), OtherIP},
		{"version 5", "ip6 version 5", LinkEthernet, eth(ip6Type, cat(x("50"), inner6()[1:])), BadIPHeader},
		{"extension beyond the packet", "dstopt of 2048 bytes", LinkRaw, ip6(60, x("06ff 010400000000"), tcp()), BadIPHeader},
		{"extension of 4 bytes", "dstopt", LinkRaw, ip6(60, x("06000104")), BadIPHeader},
		{"39 bytes", "a packet of 39 bytes", LinkRaw, inner6()[:39], BadIPHeader},
	})
}

// Beyond 64 KB the length stands in the jumbo payload option, or nowhere.
func TestIP6Jumbo(t *testing.T) {
	jumbo := ip6(protoHopByHop, x("0600 c204 00030d48"), tcp()) // 200008
	copy(jumbo[4:], x("0000"))
	plain := inner6()
	copy(plain[4:], x("0000"))
	for _, tt := range []struct {
		name string
		data []byte
	}{{"option", jumbo}, {"wire length", plain}} {
		t.Run(tt.name, func(t *testing.T) {
			wire := 40 + 200000
			if tt.data[6] == protoHopByHop {
				wire += 8
			}
			var seg Segment
			if o := NewDecoder().Decode(LinkRaw, tt.data, wire, 0, &seg); o != TCP || seg.Len != 200000-32 {
				t.Errorf("%v, len %d, want %d", o, seg.Len, 200000-32)
			}
		})
	}
}
