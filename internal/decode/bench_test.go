package decode

import "testing"

// benchPackets are of the kinds that have a fast path, and of some that have not.
func benchPackets() []packetTest {
	vxlan := x("08000000 00000100")
	return []packetTest{
		{name: "eth4", link: LinkEthernet, data: frame4()},
		{name: "eth6", link: LinkEthernet, data: frame6()},
		{name: "vlan4", link: LinkEthernet, data: eth(0x8100, x("0005 0800"), inner4())},
		{name: "vlan6", link: LinkEthernet, data: eth(0x8100, x("0005 86dd"), inner6())},
		{name: "sll4", link: LinkLinuxSLL, data: cat(x("0000 0001 0006 0200000000020000 0800"), inner4())},
		{name: "sll2-4", link: LinkLinuxSLL2, data: cat(x("0800 0000 00000002 0001 00 06 0200000000020000"), inner4())},
		{name: "null4", link: LinkNull, data: cat(x("02000000"), inner4())},
		{name: "raw4", link: LinkRaw, data: inner4()},
		{name: "raw6", link: LinkRaw, data: inner6()},
		{name: "pppoe", link: LinkEthernet, data: eth(0x8864, x("1100 0001 003d 0021"), inner4())},
		{name: "mpls", link: LinkEthernet, data: eth(0x8847, x("00010140"), inner4())},
		{name: "gre", link: LinkEthernet, data: over4(47, x("0000 0800"), inner4())},
		{name: "vxlan", link: LinkEthernet, data: overUDP(4789, vxlan, frame4())},
		{name: "geneve", link: LinkEthernet, data: overUDP(6081, x("00006558 00000100"), frame4())},
		{name: "gtp", link: LinkEthernet, data: overUDP(2152, x("30ff003b 00000001"), inner4())},
		{name: "arp", link: LinkEthernet, data: eth(0x0806, make([]byte, 28)), want: ARP},
		{name: "udp", link: LinkEthernet, data: overUDP(53, make([]byte, 40)), want: UDP},
	}
}

// The segment is a bare ACK with timestamps: what a capture has most of.
func bareACK(b []byte) []byte {
	for i := 0; i+1 < len(b); i++ {
		if b[i] == 0x80 && b[i+1] == 0x11 { // offset 8, F.
			b[i+1] = 0x10
		}
	}
	return b
}

func BenchmarkDecode(b *testing.B) {
	packets := benchPackets()
	first, last := fragments4()
	for _, p := range packets {
		data := bareACK(p.data)
		b.Run(p.name, func(b *testing.B) {
			d := NewDecoder()
			var seg Segment
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(p.link, data, len(data), 0, &seg)
			}
		})
	}
	b.Run("fin4", func(b *testing.B) { // with its checksum verified
		d, data := NewDecoder(), frame4()
		data[14+20+16] = 1
		var seg Segment
		b.ReportAllocs()
		for b.Loop() {
			d.Decode(LinkEthernet, data, len(data), 0, &seg)
		}
	})
	b.Run("fragments", func(b *testing.B) { // two frames
		d := NewDecoder()
		var seg Segment
		b.ReportAllocs()
		for b.Loop() {
			d.Decode(LinkRaw, first, len(first), 0, &seg)
			d.Decode(LinkRaw, last, len(last), 0, &seg)
		}
	})
	b.Run("radiotap", func(b *testing.B) { // through gopacket
		d, data := NewDecoder(), cat(x("0000 0900 02000000 00"), wlan("0802"), inner4())
		var seg Segment
		b.ReportAllocs()
		for b.Loop() {
			d.Decode(LinkRadiotap, data, len(data), 0, &seg)
		}
	})
}
