package lab

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/netip"
)

// Frame is one captured Ethernet frame.
type Frame struct {
	Time int64 // ns since the epoch
	Data []byte
	Cut  int  // how many bytes of it are missing in Data
	Out  bool // the host of the tap sent it
}

// TCP flags, as the header has them.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// Segment is what the laboratory has to know of a TCP segment. It is taken apart here and not by finscope's decoder, so
// that an error there does not hide itself.
type Segment struct {
	Src, Dst netip.AddrPort
	Seq, Ack uint32
	Flags    byte
	Window   uint16
	IPID     uint16
	Payload  int
	TSVal    uint32 // 0: no timestamp
	SACK     bool   // carries a SACK or DSACK block

	ip, tcp int    // where the headers start in the frame
	hash    uint64 // of all bytes from the IP header on
}

func (s *Segment) has(flags byte) bool { return s.Flags&flags == flags }

// end returns the number just past the segment.
func (s *Segment) end() uint32 {
	n := s.Seq + uint32(s.Payload)
	if s.has(flagSYN) {
		n++
	}
	if s.has(flagFIN) {
		n++
	}
	return n
}

// parse takes an Ethernet frame with a whole TCP header apart, its payload may be cut off; ok is false for everything else.
func parse(frame []byte) (s Segment, ok bool) {
	be := binary.BigEndian
	if len(frame) < 14 {
		return s, false
	}
	var src, dst netip.Addr
	var total int
	s.ip = 14
	b := frame[14:]
	switch be.Uint16(frame[12:]) {
	case 0x0800:
		if len(b) < 20 || b[9] != 6 || be.Uint16(b[6:])&0x3fff != 0 {
			return s, false
		}
		total = int(be.Uint16(b[2:]))
		s.tcp = s.ip + int(b[0]&15)*4
		s.IPID = be.Uint16(b[4:])
		src, dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	case 0x86dd:
		if len(b) < 40 || b[6] != 6 {
			return s, false
		}
		total = 40 + int(be.Uint16(b[4:]))
		s.tcp = s.ip + 40
		src, dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	default:
		return s, false
	}
	if s.tcp+20 > s.ip+total || s.tcp+20 > len(frame) {
		return s, false
	}
	t := frame[s.tcp:min(len(frame), s.ip+total)] // fixtures keep no payload
	offset := int(t[12]>>4) * 4
	if offset < 20 || offset > len(t) {
		return s, false
	}
	s.Src, s.Dst = netip.AddrPortFrom(src, be.Uint16(t)), netip.AddrPortFrom(dst, be.Uint16(t[2:]))
	s.Seq, s.Ack, s.Flags, s.Window = be.Uint32(t[4:]), be.Uint32(t[8:]), t[13], be.Uint16(t[14:])
	s.Payload = s.ip + total - s.tcp - offset
	for o := t[20:offset]; len(o) > 0 && o[0] != 0; {
		if o[0] == 1 {
			o = o[1:]
			continue
		}
		if len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o) {
			break
		}
		switch {
		case o[0] == 8 && o[1] == 10:
			s.TSVal = be.Uint32(o[2:])
		case o[0] == 5:
			s.SACK = true
		}
		o = o[o[1]:]
	}
	h := fnv.New64a()
	h.Write(b[:min(len(b), total)])
	s.hash = h.Sum64()
	return s, true
}

// before reports whether a comes before b in sequence space.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// isICMP reports whether a frame has ICMP in IPv4.
func isICMP(frame []byte) bool {
	return len(frame) >= 34 && binary.BigEndian.Uint16(frame[12:]) == 0x0800 && frame[23] == 1
}

// String returns the segment in tcpdump's notation, with raw numbers.
func (s *Segment) String() string {
	flags := ""
	for _, f := range []struct {
		bit  byte
		name string
	}{{flagFIN, "F"}, {flagSYN, "S"}, {flagRST, "R"}, {flagPSH, "P"}, {flagACK, "."}} {
		if s.has(f.bit) {
			flags += f.name
		}
	}
	out := fmt.Sprintf("%v > %v %s %d:%d(%d)", s.Src, s.Dst, flags, s.Seq, s.Seq+uint32(s.Payload), s.Payload)
	if s.has(flagACK) {
		out += fmt.Sprintf(" ack %d", s.Ack)
	}
	return out
}
