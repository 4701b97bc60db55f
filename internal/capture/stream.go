package capture

import "io"

// bufferSize is the read buffer of one input. BenchmarkBuffer: from 64 KiB to 2 MiB it makes no difference, below it system
// calls begin to show; the whole program is an eighth slower with 1 MiB than with 64 to 512 KiB, as connections need the cache
// too. Mapping files instead would save the copy, about two thirds of the cost; but a file that is cut while it is mapped
// (tcpdump starting over, a full disk) kills the process with SIGBUS, and standard input needs the buffer anyway.
const bufferSize = 256 << 10

// A stream is an input seen through a buffer that slides over it, so that records can be taken where they lie.
type stream struct {
	r       io.Reader
	buf     []byte // buf[pos:end] is read but not taken
	pos     int
	end     int
	off     int64  // offset of buf[0] in the input
	err     error  // why r gives no more; sticky
	packing string // "gzip", "zstd", "lz4", or "" if r is the input itself
}

func newStream(r io.Reader, size int) *stream {
	return &stream{r: r, buf: make([]byte, size)}
}

// offset is the position in the input of the next octet to be taken.
func (s *stream) offset() int64 { return s.off + int64(s.pos) }

// peek returns the octets that come next: at least n unless the input ends before, for the reason in s.err. They are valid
// until the next peek.
func (s *stream) peek(n int) []byte {
	if s.end-s.pos < n {
		s.fill(n)
	}
	return s.buf[s.pos:s.end]
}

// take passes over n octets that peek has returned.
func (s *stream) take(n int) { s.pos += n }

// skip passes over n octets without keeping them and reports whether the input had that many.
func (s *stream) skip(n int64) bool {
	for n > 0 {
		b := s.peek(1)
		if len(b) == 0 {
			return false
		}
		step := min(int64(len(b)), n)
		s.take(int(step))
		n -= step
	}
	return true
}

// fill reads until n octets are in the buffer. It takes whatever one Read gives, so packets of a pipe are not held back. The
// buffer doubles only when it is full: a garbled length claims no memory before as much data has really arrived.
func (s *stream) fill(n int) {
	if s.pos == s.end {
		s.off += int64(s.pos)
		s.pos, s.end = 0, 0
	}
	for empty := 0; s.end-s.pos < n && s.err == nil; {
		if s.end == len(s.buf) {
			if s.pos > 0 {
				copy(s.buf, s.buf[s.pos:s.end])
				s.off += int64(s.pos)
				s.end -= s.pos
				s.pos = 0
			} else {
				s.buf = append(s.buf, make([]byte, max(len(s.buf), 4096))...)
			}
		}
		k, err := s.r.Read(s.buf[s.end:])
		s.end += k
		if k > 0 {
			empty = 0
		} else if empty++; empty == 100 && err == nil {
			err = io.ErrNoProgress
		}
		s.err = err
	}
}

// Read lets a stream be what a decompressor reads from.
func (s *stream) Read(b []byte) (int, error) {
	if s.pos == s.end {
		if s.err != nil {
			return 0, s.err
		}
		s.fill(1)
		if s.pos == s.end {
			return 0, s.err
		}
	}
	n := copy(b, s.buf[s.pos:s.end])
	s.take(n)
	return n, nil
}

// ReadByte lets one look through a stream octet by octet.
func (s *stream) ReadByte() (byte, error) {
	b := s.peek(1)
	if len(b) == 0 {
		return 0, s.err
	}
	s.take(1)
	return b[0], nil
}
