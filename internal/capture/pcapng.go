package capture

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
)

// pcapng: draft-ietf-opsawg-pcapng. Block types are in its section 11.1, the blocks in section 4.
const (
	blockSection    = 0x0a0d0d0a // 4.1; reads the same in both byte orders
	blockInterface  = 1          // 4.2
	blockPacket     = 2          // appendix A, obsolete
	blockSimple     = 3          // 4.4
	blockStatistics = 5          // 4.6
	blockEnhanced   = 6          // 4.3

	byteOrderMagic = 0x1a2b3c4d

	optEnd      = 0
	optTsresol  = 9  // 4.2 if_tsresol
	optTsoffset = 14 // 4.2 if_tsoffset
	optDrops    = 4  // 4.3 epb_dropcount
	optIfdrop   = 5  // 4.6 isb_ifdrop
	optOsdrop   = 7  // 4.6 isb_osdrop
)

// maxBlock bounds the blocks that are read as a whole, for the reason that MaxPacket is bounded: the largest packet and as
// much again for options. Blocks of other types may be longer, they are passed over without being kept.
const maxBlock = 2 * MaxPacket

// maxInterfaces bounds the interfaces of a section: a packed file of nothing but interface descriptions would otherwise fill
// the memory. The obsolete packet block counts them in 16 bits.
const maxInterfaces = 1 << 16

// A pcapngInterface is what an interface description block says about its packets.
type pcapngInterface struct {
	link   uint16
	binary bool   // the time unit is 2^-digits s, not 10^-digits s
	digits uint8  // 0 to 127
	scale  uint64 // power of ten between the unit and nanoseconds; 0 if the unit is too small to matter
	offset int64  // seconds to add
	snap   uint32 // 0 is unlimited
	drops  uint64 // the last that a statistics block said
	gaps   uint64 // the sum of what packet blocks say was lost right before them
}

// dropped is the larger of the two counts: they are about the same packets, and either may be missing or late.
func (in *pcapngInterface) dropped() uint64 { return max(in.drops, in.gaps) }

// pcapngFile walks over the blocks of a pcapng file.
type pcapngFile struct {
	s     *stream
	big   bool              // the section is big-endian
	ifs   []pcapngInterface // of the section
	last  int64             // time of the packet before
	start int64             // offset of the latest block
	err   error             // why there are no more packets, or io.EOF
	sum   uint64            // drops of all interfaces of all sections
	lost  func(uint64)      // is told of every new sum of drops; statistics blocks are rare, and so are drops
}

// openPcapng reads the first section header.
func openPcapng(s *stream, lost func(uint64)) (*pcapngFile, error) {
	f := &pcapngFile{s: s, lost: lost}
	return f, f.section()
}

func (f *pcapngFile) offset() int64 { return f.start }

// count notes that in's drops, of which before were counted in the sum, have changed.
func (f *pcapngFile) count(in *pcapngInterface, before uint64) {
	if now := in.dropped(); now != before {
		f.sum += now - before
		f.lost(f.sum)
	}
}

// gap notes that n packets of in were lost right before the one at hand.
func (f *pcapngFile) gap(in *pcapngInterface, n uint64) {
	before := in.dropped()
	in.gaps += n
	f.count(in, before)
}

// dropcount looks for the number of lost packets in the options of an enhanced packet block. They are gone through here and not
// with options: this must not allocate, nor cost much where every packet has a comment.
func (f *pcapngFile) dropcount(in *pcapngInterface, b []byte) {
	for len(b) >= 12 { // shorter ones have no room for it
		code, n := f.u16(b), int(f.u16(b[2:]))
		if code == optEnd || n > len(b)-4 {
			return
		}
		if code == optDrops && n >= 8 {
			f.gap(in, f.u64(b[4:]))
			return
		}
		b = b[min(4+(n+3)&^3, len(b)):]
	}
}

func (f *pcapngFile) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if f.big {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (f *pcapngFile) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if f.big {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (f *pcapngFile) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if f.big {
		v = bits.ReverseBytes64(v)
	}
	return v
}

func (f *pcapngFile) next(ps []Packet) (int, error) {
	done := 0
	for f.err == nil && done < len(ps) && (done == 0 || f.atHand()) {
		if n := f.walk(ps[done:]); n > 0 {
			done += n
			continue
		}
		var packet bool
		if packet, f.err = f.pass(&ps[done]); packet && f.err == nil {
			f.last = ps[done].Time
			done++
		}
	}
	if done > 0 {
		return done, nil
	}
	return 0, f.err
}

// walk takes the enhanced packet blocks that lie in the buffer whole, which nearly all blocks are, as many as ps has room for,
// and returns how many. It stops before any other block and before one that pass has something to say about.
func (f *pcapngFile) walk(ps []Packet) int {
	const head, tail = 28, 4
	buf, pos, done := f.s.buf[:f.s.end], f.s.pos, 0
	for done < len(ps) && len(buf)-pos >= head+tail {
		h := buf[pos : pos+head : pos+head]
		total, id, n := f.u32(h[4:]), f.u32(h[8:]), f.u32(h[20:])
		next := pos + int(total)
		if f.u32(h) != blockEnhanced || total < head+tail || total > maxBlock || next > len(buf) || f.u32(buf[next-tail:]) != total ||
			uint64(id) >= uint64(len(f.ifs)) || n > total-head-tail || n > MaxPacket {
			break
		}
		in, p, data := &f.ifs[id], &ps[done], pos+head
		p.Time = in.nanoseconds(uint64(f.u32(h[12:]))<<32 | uint64(f.u32(h[16:])))
		p.Data = buf[data : data+int(n) : data+int(n)]
		p.WireLen = int(f.u32(h[24:]))
		p.Link = in.link
		if options := data + int(n+3)&^3; next-tail-options >= 12 { // the least that tells of drops
			f.dropcount(in, buf[options:next-tail])
		}
		pos = next
		done++
	}
	if done > 0 {
		f.s.pos, f.last = pos, ps[done-1].Time
	}
	return done
}

// atHand reports whether the next block lies in the buffer whole, so that it can be passed without moving those before.
// After a section header nobody knows before it has been passed.
func (f *pcapngFile) atHand() bool {
	b := f.s.buf[f.s.pos:f.s.end]
	return len(b) >= 12 && f.u32(b) != blockSection && uint64(f.u32(b[4:])) <= uint64(len(b))
}

// pass takes the next block and reports whether it was a packet, which it stores in p.
func (f *pcapngFile) pass(p *Packet) (packet bool, err error) {
	f.start = f.s.offset()
	b := f.s.peek(12)
	if len(b) < 12 {
		if len(b) == 0 && f.s.err == io.EOF {
			return false, io.EOF
		}
		return false, f.s.cut("block header", len(b), 12)
	}
	switch kind := f.u32(b); kind {
	case blockEnhanced:
		return true, f.enhanced(p, b)
	case blockSection:
		return false, f.section()
	case blockInterface:
		return false, f.interfaceDescription(b)
	case blockSimple:
		return true, f.simple(p, b)
	case blockPacket:
		return true, f.obsolete(p, b)
	case blockStatistics:
		return false, f.statistics(b)
	default:
		if another(b) {
			return false, concatenated(f.start)
		}
		return false, f.unknown(kind, b)
	}
}

// block takes the block at hand, which b begins with, and returns its body: its two lengths agree and the body has at
// least least octets.
func (f *pcapngFile) block(b []byte, what string, least int) ([]byte, error) {
	total := int64(f.u32(b[4:]))
	if total < int64(least)+12 || total > maxBlock {
		return nil, garbled("the %s block claims %d bytes", what, total)
	}
	n := int(total)
	if len(b) < n {
		if b = f.s.peek(n); len(b) < n {
			return nil, f.s.cut(what+" block", len(b), n)
		}
	}
	if got := f.u32(b[n-4:]); got != uint32(total) {
		return nil, garbled("the %s block claims %d bytes at its start and %d at its end", what, total, got)
	}
	f.s.take(n)
	return b[8 : n-4 : n-4], nil
}

// unknown passes over a block of any length without keeping it.
func (f *pcapngFile) unknown(kind uint32, b []byte) error {
	total := f.u32(b[4:])
	if total < 12 {
		return garbled("the block of type %#x claims %d bytes", kind, total)
	}
	f.s.take(8)
	if !f.s.skip(int64(total) - 12) {
		return f.s.cut("block", int(f.s.offset()-f.start), int(total))
	}
	if b = f.s.peek(4); len(b) < 4 {
		return f.s.cut("block", int(f.s.offset()-f.start)+len(b), int(total))
	}
	if got := f.u32(b); got != total {
		return garbled("the block of type %#x claims %d bytes at its start and %d at its end", kind, total, got)
	}
	f.s.take(4)
	return nil
}

// section begins a section: the byte order may change and interfaces are counted from 0 again.
func (f *pcapngFile) section() error {
	b := f.s.peek(12)
	if len(b) < 12 {
		return f.s.cut("section header", len(b), 12)
	}
	switch {
	case binary.LittleEndian.Uint32(b[8:]) == byteOrderMagic:
		f.big = false
	case binary.BigEndian.Uint32(b[8:]) == byteOrderMagic:
		f.big = true
	default:
		return garbled("the section header has no byte order (%x)", b[8:12])
	}
	body, err := f.block(b, "section header", 16)
	if err != nil {
		return err
	}
	// Minor versions are compatible: 1.2 was written by mistake for 1.0 and is the same (section 4.1).
	if major := f.u16(body[4:]); major != 1 {
		return garbled("version %d of pcapng is not known", major)
	}
	f.ifs = f.ifs[:0]
	return nil
}

func (f *pcapngFile) interfaceDescription(b []byte) error {
	body, err := f.block(b, "interface description", 8)
	if err != nil {
		return err
	}
	if len(f.ifs) == maxInterfaces {
		return garbled("more than %d interfaces in a section", maxInterfaces)
	}
	in := pcapngInterface{link: f.u16(body), snap: f.u32(body[4:]), digits: 6}
	f.options(body[8:], func(code uint16, v []byte) {
		switch {
		case code == optTsresol && len(v) >= 1:
			in.binary, in.digits = v[0]&0x80 != 0, v[0]&0x7f
		case code == optTsoffset && len(v) >= 8:
			in.offset = int64(f.u64(v))
		}
	})
	if !in.binary {
		distance := int(in.digits) - 9
		if distance < 0 {
			distance = -distance
		}
		if distance <= 19 { // 10^19 is the largest power of ten in 64 bits
			in.scale = 1
			for range distance {
				in.scale *= 10
			}
		}
	}
	f.ifs = append(f.ifs, in)
	return nil
}

// options calls each for the options in b. What is left of a list that does not add up is ignored.
func (f *pcapngFile) options(b []byte, each func(code uint16, v []byte)) {
	for len(b) >= 4 {
		code, n := f.u16(b), int(f.u16(b[2:]))
		if code == optEnd || n > len(b)-4 {
			return
		}
		each(code, b[4:4+n])
		b = b[min(4+(n+3)&^3, len(b)):]
	}
}

func (f *pcapngFile) statistics(b []byte) error {
	body, err := f.block(b, "interface statistics", 12)
	if err != nil {
		return err
	}
	id := f.u32(body)
	if int64(id) >= int64(len(f.ifs)) {
		return nil // of no use, and no packet is lost by ignoring it
	}
	var sum uint64
	var told bool
	f.options(body[12:], func(code uint16, v []byte) {
		if (code == optIfdrop || code == optOsdrop) && len(v) >= 8 {
			sum += f.u64(v)
			told = true
		}
	})
	if told {
		in := &f.ifs[id]
		before := in.dropped()
		in.drops = sum
		f.count(in, before)
	}
	return nil
}

func (f *pcapngFile) enhanced(p *Packet, b []byte) error {
	body, err := f.block(b, "packet", 20)
	if err != nil {
		return err
	}
	id := f.u32(body)
	if err := f.packet(p, id, body[4:], body[20:]); err != nil {
		return err
	}
	f.dropcount(&f.ifs[id], body[min(20+(len(p.Data)+3)&^3, len(body)):])
	return nil
}

func (f *pcapngFile) obsolete(p *Packet, b []byte) error {
	body, err := f.block(b, "packet", 20)
	if err != nil {
		return err
	}
	id := uint32(f.u16(body))
	if err := f.packet(p, id, body[4:], body[20:]); err != nil {
		return err
	}
	if n := f.u16(body[2:]); n != math.MaxUint16 { // which is "not known"
		f.gap(&f.ifs[id], uint64(n))
	}
	return nil
}

// packet fills p from the fields that both packet blocks with a time have in common: time, captured and original length.
func (f *pcapngFile) packet(p *Packet, id uint32, head, data []byte) error {
	if int64(id) >= int64(len(f.ifs)) {
		return garbled("the packet is of interface %d, but the section has described %d", id, len(f.ifs))
	}
	n := f.u32(head[8:])
	if int64(n) > int64(len(data)) || n > MaxPacket {
		return garbled("the block claims a packet of %d bytes and has room for %d", n, len(data))
	}
	in := &f.ifs[id]
	p.Time = in.nanoseconds(uint64(f.u32(head))<<32 | uint64(f.u32(head[4:])))
	p.Data = data[:n:n]
	p.WireLen = int(f.u32(head[12:]))
	p.Link = in.link
	return nil
}

// simple reads a simple packet block. It has no time; it gets that of the packet before, so that it stays where it is when files
// are merged and no interval becomes negative.
func (f *pcapngFile) simple(p *Packet, b []byte) error {
	body, err := f.block(b, "simple packet", 4)
	if err != nil {
		return err
	}
	if len(f.ifs) == 0 {
		return garbled("a simple packet block before any interface description")
	}
	wire := f.u32(body)
	n := wire
	if snap := f.ifs[0].snap; snap > 0 && snap < n {
		n = snap
	}
	data := body[4:]
	if int64(n) > int64(len(data)) || n > MaxPacket {
		return garbled("the block claims a packet of %d bytes and has room for %d", n, len(data))
	}
	p.Time = f.last
	p.Data = data[:n:n]
	p.WireLen = int(wire)
	p.Link = f.ifs[0].link
	return nil
}

// nanoseconds converts a time stamp in the units of the interface to nanoseconds since the Unix epoch. Fractions are cut off;
// what int64 cannot hold (before 1678, after 2262) is clamped.
func (in *pcapngInterface) nanoseconds(units uint64) int64 {
	var hi, ns uint64
	switch {
	case in.binary:
		hi, ns = bits.Mul64(units, 1e9)
		if in.digits < 64 {
			ns = ns>>in.digits | hi<<(64-in.digits)
			hi >>= in.digits
		} else {
			hi, ns = 0, hi>>(in.digits-64)
		}
	case in.digits <= 9:
		hi, ns = bits.Mul64(units, in.scale)
	case in.scale > 0:
		ns = units / in.scale
	}
	if hi > 0 || ns > math.MaxInt64 {
		ns = math.MaxInt64
	}
	t := int64(ns)
	if in.offset == 0 {
		return t
	}
	const limit = math.MaxInt64 / 1_000_000_000
	shift := min(max(in.offset, -limit), limit) * 1_000_000_000
	if shift > 0 && t > math.MaxInt64-shift {
		return math.MaxInt64
	}
	return t + shift // t >= 0, so a negative shift cannot overflow
}
