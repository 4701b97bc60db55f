package decode

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"finscope/reassembly"
)

// FuzzDecode decodes anything as any link type, whole and as two packets (which may be fragments of one datagram). It
// must not panic or hang, must give the same answer twice, and must agree with gopacket wherever that understands the
// packet too.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("../../testdata/pcaps/real/*.pcap")
	if err != nil || len(files) == 0 {
		f.Fatalf("no captures: %v", err)
	}
	for _, file := range files {
		for i, fr := range readCapture(f, filepath.Base(file)) {
			if i < 6 {
				f.Add(uint16(fr.link), fr.data, uint16(0))
			}
		}
	}
	for _, tt := range append(linkTests(), tunnelTests()...) {
		f.Add(uint16(tt.link), tt.data, uint16(0))
	}
	first, second := fragments4()
	f.Add(uint16(LinkRaw), cat(first, second), uint16(len(first)))
	first, second = fragments6()
	f.Add(uint16(LinkRaw), cat(first, second), uint16(len(first)))

	f.Fuzz(func(t *testing.T, link uint16, data []byte, cut uint16) {
		checkDecode(t, LinkType(link), data)
		d := NewDecoder()
		var seg Segment
		n := min(int(cut), len(data))
		d.Decode(LinkType(link), data[:n], n, 0, &seg)
		d.Decode(LinkType(link), data[n:], len(data)-n, 1, &seg)
		if lost := d.Incomplete(); lost < 0 || lost > 4 {
			t.Errorf("%d fragments incomplete", lost)
		}
	})
}

// checkDecode checks one packet by itself and against gopacket.
func checkDecode(t *testing.T, link LinkType, data []byte) {
	t.Helper()
	seg, outcome := decodeOne(link, data)
	if outcome >= Outcomes {
		t.Fatalf("outcome %d", outcome)
	}
	if again, o := decodeOne(link, data); o != outcome || o == TCP && again != seg {
		t.Fatalf("decoded twice: %v %+v, %v %+v", outcome, seg, o, again)
	}
	if outcome != TCP {
		return
	}
	if want, ok := viaOracle(link, data); ok {
		got := seg
		got.Marks &^= BadChecksum | FromFragments // not gopacket's business
		if got != want {
			t.Errorf("link type %d\n     got %+v\ngopacket %+v\n%x", link, got, want, data)
		}
	}
}

// viaOracle decodes a packet with gopacket's layers alone. It says nothing about packets that gopacket does not decode
// without error down to TCP over the headers that have a fast path, plain extension headers included.
func viaOracle(link LinkType, data []byte) (Segment, bool) {
	switch link {
	case LinkEthernet, LinkLinuxSLL, LinkNull, LinkLoop, LinkRaw, LinkIPv4, LinkIPv6:
	default:
		return Segment{}, false
	}
	decoder := layers.LinkType(link)
	if link == LinkIPv4 || link == LinkIPv6 {
		decoder = layers.LinkTypeRaw
	}
	p := gopacket.NewPacket(data, decoder, gopacket.Default)
	var s Segment
	var n int // payload length of the last IP header, less its extension headers
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet, *layers.Dot1Q, *layers.LinuxSLL, *layers.Loopback:
		case *layers.IPv4:
			if inner := s.Src != (Addr{}); inner && l.Contents[2]|l.Contents[3] == 0 {
				return s, false // total length 0: gopacket takes what was captured for it, decode what the outer header says
			}
			s = Segment{Src: addrFromIP(l.SrcIP), Dst: addrFromIP(l.DstIP), TTL: l.TTL, IPID: uint32(l.Id)}
			if l.Flags&layers.IPv4DontFragment != 0 {
				s.Marks = DontFragment
			}
			n = int(l.Length) - int(l.IHL)*4
		case *layers.IPv6:
			s = Segment{Src: addrFromIP(l.SrcIP), Dst: addrFromIP(l.DstIP), TTL: l.HopLimit, IPID: l.FlowLabel}
			n = int(l.Length)
			if n == 0 {
				return s, false // gopacket leaves the jumbo option in the payload
			}
		case *layers.IPv6HopByHop, *layers.IPv6Destination, *layers.IPv6Routing:
			n -= len(l.LayerContents())
		case *layers.TCP:
			if p.ErrorLayer() != nil && isHeaderError(p, l) {
				return s, false
			}
			oracleTCP(l, &s)
			s.Len = uint32(n - int(l.DataOffset)*4)
			return s, true
		default:
			return s, false
		}
	}
	return s, false
}

// isHeaderError reports whether gopacket's error is about the TCP header itself and not about what it carries.
func isHeaderError(p gopacket.Packet, tcp *layers.TCP) bool {
	all := p.Layers()
	for i, l := range all {
		if l == gopacket.Layer(tcp) {
			return i+1 < len(all) && all[i+1] == gopacket.Layer(p.ErrorLayer())
		}
	}
	return true
}

func addrFromIP(b []byte) Addr {
	a, _ := netip.AddrFromSlice(b)
	return AddrFrom(a)
}

// oracleTCP takes everything from gopacket's TCP layer, options in the plainest way.
func oracleTCP(l *layers.TCP, s *Segment) {
	s.SrcPort, s.DstPort = uint16(l.SrcPort), uint16(l.DstPort)
	s.Seq, s.Ack = reassembly.Seq(l.Seq), reassembly.Seq(l.Ack)
	s.Window = l.Window
	for flag, set := range map[Flags]bool{
		FIN: l.FIN, SYN: l.SYN, RST: l.RST, PSH: l.PSH, ACK: l.ACK, URG: l.URG, ECE: l.ECE, CWR: l.CWR, AE: l.NS,
	} {
		if set {
			s.Flags |= flag
		}
	}
	for _, o := range l.Options {
		d := o.OptionData
		switch {
		case o.OptionType == layers.TCPOptionKindTimestamps && len(d) == 8:
			s.Marks |= HasTimestamp
			s.TSVal, s.TSEcr = binary.BigEndian.Uint32(d), binary.BigEndian.Uint32(d[4:])
		case o.OptionType == layers.TCPOptionKindWindowScale && len(d) == 1 && l.SYN:
			s.Marks |= HasWScale
			s.WScale = min(d[0], 14)
		case o.OptionType == layers.TCPOptionKindSACKPermitted && l.SYN:
			s.Marks |= PermitsSACK
		case o.OptionType == layers.TCPOptionKindSACK && len(d) >= 8 && len(d)%8 == 0:
			s.Marks |= HasSACK
			s.SACKLeft = reassembly.Seq(binary.BigEndian.Uint32(d))
			s.SACKRight = reassembly.Seq(binary.BigEndian.Uint32(d[4:]))
			s.SACKMax = s.SACKRight
			for i := 12; i < len(d); i += 8 {
				if edge := reassembly.Seq(binary.BigEndian.Uint32(d[i:])); s.SACKMax.Before(edge) {
					s.SACKMax = edge
				}
			}
		case o.OptionType == 30:
			s.Marks |= HasMPTCP
			if len(d) >= 2 && d[0]>>4 == 2 && d[1]&0x10 != 0 {
				s.Marks |= HasDataFIN
			}
		case o.OptionType == 34, o.OptionType == 254 && len(d) >= 2 && d[0] == 0xf9 && d[1] == 0x89:
			s.Marks |= HasFastOpen
		}
	}
}

// Every packet of every capture, against gopacket.
func TestCapturesAgreeWithGopacket(t *testing.T) {
	files, err := os.ReadDir("../../testdata/pcaps/real")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		if filepath.Ext(file.Name()) != ".pcap" {
			continue
		}
		for _, fr := range readCapture(t, file.Name()) {
			checkDecode(t, fr.link, fr.data)
			if _, ok := viaOracle(fr.link, fr.data); ok {
				compared++
			}
		}
	}
	if compared < 1000 {
		t.Errorf("gopacket understood %d packets, want 1000 or more", compared)
	}
}
