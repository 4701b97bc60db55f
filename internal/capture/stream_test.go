package capture

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// TestStream takes and skips at random through buffers of every small size and compares with the bytes themselves.
func TestStream(t *testing.T) {
	data := make([]byte, 5000)
	for i := range data {
		data[i] = byte(i * 31 >> 3)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for size := 1; size < 200; size += 7 {
		for _, r := range []io.Reader{bytes.NewReader(data), iotest.HalfReader(bytes.NewReader(data)), iotest.OneByteReader(bytes.NewReader(data))} {
			s := newStream(r, size)
			at := 0
			for at < len(data) {
				if s.offset() != int64(at) {
					t.Fatalf("size %d: offset %d, want %d", size, s.offset(), at)
				}
				n := rnd.IntN(300)
				if rnd.IntN(4) == 0 {
					if ok := s.skip(int64(n)); ok != (at+n <= len(data)) {
						t.Fatalf("size %d: skip %d at %d: %v", size, n, at, ok)
					}
					at = min(at+n, len(data))
					continue
				}
				b := s.peek(n)
				if len(b) < n && at+len(b) != len(data) {
					t.Fatalf("size %d: peek %d at %d gives %d", size, n, at, len(b))
				}
				n = min(n, len(b))
				if !bytes.Equal(b[:n], data[at:at+n]) {
					t.Fatalf("size %d: other bytes at %d", size, at)
				}
				s.take(n)
				at += n
			}
			if b := s.peek(1); len(b) != 0 || s.err != io.EOF {
				t.Errorf("size %d: at the end %d bytes, %v", size, len(b), s.err)
			}
		}
	}
}

// TestStreamGrowth: a buffer grows to no more than four times what has really arrived.
func TestStreamGrowth(t *testing.T) {
	for _, n := range []int{0, 10, 5000, 300_000} {
		s := newStream(bytes.NewReader(make([]byte, n)), 1)
		if got := len(s.peek(1 << 30)); got != n {
			t.Errorf("%d bytes of %d", got, n)
		}
		if limit := max(4*n, 16<<10); cap(s.buf) > limit {
			t.Errorf("%d bytes arrived, the buffer has %d", n, cap(s.buf))
		}
	}
}

func TestStreamIsReader(t *testing.T) {
	if err := iotest.TestReader(newStream(bytes.NewReader([]byte("the quick brown fox")), 3), []byte("the quick brown fox")); err != nil {
		t.Error(err)
	}
}
