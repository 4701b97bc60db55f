package decode

import (
	"testing"
)

// What the capture keeps of a TCP header is used as far as it goes: 4000 > 80: F. 1000:1007(7) behind 20 bytes of IP.
func TestTCPCut(t *testing.T) {
	data := inner4()
	data[20+16], data[20+17] = 0xab, 0xcd // checksum
	for kept := 20; kept <= len(data); kept++ {
		var got Segment
		outcome := NewDecoder().Decode(LinkRaw, data[:kept], len(data), 0, &got)
		header := kept - 20
		if header < 14 {
			if outcome != CutInTCPHeader {
				t.Errorf("%d bytes of TCP: outcome %v, want %v", header, outcome, CutInTCPHeader)
			}
			continue
		}
		want := want4()
		if header < 32 {
			want.Marks, want.TSVal, want.TSEcr = OptionsCut, 0, 0
		}
		if header < 16 {
			want.Window = 0
		}
		got.Marks &^= BadChecksum
		if outcome != TCP || got != want {
			t.Errorf("%d bytes of TCP: %v\n got %+v\nwant %+v", header, outcome, got, want)
		}
	}
}

func TestTCPHeader(t *testing.T) {
	offset := func(v byte) []byte { // a header of 32 bytes and 7 of payload that claims v words
		p := tcp()
		p[12] = v<<4 | p[12]&15
		return ip4(protoTCP, p)
	}
	tests := []struct {
		name string
		data []byte
		want Outcome
		len  uint32
	}{
		{"offset 4", offset(4), BadTCPHeader, 0},
		{"offset 5", offset(5), TCP, 19},
		{"offset 8", offset(8), TCP, 7},
		{"offset 9", offset(9), TCP, 3},
		{"offset 10, beyond the packet", offset(10), BadTCPHeader, 0},
		{"19 bytes", ip4(protoTCP, tcp()[:19]), BadTCPHeader, 0},
		{"20 bytes", ip4(protoTCP, tcpOptions(0x10, "")), TCP, 0},
		{"nothing", ip4(protoTCP), BadTCPHeader, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seg, outcome := decodeOne(LinkRaw, tt.data)
			if outcome != tt.want || outcome == TCP && seg.Len != tt.len {
				t.Errorf("outcome %v, len %d; want %v, %d", outcome, seg.Len, tt.want, tt.len)
			}
		})
	}
}

// Each of the nine control bits lands in its own place (RFC 9293 §3.1, RFC 9768 §3.1).
func TestTCPFlags(t *testing.T) {
	for i, flag := range []Flags{FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE} {
		seg, _ := decodeOne(LinkRaw, ip4(protoTCP, tcpOptions(1<<i, "")))
		if seg.Flags != flag {
			t.Errorf("bit %d: flags %#x, want %#x", i, seg.Flags, flag)
		}
	}
}
