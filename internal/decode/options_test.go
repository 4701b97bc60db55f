package decode

import "testing"

func TestOptions(t *testing.T) {
	const (
		syn = 0x002
		ack = 0x010
	)
	tests := []struct {
		name    string
		flags   int
		options string
		want    Segment // only what the options say
		reason  string
	}{
		{name: "none", flags: ack},
		{name: "nop nop ts", flags: ack, options: "0101 080a 00000001 00000002",
			want: Segment{Marks: HasTimestamp, TSVal: 1, TSEcr: 2}},
		{name: "ts nop nop", flags: ack, options: "080a 00000001 00000002 0101",
			want: Segment{Marks: HasTimestamp, TSVal: 1, TSEcr: 2}},
		{name: "linux syn: mss, sackOK, ts, nop, wscale", flags: syn, options: "020405b4 0402 080a 00000001 00000000 01 030307",
			want: Segment{Marks: HasTimestamp | HasWScale | PermitsSACK, TSVal: 1, WScale: 7}},
		{name: "sackOK without syn", flags: ack, options: "0402 0101", reason: "RFC 2018 §2: it belongs into a SYN"},
		{name: "wscale 0", flags: syn, options: "01 030300", want: Segment{Marks: HasWScale}},
		{name: "wscale 14", flags: syn, options: "01 03030e", want: Segment{Marks: HasWScale, WScale: 14}},
		{name: "wscale 15", flags: syn, options: "01 03030f", want: Segment{Marks: HasWScale, WScale: 14},
			reason: "RFC 7323 §2.3: use 14"},
		{name: "wscale without syn", flags: ack, options: "01 030307", reason: "RFC 7323 §2.2: ignore"},
		{name: "sack of one", flags: ack, options: "0101 050a 00000064 000000c8",
			want: Segment{Marks: HasSACK, SACKLeft: 100, SACKRight: 200, SACKMax: 200}},
		{name: "ts and sack of three, first one a dsack", flags: ack,
			options: "0101 080a 00000001 00000002 0101 051a 00000064 00000065 00000190 000001f4 0000012c 0000015e",
			want:    Segment{Marks: HasTimestamp | HasSACK, TSVal: 1, TSEcr: 2, SACKLeft: 100, SACKRight: 101, SACKMax: 500}},
		{name: "sack across 2^32", flags: ack, options: "0101 0512 fffffff0 fffffff8 00000000 00000010",
			want: Segment{Marks: HasSACK, SACKLeft: 0xfffffff0, SACKRight: 0xfffffff8, SACKMax: 16}},
		{name: "sack of half a block", flags: ack, options: "0506 00000064 0101"},
		{name: "mptcp capable", flags: syn, options: "1e04 0181", want: Segment{Marks: HasMPTCP}},
		{name: "mptcp dss", flags: ack, options: "1e08 2001 00000001", want: Segment{Marks: HasMPTCP}},
		{name: "mptcp dss F", flags: ack, options: "1e08 2011 00000001", want: Segment{Marks: HasMPTCP | HasDataFIN}},
		{name: "mptcp add_addr with that bit", flags: ack, options: "1e08 3011 00000001", want: Segment{Marks: HasMPTCP},
			reason: "subtype 3 is not DSS"},
		{name: "fast open request", flags: syn, options: "2202 0101", want: Segment{Marks: HasFastOpen}},
		{name: "fast open experimental", flags: syn, options: "fe04 f989", want: Segment{Marks: HasFastOpen}},
		{name: "another experiment", flags: syn, options: "fe04 1234"},
		{name: "end of list", flags: syn, options: "00 030307", reason: "RFC 9293 §3.1: nothing behind it counts"},
		{name: "length 0", flags: syn, options: "0200 0101 01 030307", reason: "malformed: nothing behind it can be found"},
		{name: "length 1", flags: syn, options: "0201 0101 01 030307"},
		{name: "beyond the header", flags: syn, options: "01 030307 08ff 0000", want: Segment{Marks: HasWScale, WScale: 7}},
		{name: "kind without a length", flags: syn, options: "030307 08", want: Segment{Marks: HasWScale, WScale: 7}},
		{name: "ts of a wrong length", flags: ack, options: "0808 00000001 0000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, outcome := decodeOne(LinkRaw, ip4(protoTCP, tcpOptions(tt.flags, tt.options)))
			if outcome != TCP {
				t.Fatalf("outcome %v", outcome)
			}
			want := tt.want
			want.Src, want.Dst, want.SrcPort, want.DstPort = want4().Src, want4().Dst, 4000, 80
			want.Flags, want.Seq, want.Ack, want.Window, want.TTL, want.IPID = Flags(tt.flags), 1000, 2000, 512, 64, 0x1234
			if got != want {
				t.Errorf("%s\n got %+v\nwant %+v", tt.reason, got, want)
			}
		})
	}
}

// TestLinuxSYN holds the short way through the options of a SYN against the long one, which a NOP in front of them leads to.
func TestLinuxSYN(t *testing.T) {
	linux := x("020405b4 0402 080a 00000001 00000002 01 030307")
	for bit := range len(linux)*8 + 1 {
		o := cat(linux)
		if bit < len(linux)*8 {
			o[bit/8] ^= 1 << (bit % 8)
		}
		for _, flags := range []Flags{ACK, SYN, SYN | ACK} {
			got, want := Segment{Flags: flags}, Segment{Flags: flags}
			options(o, &got)
			options(cat([]byte{optNop}, o), &want)
			if got != want {
				t.Errorf("%x, flags %#x\n got %+v\nwant %+v", o, flags, got, want)
			}
		}
	}
}
