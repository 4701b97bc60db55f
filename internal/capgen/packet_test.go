package capgen

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"finscope/internal/decode"
	"finscope/reassembly"
)

const ethernet decode.LinkType = 1

// randomSegment returns a segment that one packet can carry, with marks that may occur together.
func randomSegment(r *rand.Rand) decode.Segment {
	s := decode.Segment{
		Src:     decode.AddrFrom4([]byte{10, 0, byte(r.Uint32()), byte(r.Uint32())}),
		Dst:     decode.AddrFrom4([]byte{192, 0, 2, byte(r.Uint32())}),
		SrcPort: uint16(r.Uint32()),
		DstPort: uint16(r.Uint32()),
		Flags:   decode.Flags(r.Uint32() & 0x1ff),
		Seq:     reassembly.Seq(r.Uint32()),
		Len:     uint32(r.IntN(3000)) * uint32(r.IntN(2)),
		Window:  uint16(r.Uint32()),
		TTL:     byte(r.Uint32()),
		IPID:    r.Uint32() & 0xffff,
	}
	if r.IntN(3) == 0 {
		s.Src = decode.Addr{Hi: 0x20010db8 << 32, Lo: r.Uint64()}
		s.Dst = decode.Addr{Hi: 0x20010db8 << 32, Lo: r.Uint64()}
		s.IPID = r.Uint32() & 0xfffff
	} else if r.IntN(2) == 0 {
		s.Marks |= decode.DontFragment
	}
	if s.Flags.Has(decode.ACK) {
		s.Ack = reassembly.Seq(r.Uint32())
	}
	if r.IntN(2) == 0 {
		s.Marks |= decode.HasTimestamp
		s.TSVal, s.TSEcr = r.Uint32(), r.Uint32()
	}
	if s.Flags.Has(decode.SYN) && r.IntN(2) == 0 {
		s.Marks |= decode.HasWScale
		s.WScale = byte(r.IntN(15))
	}
	if s.Flags.Has(decode.SYN) && r.IntN(2) == 0 {
		s.Marks |= decode.PermitsSACK
	}
	if s.Flags.Has(decode.SYN) && r.IntN(2) == 0 {
		s.Marks |= decode.PermitsSACK
	} else if r.IntN(4) == 0 {
		s.Marks |= decode.HasSACK
		s.SACKLeft = reassembly.Seq(r.Uint32())
		s.SACKRight = s.SACKLeft + reassembly.Seq(r.Uint32N(5000)+1)
		s.SACKMax = s.SACKRight + reassembly.Seq(r.Uint32N(2)*r.Uint32N(100000))
	}
	if r.IntN(5) == 0 {
		s.Marks |= decode.HasFastOpen
	}
	if r.IntN(4) == 0 {
		s.Marks |= decode.HasMPTCP
		if !s.Flags.Has(decode.SYN) && r.IntN(2) == 0 {
			s.Marks |= decode.HasDataFIN
		}
	}
	switch r.IntN(8) {
	case 0:
		s.Marks |= decode.OptionsCut
	case 1: // judged only on these, and only in packets of ordinary size
		if s.Flags.Any(decode.SYN|decode.FIN|decode.RST) && s.Len < 1400 {
			s.Marks |= decode.BadChecksum
		}
	}
	return s
}

func TestDecodeGivesTheSegmentBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	d := decode.NewDecoder()
	var frame []byte
	for range 20_000 {
		want := randomSegment(r)
		var opts options
		if opts.fill(&want); opts.room() < 4 {
			want.Marks &^= decode.OptionsCut // would lose an option
		}
		var wireLen int
		frame, wireLen = AppendPacket(frame[:0], &want, 0)
		var got decode.Segment
		if outcome := d.Decode(ethernet, frame, wireLen, 0, &got); outcome != decode.TCP {
			t.Fatalf("%+v: outcome %v", want, outcome)
		}
		if got != want {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	}
}

// A snapshot length changes what is kept and nothing else.
func TestSnaplen(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 2_000 {
		seg := randomSegment(r)
		whole, wireLen := AppendPacket(nil, &seg, 0)
		snaplen := 1 + r.IntN(200)
		cut, cutWire := AppendPacket([]byte("x"), &seg, snaplen)
		want := whole[:min(snaplen, len(whole))]
		if cutWire != wireLen || string(cut) != "x"+string(want) {
			t.Fatalf("snaplen %d: %d octets of %d, want the first %d of %d", snaplen, len(cut)-1, cutWire, len(want), wireLen)
		}
	}
}

// What lay in the buffer before must not show.
func TestBufferIsOverwritten(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	dirty := make([]byte, 8192)
	for range 2_000 {
		seg := randomSegment(r)
		for i := range dirty {
			dirty[i] = 0xee
		}
		clean, _ := AppendPacket(nil, &seg, 0)
		got, _ := AppendPacket(dirty[:0], &seg, 0)
		if string(got) != string(clean) {
			t.Fatalf("%+v: a used buffer gives other octets", seg)
		}
	}
}

// plainSum is RFC 1071 as it is written there, for comparison.
func plainSum(parts ...[]byte) uint16 {
	var acc uint32
	for _, b := range parts {
		for i := 0; i < len(b); i += 2 {
			word := uint32(b[i]) << 8
			if i+1 < len(b) {
				word |= uint32(b[i+1])
			}
			acc += word
			acc = acc>>16 + acc&0xffff
		}
	}
	return uint16(acc)
}

func TestChecksums(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 20_000 {
		seg := randomSegment(r)
		seg.Marks &^= decode.OptionsCut
		frame, _ := AppendPacket(nil, &seg, 0)
		ip := frame[ethernetLen:]
		var pseudo, tcp []byte
		if ip[0]>>4 == 4 {
			if plainSum(ip[:20]) != 0xffff {
				t.Fatalf("%+v: IPv4 header checksum is wrong", seg)
			}
			tcp = ip[20:]
			pseudo = append(pseudo, ip[12:20]...)
		} else {
			tcp = ip[40:]
			pseudo = append(pseudo, ip[8:40]...)
		}
		pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(tcp)))
		pseudo = append(pseudo, 0, protoTCP)
		right := plainSum(pseudo, tcp) == 0xffff
		if wantBad := seg.Marks&decode.BadChecksum != 0; right == wantBad {
			t.Fatalf("%+v: checksum right %v", seg, right)
		}
		if !right && binary.BigEndian.Uint16(tcp[16:]) == plainSum(pseudo) {
			t.Fatalf("%+v: the wrong checksum could be one left by offload", seg)
		}
	}
}

// gopacket reads the packets too: decode is not its own witness.
func TestGopacketAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 2_000 {
		seg := randomSegment(r)
		seg.Marks &^= decode.OptionsCut
		frame, _ := AppendPacket(nil, &seg, 0)
		p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
		if e := p.ErrorLayer(); e != nil {
			t.Fatalf("%+v: %v", seg, e.Error())
		}
		tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			t.Fatalf("%+v: no TCP layer", seg)
		}
		if tcp.Seq != uint32(seg.Seq) || tcp.Ack != uint32(seg.Ack) || len(tcp.Payload) != int(seg.Len) ||
			uint16(tcp.SrcPort) != seg.SrcPort || tcp.Window != seg.Window || tcp.FIN != seg.Flags.Has(decode.FIN) ||
			tcp.NS != seg.Flags.Has(decode.AE) {
			t.Fatalf("%+v: gopacket reads %+v", seg, tcp)
		}
		want := map[layers.TCPOptionKind]bool{
			kindTimestamp: seg.Marks&decode.HasTimestamp != 0,
			kindSACK:      seg.Marks&decode.HasSACK != 0,
			kindWScale:    seg.Marks&decode.HasWScale != 0,
			kindFastOpen:  seg.Marks&decode.HasFastOpen != 0,
			kindMPTCP:     seg.Marks&decode.HasMPTCP != 0,

			kindSACKPermitted: seg.Marks&decode.PermitsSACK != 0,
		}
		got := map[layers.TCPOptionKind]bool{}
		for _, o := range tcp.Options {
			got[o.OptionType] = true
		}
		for kind, present := range want {
			if got[kind] != present {
				t.Fatalf("%+v: option %d present %v, want %v", seg, kind, got[kind], present)
			}
		}
	}
}

// Packets larger than an IP header can say, as a sending host captures them.
func TestOffloadedPackets(t *testing.T) {
	v4 := decode.Segment{Src: decode.AddrFrom4([]byte{10, 0, 0, 1}), Dst: decode.AddrFrom4([]byte{10, 0, 0, 2}), TTL: 64}
	v6 := decode.Segment{Src: decode.Addr{Hi: 1, Lo: 1}, Dst: decode.Addr{Hi: 1, Lo: 2}, TTL: 64}
	tests := []struct {
		name string
		seg  decode.Segment
		len  uint32
	}{
		{"largest IPv4", v4, 65535 - 40},
		{"IPv4 total length 0", v4, 65535 - 39},
		{"largest IPv6", v6, 65535 - 20},
		{"IPv6 jumbo payload", v6, 65535 - 19},
		{"IPv6 jumbo payload, large", v6, 500_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.seg.Len = tt.len
			tt.seg.Flags = decode.ACK
			frame, wireLen := AppendPacket(nil, &tt.seg, 128)
			var got decode.Segment
			if outcome := decode.NewDecoder().Decode(ethernet, frame, wireLen, 0, &got); outcome != decode.TCP {
				t.Fatalf("outcome %v", outcome)
			}
			if got != tt.seg {
				t.Errorf("got  %+v\nwant %+v", got, tt.seg)
			}
		})
	}
}

func BenchmarkAppendPacket(b *testing.B) {
	seg := decode.Segment{
		Src: decode.AddrFrom4([]byte{10, 0, 0, 1}), Dst: decode.AddrFrom4([]byte{10, 0, 0, 2}), TTL: 64,
		Flags: decode.ACK, Marks: decode.HasTimestamp, Len: 1400,
	}
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		AppendPacket(buf, &seg, 96)
	}
}
