package decode

import "testing"

// header returns I4 with some bytes of its IP header replaced.
func header4(at int, bytes string) []byte {
	b := inner4()
	copy(b[at:], x(bytes))
	return b
}

func TestIP4(t *testing.T) {
	options := cat(inner4()[:20], x("94040000"), tcp()) // router alert
	options[0], options[3] = 0x46, byte(len(options))
	runPackets(t, []packetTest{
		{"options", "ip, router alert > I4", LinkRaw, options, TCP},
		{"version 5", "ip version 5", LinkEthernet, eth(ip4Type, header4(0, "55")), BadIPHeader},
		{"header of 16", "ihl 4", LinkRaw, header4(0, "44"), BadIPHeader},
		{"header beyond the packet", "ihl 15, total 59", LinkRaw, header4(0, "4f"), BadIPHeader},
		{"total below the header", "total 19", LinkRaw, header4(2, "0013"), BadIPHeader},
		{"19 bytes", "a packet of 19 bytes", LinkRaw, inner4()[:19], BadIPHeader},
		{"total 0", "segmentation offload", LinkRaw, header4(2, "0000"), TCP},
		{"sctp", "sctp", LinkRaw, ip4(132), SCTP},
		{"icmp", "port unreachable for a TCP segment", LinkRaw, ip4(1, x("0303000000000000"), inner4()), ICMP},
		{"igmp", "igmp", LinkRaw, ip4(2, x("16000000")), OtherIP},
		{"udplite", "udplite", LinkRaw, ip4(136, x("0000")), OtherIP},
	})
}

// What the IP header says is the length, whatever was captured or padded.
func TestIP4Length(t *testing.T) {
	big := header4(2, "ffff")
	tests := []struct {
		name string
		data []byte
		wire int
		len  uint32
	}{
		{"whole", inner4(), 59, 7},
		{"padded", cat(inner4(), make([]byte, 9)), 68, 7},
		{"wire length wrong", inner4()[:52], 52, 7},
		{"64 KB, 59 kept", big, 65535, 65535 - 52},
		{"total 0: wire length", header4(2, "0000"), 100000, 100000 - 52},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seg Segment
			if o := NewDecoder().Decode(LinkRaw, tt.data, tt.wire, 0, &seg); o != TCP || seg.Len != tt.len {
				t.Errorf("%v, len %d, want %d", o, seg.Len, tt.len)
			}
		})
	}
}

func TestIP4DontFragment(t *testing.T) {
	want := want4()
	want.Marks |= DontFragment
	wantSegment(t, LinkRaw, header4(6, "4000"), want)
	// Of the inner header, not of the tunnel's.
	outer := ip4Outer(protoIPv4, inner4())
	copy(outer[6:], x("4000"))
	wantSegment(t, LinkRaw, outer, want4())
}

// A middlebox has counted six bytes of Ethernet padding into the IP length of a bare ACK; PPPoE's length knows better
// (pppoe-over-qinq.pcap, frame 19).
func TestPPPoEPadding(t *testing.T) {
	ack := ip4(protoTCP, tcpOptions(0x10, ""))
	ack[3] += 6
	data := eth(0x8864, x("1100 0001 002a 0021"), ack, make([]byte, 6))
	if seg, o := decodeOne(LinkEthernet, data); o != TCP || seg.Len != 0 {
		t.Errorf("%v, len %d, want 0", o, seg.Len)
	}
}
