package capture

import (
	"encoding/binary"
	"io"
	"math/bits"
)

// The classic format: draft-ietf-opsawg-pcap section 4 (file header) and 5 (packet record).
const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
	// Alexey Kuznetsov's patched libpcap of Red Hat 6.1 and others: eight more octets in each record (libpcap sf-pcap.c).
	magicPatched = 0xa1b2cd34

	pcapHeader    = 24
	pcapRecord    = 16
	patchedRecord = 24
)

// pcapFile walks over the records of a classic capture file.
type pcapFile struct {
	s      *stream
	big    bool   // the file is big-endian
	mixed  bool   // version 2.3 and older: the two lengths may stand in the other order
	other  bool   // one of the two: the words of a record need translation
	header int    // length of a record's header
	tick   int64  // nanoseconds in a unit of the fraction
	link   uint16 // LINKTYPE_
}

// pcapMagic reports whether b starts with the magic number of a classic capture file in either byte order.
func pcapMagic(b []byte) (magic uint32, big, ok bool) {
	if len(b) < 4 {
		return 0, false, false
	}
	magic = binary.LittleEndian.Uint32(b)
	switch magic {
	case magicMicro, magicNano, magicPatched:
		return magic, false, true
	}
	magic = bits.ReverseBytes32(magic)
	switch magic {
	case magicMicro, magicNano, magicPatched:
		return magic, true, true
	}
	return 0, false, false
}

// openPcap reads the file header. The snapshot length in it is ignored: writers leave it zero or wrong, and records tell
// their own length.
func openPcap(s *stream) (*pcapFile, error) {
	b := s.peek(pcapHeader)
	if len(b) < pcapHeader {
		return nil, s.cut("file header", len(b), pcapHeader)
	}
	magic, big, _ := pcapMagic(b)
	f := &pcapFile{s: s, big: big, header: pcapRecord, tick: 1000}
	switch magic {
	case magicNano:
		f.tick = 1
	case magicPatched:
		f.header = patchedRecord
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if big {
		order = binary.BigEndian
	}
	f.mixed = order.Uint16(b[4:]) == 2 && order.Uint16(b[6:]) <= 3
	f.other = f.big || f.mixed
	// The upper 16 bits tell whether frames end with a checksum and how long it is; IP's own length makes that irrelevant.
	f.link = uint16(order.Uint32(b[20:]))
	s.take(pcapHeader)
	return f, nil
}

func (f *pcapFile) next(ps []Packet) (int, error) {
	if n := f.walk(ps); n > 0 {
		return n, nil
	}
	if err := f.load(); err != nil {
		return 0, err
	}
	return f.walk(ps), nil
}

// walk takes the records that lie in the buffer whole, as many as ps has room for, and returns how many. It stops before one
// that load has something to say about. Where the next record begins is known when the length of this one has been read, so
// the way from one to the other must be short: an index that is added to, not a slice that is cut, which is a third more time.
func (f *pcapFile) walk(ps []Packet) int {
	buf, pos, done := f.s.buf[:f.s.end], f.s.pos, 0
	for done < len(ps) && len(buf)-pos >= pcapRecord {
		h := buf[pos : pos+pcapRecord : pos+pcapRecord]
		stamp, sizes := binary.LittleEndian.Uint64(h), binary.LittleEndian.Uint64(h[8:])
		if f.other {
			stamp, sizes = f.translate(stamp, sizes)
		}
		data := pos + f.header
		next := data + int(uint32(sizes))
		// One comparison for both kinds of lengths that are looked at closer: 0 and those above MaxPacket.
		if next > len(buf) || uint32(sizes)-1 >= MaxPacket && f.odd(h, stamp, sizes) != nil {
			break
		}
		p := &ps[done]
		// No overflow: 2^32 seconds and 2^32 microseconds in nanoseconds are less than half of what fits.
		p.Time = int64(uint32(stamp))*1e9 + int64(stamp>>32)*f.tick
		p.Data = buf[data:next:next]
		p.WireLen = int(sizes >> 32)
		p.Link = f.link
		pos = next
		done++
	}
	f.s.pos = pos
	return done
}

// translate makes of the time stamp and the two lengths in a record's header what a little-endian file of today has there.
func (f *pcapFile) translate(stamp, sizes uint64) (uint64, uint64) {
	if f.big {
		stamp = bits.RotateLeft64(bits.ReverseBytes64(stamp), 32)
		sizes = bits.RotateLeft64(bits.ReverseBytes64(sizes), 32)
	}
	if f.mixed && uint32(sizes) > uint32(sizes>>32) {
		sizes = bits.RotateLeft64(sizes, 32)
	}
	return stamp, sizes
}

// load brings the next record into the buffer, or returns why there is none.
func (f *pcapFile) load() error {
	b := f.s.peek(f.header)
	if len(b) < f.header {
		if len(b) == 0 && f.s.err == io.EOF {
			return io.EOF
		}
		return f.s.cut("record header", len(b), f.header)
	}
	stamp, sizes := f.translate(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]))
	if err := f.odd(b, stamp, sizes); err != nil {
		return err
	}
	total := f.header + int(uint32(sizes))
	if b = f.s.peek(total); len(b) < total {
		return f.s.cut("packet", len(b), total)
	}
	return nil
}

// odd returns why there can be no record at b, whose words are stamp and sizes. Where another file's header begins, the length
// is the correction of its time zone, which all of today's writers leave 0, or were it negative, more than MaxPacket.
func (f *pcapFile) odd(b []byte, stamp, sizes uint64) error {
	n := uint32(sizes)
	switch {
	case n > 0 && n <= MaxPacket:
		return nil
	case another(b):
		return concatenated(f.s.offset())
	case n > MaxPacket:
		return garbled("the record claims a packet of %d bytes", n)
	case stamp|sizes == 0:
		return garbled("the record is all zero, as after a crash before the data reached the disk")
	}
	return nil
}

func (f *pcapFile) offset() int64 { return f.s.offset() }
