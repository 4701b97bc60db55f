package analyzer

import (
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// A segment is written as tcpdump and packetdrill write it: flags, relative numbers with the FIN not counted in the end, and what
// else it has.
func TestAppendPacket(t *testing.T) {
	base, peerBase := reassembly.Seq(0xfffffff0), reassembly.Seq(0x10) // numbers cross 2^32
	tests := []struct {
		seg  decode.Segment
		want string
	}{
		{decode.Segment{Flags: decode.SYN, Seq: base, Window: 5840}, "S 0:0(0) win 5840"},
		{decode.Segment{Flags: decode.SYN | decode.ACK, Seq: base, Ack: peerBase + 1, Window: 65535}, "S. 0:0(0) ack 1 win 65535"},
		{decode.Segment{Flags: decode.SYN, Seq: base, Len: 12, Window: 1}, "S 0:12(12) win 1"}, // TCP Fast Open
		{decode.Segment{Flags: decode.ACK, Seq: base + 1, Ack: peerBase + 1, Window: 5840}, ". 1:1(0) ack 1"},
		{decode.Segment{Flags: decode.PSH | decode.ACK, Seq: base + 1, Ack: peerBase + 101, Len: 406}, "P. 1:407(406) ack 101"},
		{decode.Segment{Flags: decode.FIN | decode.PSH | decode.ACK, Seq: base + 407, Ack: peerBase, Len: 3}, "FP. 407:410(3) ack 0"},
		{decode.Segment{Flags: decode.FIN | decode.ACK, Seq: base + 100, Ack: peerBase + 0xfffffff0}, "F. 100:100(0) ack 4294967280"},
		{decode.Segment{Flags: decode.RST, Seq: base + 8, Ack: 77}, "R 8:8(0)"}, // without ACK the number means nothing
		{decode.Segment{Flags: decode.RST | decode.ACK, Seq: base - 1, Ack: peerBase}, "R. 4294967295:4294967295(0) ack 0"},
		{decode.Segment{Flags: decode.URG | decode.ECE | decode.CWR | decode.AE | decode.ACK, Seq: base, Ack: peerBase}, "UEWe. 0:0(0) ack 0"},
		{decode.Segment{Seq: base + 5}, " 5:5(0)"},
	}
	for _, tt := range tests {
		if got := string(appendPacket([]byte("> "), &tt.seg, base, peerBase)); got != "> "+tt.want {
			t.Errorf("%+v is written %q, want %q", tt.seg, got, "> "+tt.want)
		}
	}
}
