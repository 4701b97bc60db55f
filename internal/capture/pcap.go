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
	// The upper 16 bits tell whether frames end with a checksum and how long it is; IP's own length makes that irrelevant.
	f.link = uint16(order.Uint32(b[20:]))
	s.take(pcapHeader)
	return f, nil
}

func (f *pcapFile) next(ps []Packet) (int, error) {
	b := f.s.peek(f.header)
	if len(b) < f.header {
		if len(b) == 0 && f.s.err == io.EOF {
			return 0, io.EOF
		}
		return 0, f.s.cut("record header", len(b), f.header)
	}
	done := 0
	for done < len(ps) && len(b) >= f.header {
		sec := binary.LittleEndian.Uint32(b)
		frac := binary.LittleEndian.Uint32(b[4:])
		n := binary.LittleEndian.Uint32(b[8:])
		wire := binary.LittleEndian.Uint32(b[12:])
		if f.big {
			sec, frac = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac)
			n, wire = bits.ReverseBytes32(n), bits.ReverseBytes32(wire)
		}
		if f.mixed && n > wire {
			n, wire = wire, n
		}
		total := f.header + int(n)
		switch {
		case n <= MaxPacket && sec|frac|n|wire != 0 && total <= len(b):
		case done > 0: // for the next call
			return done, nil
		case n > MaxPacket:
			return 0, garbled("the record claims a packet of %d bytes", n)
		case sec|frac|n|wire == 0:
			return 0, garbled("the record is all zero, as after a crash before the data reached the disk")
		default:
			if b = f.s.peek(total); len(b) < total {
				return 0, f.s.cut("packet", len(b), total)
			}
		}
		p := &ps[done]
		// No overflow: 2^32 seconds and 2^32 microseconds in nanoseconds are less than half of what fits.
		p.Time = int64(sec)*1e9 + int64(frac)*f.tick
		p.Data = b[f.header:total:total]
		p.WireLen = int(wire)
		p.Link = f.link
		f.s.take(total)
		b = b[total:]
		done++
	}
	return done, nil
}

func (f *pcapFile) offset() int64 { return f.s.offset() }
