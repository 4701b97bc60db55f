package decode

import (
	"testing"

	"finscope/reassembly"
)

// What an ICMP message quotes of a segment, and why it came back.
func TestReturned(t *testing.T) {
	// To whom has sent the segment; without a checksum unless sum is one.
	message := func(head string, quoted []byte, sum ...byte) []byte {
		b := ip4(protoICMP, x(head), append(sum, make([]byte, 6-len(sum))...), quoted)
		copy(b[12:], x("c0000201 0a000001"))
		return b
	}
	message6 := func(head string, quoted []byte, sum ...byte) []byte {
		b := ip6(protoICMPv6, x(head), append(sum, make([]byte, 6-len(sum))...), quoted)
		copy(b[8:], x("20010db800ff00000000000000000001 20010db8000000000000000000000001"))
		return b
	}
	elsewhere := message("0303", inner4())
	elsewhere[19]++
	seg4 := Returned{By: AddrFrom4(x("c0000201")), Src: AddrFrom4(x("0a000001")), Dst: AddrFrom4(x("0a000002")), SrcPort: 4000, DstPort: 80, Seq: reassembly.Seq(1000)}
	seg6 := Returned{By: AddrFrom16(x("20010db800ff00000000000000000001")), Src: AddrFrom16(x("20010db8000000000000000000000001")),
		Dst: AddrFrom16(x("20010db8000000000000000000000002")), SrcPort: 4000, DstPort: 80, Seq: reassembly.Seq(1000)}
	options := cat(inner4()[:20], x("94040000"), tcp()) // router alert
	options[0], options[3] = 0x46, byte(len(options))
	for _, tt := range []struct {
		name string
		data []byte
		seg  Returned
		why  Why // 0: nothing is returned
	}{
		{"net unreachable", message("0300", inner4()), seg4, NetUnreachable},
		{"host unreachable", message("0301", inner4()), seg4, HostUnreachable},
		{"protocol unreachable", message("0302", inner4()), seg4, ProtocolUnreachable},
		{"port unreachable", message("0303", inner4()), seg4, PortUnreachable},
		{"fragmentation needed", message("0304", inner4()), seg4, TooBig},
		{"net prohibited", message("0309", inner4()), seg4, NetProhibited},
		{"host prohibited", message("030a", inner4()), seg4, Prohibited},
		{"communication prohibited", message("030d", inner4()), seg4, Prohibited},
		{"code that is not assigned", message("0310", inner4()), seg4, 0},
		{"time exceeded", message("0b00", inner4()), seg4, HopsExceeded},
		{"time exceeded, fragments", message("0b01", inner4()), seg4, 0},
		{"parameter problem", message("0c00", inner4()), seg4, OtherReason},
		{"echo reply that looks like a quotation", message("0000", inner4()), seg4, 0},
		{"eight octets of the segment", message("0303", inner4()[:28]), seg4, PortUnreachable},
		{"seven octets of the segment", message("0303", inner4()[:27]), seg4, 0},
		{"IP header cut", message("0303", inner4()[:19]), seg4, 0},
		{"IP options", message("0303", options), seg4, PortUnreachable},
		{"IP options cut", message("0303", options[:31]), seg4, 0},
		{"header of 16", message("0303", header4(0, "44")), seg4, 0},
		{"a first fragment", message("0303", ip4Fragment(ip4MF, protoTCP, tcp())), seg4, PortUnreachable},
		{"a later fragment", message("0303", ip4Fragment(1, protoTCP, tcp())), seg4, 0},
		{"UDP", message("0303", ip4(protoUDP, tcp())), seg4, 0},
		{"IPv6 in IPv4's message", message("0303", inner6()), seg4, 0},
		{"to somebody else", elsewhere, seg4, 0},
		{"the right checksum", message("0303", inner4(), 0xec, 0x63), seg4, PortUnreachable},
		{"a wrong checksum", message("0303", inner4(), 0xec, 0x62), seg4, 0},
		{"a wrong checksum, cut", message("0303", inner4(), 0xec, 0x62)[:56], seg4, PortUnreachable},
		{"in a tunnel", ip4(protoGRE, x("0000 0800"), message("0303", inner4())), seg4, PortUnreachable},

		{"v6: no route", message6("0100", inner6()), seg6, NetUnreachable},
		{"v6: prohibited", message6("0101", inner6()), seg6, Prohibited},
		{"v6: address unreachable", message6("0103", inner6()), seg6, HostUnreachable},
		{"v6: port unreachable", message6("0104", inner6()), seg6, PortUnreachable},
		{"v6: reject route", message6("0106", inner6()), seg6, Prohibited},
		{"v6: code that is not assigned", message6("0109", inner6()), seg6, 0},
		{"v6: too big", message6("0200", inner6()), seg6, TooBig},
		{"v6: time exceeded", message6("0300", inner6()), seg6, HopsExceeded},
		{"v6: time exceeded, fragments", message6("0301", inner6()), seg6, 0},
		{"v6: parameter problem", message6("0401", inner6()), seg6, OtherReason},
		{"v6: neighbour advertisement", message6("8800", inner6()), seg6, 0},
		{"v6: the right checksum", message6("0104", inner6(), 0x57, 0xb4), seg6, PortUnreachable},
		{"v6: a wrong checksum", message6("0104", inner6(), 0x57, 0xb5), seg6, 0},
		{"v6: eight octets of the segment", message6("0104", inner6()[:48]), seg6, PortUnreachable},
		{"v6: seven octets of the segment", message6("0104", inner6()[:47]), seg6, 0},
		{"v6: IPv4 in IPv6's message", message6("0104", cat(inner4(), make([]byte, 20))), seg6, 0},
		{"v6: behind an extension header", message6("0104", ip6(60, x("0600 010400000000"), tcp())), seg6, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDecoder()
			var seg Segment
			if o := d.Decode(LinkRaw, tt.data, len(tt.data), 0, &seg); o != ICMP && o != ICMPv6 {
				t.Fatalf("outcome %v", o)
			}
			switch got := d.Returned(); {
			case (got != nil) != (tt.why != 0):
				t.Errorf("returned %v, want %v", got, tt.why)
			case got != nil:
				tt.seg.Why = tt.why
				if *got != tt.seg {
					t.Errorf("returned %+v, want %+v", *got, tt.seg)
				}
			}
			if d.Decode(LinkRaw, ip4(protoICMP, x("0800000000000000")), 28, 0, &seg); d.Returned() != nil {
				t.Error("an echo request behind it returns a segment")
			}
		})
	}
}

// Each reason has a name.
func TestWhyString(t *testing.T) {
	seen := map[string]bool{}
	for w := NetUnreachable; w <= NetProhibited; w++ {
		if name := w.String(); name == "" || name == "unknown" || seen[name] {
			t.Errorf("reason %d is %q", w, name)
		}
		seen[w.String()] = true
	}
}
