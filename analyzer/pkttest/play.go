package pkttest

import (
	"net/netip"
	"time"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// Variant says how a script is played. The zero value plays it as written, from ISN 0.
type Variant struct {
	ISN    [2]reassembly.Seq // of left and right in the first connection
	Swap   bool              // the right end has the smaller address
	Mirror bool              // the ends exchange their parts after the opening; see [Script.Mirrors]
	V6     bool              // over IPv6, which has no identifications
	Order  []int             // capture order: indices of captured packets; nil: as sent. See [Script.Orders]
}

// Capture is a script as a capture point saw it.
type Capture struct {
	Packets []Captured
	End     int64 // time of the last packet of any kind, in ns since the epoch
}

// Captured is one captured packet.
type Captured struct {
	Frame  uint64 // from 1
	Time   int64  // ns since the epoch
	Seg    decode.Segment
	Packet int  // index in Script.Packets
	Left   bool // sent by the left end

	Returned *decode.Returned // what an ICMP message says that comes with it; nil: there is none
}

// Addresses of the two ends, and the port of the right one. The left one's port tells connections apart.
const (
	serverPort = 80
	clientPort = 40000
)

// epoch is when every capture starts: 2026-01-01 in UTC.
func epoch() int64 { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano() }

// LeftAddr returns the address of the left end.
func (v *Variant) LeftAddr() netip.Addr { return v.addr(Left) }

func (v *Variant) addr(s Side) netip.Addr {
	low := (s == Left) != v.Swap
	switch {
	case v.V6 && low:
		return netip.MustParseAddr("2001:db8::7")
	case v.V6:
		return netip.MustParseAddr("2001:db8:1::5")
	case low:
		return netip.MustParseAddr("10.0.0.7")
	default:
		return netip.MustParseAddr("192.0.2.5")
	}
}

// flow is the state of one connection while it is played.
type flow struct {
	isn   [2]reassembly.Seq
	tsVal [2]uint32 // latest of each side
	noTS  bool
}

// Play returns what a capture of the script holds.
func (s *Script) Play(v Variant) Capture {
	if s.V6 {
		v.V6 = true
	}
	opening, _ := s.opening()
	flows := make([]flow, len(s.Flows))
	for i, def := range s.Flows {
		for side := range def.ISN {
			flows[i].isn[side] = v.ISN[side] + reassembly.Seq(def.ISN[side])
		}
		if v.Mirror && len(s.Packets) > 0 && opening == 0 {
			flows[i].isn[0], flows[i].isn[1] = flows[i].isn[1], flows[i].isn[0]
		}
	}
	var out Capture
	ids := [2]uint32{0x1000, 0x9000}
	now := epoch()
	sent := make([]decode.Segment, len(s.Packets))
	for i := range s.Packets {
		p := &s.Packets[i]
		if i > 0 {
			now += int64(p.Delay)
		}
		side := p.Side
		if v.Mirror && i >= opening {
			side = side.Other()
		}
		seg := &sent[i]
		if twin := s.original(i); twin >= 0 {
			*seg = sent[twin]
		} else {
			ids[side]++
			*seg = flows[p.Flow].segment(p, side, now)
			seg.IPID = identification(p, ids[side])
		}
		if p.TTL >= 0 {
			seg.TTL = uint8(p.TTL)
		}
		s.address(seg, &v, side, s.Flows[p.Flow].Tuple)
		if !p.Lost {
			out.Packets = append(out.Packets, Captured{Time: now, Seg: *seg, Packet: i, Left: side == Left, Returned: v.returned(p, seg)})
		}
	}
	if v.Order != nil {
		times := make([]int64, len(out.Packets))
		from := out.Packets
		out.Packets = make([]Captured, len(from))
		for i := range from {
			times[i] = from[i].Time
			out.Packets[i] = from[v.Order[i]]
		}
		for i := range times {
			out.Packets[i].Time = times[i]
		}
	}
	for i := range out.Packets {
		out.Packets[i].Frame = uint64(i + 1)
	}
	out.End = now + int64(s.After)
	return out
}

// returned returns what a router on the way says of a packet that does not arrive.
func (v *Variant) returned(p *Packet, seg *decode.Segment) *decode.Returned {
	if p.Returned == 0 {
		return nil
	}
	router := netip.MustParseAddr("198.51.100.1")
	if v.V6 {
		router = netip.MustParseAddr("2001:db8:2::1")
	}
	return &decode.Returned{By: decode.AddrFrom(router), Src: seg.Src, Dst: seg.Dst, SrcPort: seg.SrcPort, DstPort: seg.DstPort, Seq: seg.Seq, Why: p.Returned}
}

// original returns the index of the packet that packet i is a copy of; -1 if it is none.
func (s *Script) original(i int) int {
	if !s.Packets[i].Same {
		return -1
	}
	for j := i - 1; j >= 0; j-- {
		if s.Packets[j].twin(&s.Packets[i]) {
			return j
		}
	}
	return -1
}

// Clocks and windows of the hosts.
const (
	defaultTTL    = 64
	synWindow     = 64240
	window        = 502 // 64256 octets, shifted by 7
	defaultWScale = 7
)

// segment returns the segment of p, sent by side at a time.
func (f *flow) segment(p *Packet, side Side, now int64) decode.Segment {
	seg := decode.Segment{
		Flags: p.Flags, Marks: p.Marks, Len: p.Len, TTL: defaultTTL, Window: window,
		Seq: f.isn[side] + reassembly.Seq(p.Seq),
	}
	peer := side.Other()
	if p.Flags.Has(decode.ACK) {
		seg.Ack = f.isn[peer] + reassembly.Seq(p.Ack)
	}
	if p.isSYN() {
		seg.Window = synWindow
		if !p.NoWScale && p.Marks&decode.OptionsCut == 0 {
			seg.WScale, seg.Marks = defaultWScale, seg.Marks|decode.HasWScale
			if p.WScale >= 0 {
				seg.WScale = uint8(p.WScale)
			}
		}
		if !p.NoSACK && p.Marks&decode.OptionsCut == 0 {
			seg.Marks |= decode.PermitsSACK
		}
		f.noTS = f.noTS || p.NoTS
	}
	bareRST := p.Flags.Has(decode.RST) && !p.Flags.Has(decode.ACK)
	if bareRST {
		seg.Window = 0
	}
	if p.Window >= 0 {
		seg.Window = uint16(p.Window)
	}
	if p.TSVal >= 0 || !f.noTS && !p.NoTS && !bareRST && p.Marks&decode.OptionsCut == 0 {
		seg.Marks |= decode.HasTimestamp
		seg.TSVal = uint32(now/1e6) + uint32(side)*0x40000000
		if p.TSVal >= 0 {
			seg.TSVal = uint32(p.TSVal)
		}
		if p.Flags.Has(decode.ACK) {
			seg.TSEcr = f.tsVal[peer]
		}
		f.tsVal[side] = seg.TSVal
	}
	if len(p.SACK) > 0 {
		seg.Marks |= decode.HasSACK
		seg.SACKLeft = f.isn[peer] + reassembly.Seq(p.SACK[0].Left)
		seg.SACKRight = f.isn[peer] + reassembly.Seq(p.SACK[0].Right)
		for i, r := range p.SACK {
			if right := f.isn[peer] + reassembly.Seq(r.Right); i == 0 || seg.SACKMax.Before(right) {
				seg.SACKMax = right
			}
		}
	}
	return seg
}

// identification returns the IPv4 identification of p; next is the one its sender's counter stands at.
func identification(p *Packet, next uint32) uint32 {
	switch {
	case p.ID >= 0:
		return uint32(p.ID)
	case p.Flags.Has(decode.SYN | decode.ACK):
		return 0
	case p.Flags.Has(decode.RST) && !p.Flags.Has(decode.ACK):
		return 0
	default:
		return next & 0xffff
	}
}

// address writes addresses and ports into a segment of side.
func (s *Script) address(seg *decode.Segment, v *Variant, side Side, tuple int) {
	src, dst := v.addr(side), v.addr(side.Other())
	seg.Src, seg.Dst = decode.AddrFrom(src), decode.AddrFrom(dst)
	ports := [2]uint16{Left: clientPort + uint16(tuple), Right: serverPort}
	seg.SrcPort, seg.DstPort = ports[side], ports[side.Other()]
	if v.V6 {
		seg.IPID = 0
	}
}
