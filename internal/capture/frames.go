package capture

import (
	"encoding/binary"
	"io"
	"strings"
)

// frames hands the frames of a zstd or lz4 file to what unpacks them, and ends where they end: both unpackers take whatever stands
// behind the last one for a damaged frame. It looks at lengths only; whether a frame is sound is for the unpacker to say.
type frames struct {
	packed *stream
	lz4    bool
	left   int64 // octets to hand on before the next header
	inside bool  // of a frame: what comes next is a block
	rest   bool  // all that follows is for the unpacker: it is cut off in a header, or nothing tells where it ends
	sum    int64 // length of the checksum behind each block of this frame
	total  int64 // and of the one behind the last
	behind error // what is wrong with what stands behind the last frame; nil: nothing does, or zeros
}

func (f *frames) Read(b []byte) (int, error) {
	for f.left == 0 && !f.rest {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if f.rest {
		return f.packed.Read(b)
	}
	n, err := f.packed.Read(b[:min(int64(len(b)), f.left)])
	f.left -= int64(n)
	return n, err
}

// next goes on to the next header, or returns why there is none: io.EOF behind the last frame.
func (f *frames) next() error {
	const legacy = "\x02\x21\x4c\x18" // lz4_Frame_format.md, "Legacy frame": its end is not marked
	switch {
	case f.inside && f.lz4:
		f.header(4, f.blockLZ4)
	case f.inside:
		f.header(3, f.blockZstd)
	default:
		b := f.packed.peek(4)
		b = b[:min(len(b), 4)]
		switch kind := packing(b); {
		case len(b) == 0:
			return f.packed.err
		case skippable(b):
			f.header(8, func(b []byte) { f.left = 8 + int64(binary.LittleEndian.Uint32(b[4:])) })
		case kind == "zstd" && !f.lz4:
			f.header(5, f.frameZstd)
		case kind == "lz4" && f.lz4:
			f.header(5, f.frameLZ4)
		case f.lz4 && string(b) == legacy, len(b) < 4 && f.mayBegin(b):
			f.rest = true
		default:
			if err := padding(f.packed, f.packed.offset()); err != io.EOF {
				f.behind = err
			}
			return io.EOF
		}
	}
	return nil
}

// header has take look at the next n octets.
func (f *frames) header(n int, take func(b []byte)) {
	if b := f.packed.peek(n); len(b) >= n {
		take(b)
	} else {
		f.rest = true
	}
}

// mayBegin reports whether b, the end of the input, may be the start of a frame.
func (f *frames) mayBegin(b []byte) bool {
	magic := zstdMagic
	if f.lz4 {
		magic = lz4Magic
	}
	return strings.HasPrefix(magic, string(b)) || b[0]&0xf0 == 0x50 && strings.HasPrefix(skippableMagic, string(b[1:]))
}

// frameZstd takes the header of a frame: RFC 8878 section 3.1.1.1.
func (f *frames) frameZstd(b []byte) {
	d := b[4]
	single := d&0x20 != 0
	f.left = 4 + 1 + []int64{0, 1, 2, 4}[d&3] + []int64{0, 2, 4, 8}[d>>6]
	if !single || d>>6 == 0 {
		f.left++ // the window, or a content size of one octet in its place
	}
	f.inside, f.sum, f.total = true, 0, int64(d>>2&1)*4
}

// blockZstd takes the header of a block: RFC 8878 section 3.1.1.2.
func (f *frames) blockZstd(b []byte) {
	const oneOctetRepeated = 1
	v := int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16
	size := v >> 3
	if v>>1&3 == oneOctetRepeated {
		size = 1
	}
	f.left = 3 + size
	if v&1 != 0 {
		f.left += f.total
		f.inside = false
	}
}

// frameLZ4 takes the header of a frame: lz4_Frame_format.md, "Frame Descriptor".
func (f *frames) frameLZ4(b []byte) {
	d := int64(b[4])
	f.left = 4 + 2 + (d>>3&1)*8 + (d&1)*4 + 1
	f.inside, f.sum, f.total = true, (d>>4&1)*4, (d>>2&1)*4
}

// blockLZ4 takes the size of a block, or the mark behind the last one.
func (f *frames) blockLZ4(b []byte) {
	v := binary.LittleEndian.Uint32(b)
	if v == 0 {
		f.left, f.inside = 4+f.total, false
		return
	}
	f.left = 4 + int64(v&^(1<<31)) + f.sum
}
