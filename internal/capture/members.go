package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// members reads the members of a gzip file one after the other. The gzip package would do that by itself, but takes whatever stands
// behind the last one for a damaged member. Tapes and block devices pad with zeros, which gzip -t accepts too.
type members struct {
	packed *stream
	b      *bufio.Reader // over packed: what lets the unpacking end where a member ends
	z      *gzip.Reader
}

func newMembers(packed *stream) (*members, error) {
	m := &members{packed: packed, b: bufio.NewReader(packed)}
	z, err := gzip.NewReader(m.b)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	m.z = z
	return m, nil
}

func (m *members) Read(b []byte) (int, error) {
	for {
		n, err := m.z.Read(b)
		if n > 0 && err == io.EOF {
			return n, nil // before waiting for what comes next; the next Read gives io.EOF again
		}
		if err != io.EOF {
			return n, err
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
}

// next begins the next member, or returns why there is none: io.EOF if nothing or nothing but zeros follows.
func (m *members) next() error {
	end := m.packed.offset() - int64(m.b.Buffered())
	head, err := m.b.Peek(2)
	switch {
	case packing(head) == "gzip":
		if err := m.z.Reset(m.b); err != nil {
			if err == io.EOF { // in the middle of a header
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		m.z.Multistream(false)
		return nil
	case len(head) == 0:
		return err
	case len(head) == 1 && head[0] == 0x1f:
		return io.ErrUnexpectedEOF
	}
	return padding(m.b, end)
}

// padding reads what stands behind compressed data that end at octet end of the file, and returns io.EOF if it is nothing but zeros.
func padding(r io.ByteReader, end int64) error {
	for {
		switch c, err := r.ReadByte(); {
		case err != nil:
			return err
		case c != 0:
			return &trailing{end}
		}
	}
}

// trailing is garbage behind complete compressed data, which ends at octet end of the file.
type trailing struct{ end int64 }

func (t *trailing) Error() string {
	return fmt.Sprintf("garbage behind the complete compressed data, from byte %d of the file on", t.end)
}

// beyond describes garbage behind the compressed data, if that is what err is.
func beyond(packing string, err error) error {
	t, ok := errors.AsType[*trailing](err)
	if !ok {
		return nil
	}
	return fmt.Errorf("%w: all packets of the %s data were read; cut the garbage off (head -c %d) if it is not wanted", t, packing, t.end)
}
