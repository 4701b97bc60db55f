package decode

import (
	"regexp"
	"testing"
)

// Decoding allocates nothing except for the link types that go through gopacket; fragments too, once their slots are
// there.
func TestAllocs(t *testing.T) {
	for _, tt := range append(append(linkTests(), tunnelTests()...), benchPackets()...) {
		switch tt.link {
		case LinkIEEE80211, LinkRadiotap, LinkPrism, LinkFDDI:
			continue
		}
		d := NewDecoder()
		var seg Segment
		if n := testing.AllocsPerRun(10, func() { d.Decode(tt.link, tt.data, len(tt.data), 0, &seg) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", tt.name, n)
		}
	}
	d := NewDecoder()
	var seg Segment
	first, last := fragments4()
	pair := func() {
		d.Decode(LinkRaw, first, len(first), 0, &seg)
		d.Decode(LinkRaw, last, len(last), 0, &seg)
	}
	for range MaxDatagrams {
		pair()
	}
	if n := testing.AllocsPerRun(10, pair); n != 0 {
		t.Errorf("fragments: %v allocations, want 0", n)
	}
}

func TestOutcomes(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for o := range Outcome(Outcomes) {
		name := o.String()
		if !kebab.MatchString(name) || seen[name] {
			t.Errorf("outcome %d is named %q", o, name)
		}
		seen[name] = true
	}
	for o, failed := range map[Outcome]bool{
		TCP: false, UDP: false, ICMP: false, ICMPv6: false, SCTP: false, OtherIP: false, ARP: false, OtherEthertype: false,
		Fragment: false, UnknownLinkType: true, UnknownTunnel: true, CutBeforeIP: true, CutInIPHeader: true,
		CutInTCPHeader: true, CutInTunnel: true, BadIPHeader: true, BadTCPHeader: true, FragmentIncomplete: true,
		Encrypted: true, Compressed: true, TooManyLayers: true,
	} {
		if o.Failed() != failed {
			t.Errorf("%v: Failed() = %v, want %v", o, o.Failed(), failed)
		}
	}
}

// Cut before, in and behind each header of one frame: vlan 5 > vxlan > I4.
func TestCut(t *testing.T) {
	data := eth(0x8100, x("0005 0800"), ip4Outer(protoUDP, udp(4789, x("08000000 00000100"), frame4())))
	ends := []struct {
		end  int
		want Outcome
	}{
		{18, CutBeforeIP},                  // Ethernet and VLAN
		{18 + 20, CutInIPHeader},           // outer IP
		{18 + 28, UDP},                     // ports and more are needed to see a tunnel
		{18 + 36, CutInTunnel},             // VXLAN
		{18 + 36 + 14, CutBeforeIP},        // inner Ethernet
		{18 + 36 + 14 + 20, CutInIPHeader}, // inner IP
		{18 + 36 + 14 + 20 + 14, CutInTCPHeader},
		{len(data), TCP},
	}
	from := 0
	for _, e := range ends {
		for n := from; n < e.end; n++ {
			var seg Segment
			if got := NewDecoder().Decode(LinkEthernet, data[:n], len(data), 0, &seg); got != e.want {
				t.Errorf("%d of %d bytes: %v, want %v", n, len(data), got, e.want)
			}
		}
		from = e.end
	}
}

// A record without an octet is one that was cut, also where it says that there were none on the wire.
func TestEmpty(t *testing.T) {
	for link := range LinkType(300) {
		var outcomes [2]Outcome
		for wireLen := range outcomes {
			var seg Segment
			outcomes[wireLen] = NewDecoder().Decode(link, nil, 60*wireLen, 0, &seg)
		}
		if o := outcomes[0]; o != outcomes[1] || o != CutBeforeIP && o != CutInTunnel && o != UnknownLinkType {
			t.Errorf("link type %d: %v, with 60 octets on the wire %v", link, o, outcomes[1])
		}
	}
}
