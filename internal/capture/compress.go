package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxWindow is the most memory a zstd stream may ask for to look back: the limit of the zstd program without --long=28 and more.
const maxWindow = 128 << 20

// What zstd and lz4 frames start with.
const (
	zstdMagic = "\x28\xb5\x2f\xfd" // RFC 8878 section 3.1.1
	lz4Magic  = "\x04\x22\x4d\x18" // lz4_Frame_format.md, "General Structure of LZ4 Frame format"

	// skippableMagic follows 16 values of the first octet (RFC 8878 section 3.1.2), in both formats.
	skippableMagic = "\x2a\x4d\x18"
)

// skippable reports whether b starts with a skippable frame.
func skippable(b []byte) bool {
	return len(b) >= 4 && b[0]&0xf0 == 0x50 && string(b[1:4]) == skippableMagic
}

// packing names the compression that b, the start of an input, is written in: "" if none that is known.
func packing(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}): // RFC 1952 section 2.3.1
		return "gzip"
	case bytes.HasPrefix(b, []byte(zstdMagic)):
		return "zstd"
	case skippable(b): // lz4 has such too, but it is pzstd that begins files with one
		return "zstd"
	case bytes.HasPrefix(b, []byte(lz4Magic)):
		return "lz4"
	}
	return ""
}

// unpack returns the stream inside s and what releases it. Unpacking takes a goroutine of its own and no other: zstd's
// own way of using several is not faster on two cores, and takes a quarter more time of them.
func unpack(s *stream, kind string, size int) (*stream, func(), error) {
	u := &unpacked{packed: s}
	release := func() {}
	switch kind {
	case "gzip":
		m, err := newMembers(s)
		if err != nil {
			return nil, nil, err
		}
		u.r = m
	case "zstd":
		if wideWindow(s.peek(zstdHeader)) {
			return nil, nil, errWindow
		}
		u.frames = &frames{packed: s}
		z, err := zstd.NewReader(u.frames, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		u.r, release = z, z.Close
	case "lz4":
		u.frames = &frames{packed: s, lz4: true}
		u.r = lz4.NewReader(u.frames) // goes on to the next frame by itself
	}
	a := newAhead()
	s.r = &flusher{r: s.r, flush: a.flush}
	a.start(u, release)
	inner := newStream(a, size)
	inner.packing = kind
	return inner, a.close, nil
}

// errWindow is a zstd frame, intact for all that is known, that asks for a larger window than maxWindow.
var errWindow = fmt.Errorf("asks for a window above %d MiB", maxWindow>>20)

// zstdHeader is how much of a frame tells its window: the magic number, the descriptor and one octet for the window.
const zstdHeader = 6

// wideWindow reports whether b, the start of a zstd file, asks for a window above maxWindow. The decoder finds out by itself, but
// gives the same error for corrupt blocks. The window of a frame that consists of a single segment is its size (RFC 8878 section
// 3.1.1.1): of those the decoder has an error that means nothing else.
func wideWindow(b []byte) bool {
	if len(b) < zstdHeader || !bytes.HasPrefix(b, []byte(zstdMagic)) || b[4]&0x20 != 0 {
		return false
	}
	size := uint64(1) << (10 + b[5]>>3) // section 3.1.1.1.2
	return size+size/8*uint64(b[5]&7) > maxWindow
}

// A flusher shows what has been unpacked before it reads on.
type flusher struct {
	r     io.Reader
	flush func()
}

func (f *flusher) Read(b []byte) (int, error) {
	f.flush()
	return f.r.Read(b)
}

// unpacked makes the end of a compressed stream unambiguous: io.EOF is its proper end and nothing else.
type unpacked struct {
	r      io.Reader
	packed *stream
	frames *frames // between the two; nil: what unpacks tells itself where the data end
}

func (u *unpacked) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	if err == io.EOF && u.frames != nil && u.frames.behind != nil {
		err = u.frames.behind
	}
	if err != nil && err != io.EOF {
		err = u.packed.cause(err)
	}
	return n, err
}

// An unreadable is an error of the operating system behind the error of a decompressor.
type unreadable struct{ error }

func (u *unreadable) Unwrap() error { return u.error }

// cause returns what is behind err, the error of a decompressor that reads from s.
func (s *stream) cause(err error) error {
	switch {
	case s.err != nil && s.err != io.EOF:
		return &unreadable{s.err}
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return errWindow
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}
