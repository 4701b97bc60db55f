package decode

import (
	"net/netip"
	"testing"

	"finscope/reassembly"
)

func TestAddr(t *testing.T) {
	for _, tt := range []struct {
		addr string
		is4  bool
	}{{"10.0.0.1", true}, {"0.0.0.0", true}, {"255.255.255.255", true}, {"::", false}, {"2001:db8::1", false}, {"::1.2.3.4", false}} {
		a := AddrFrom(netip.MustParseAddr(tt.addr))
		if got := a.Netip().String(); a.Is4() != tt.is4 || got != netip.MustParseAddr(tt.addr).String() {
			t.Errorf("%s: Is4 %v, Netip %s", tt.addr, a.Is4(), got)
		}
	}
}

// SYN and FIN occupy one number each (RFC 9293 §3.4), and so does nothing else.
func TestOccupies(t *testing.T) {
	for _, tt := range []struct {
		seq   reassembly.Seq
		flags Flags
		len   uint32
		end   reassembly.Seq
	}{
		{100, ACK, 0, 100},
		{100, ACK | PSH, 10, 110},
		{100, SYN, 0, 101},
		{100, SYN | ACK, 5, 106}, // Fast Open
		{100, FIN | ACK, 10, 111},
		{100, SYN | FIN, 0, 102},
		{100, RST | ACK | URG | ECE | CWR | AE, 0, 100},
		{0xffffffff, FIN, 0, 0},
	} {
		s := Segment{Seq: tt.seq, Flags: tt.flags, Len: tt.len}
		if s.End() != tt.end || s.Occupies() != uint32(tt.end.Diff(tt.seq)) {
			t.Errorf("%d, flags %#x, %d bytes: end %d, want %d", tt.seq, tt.flags, tt.len, s.End(), tt.end)
		}
	}
}
