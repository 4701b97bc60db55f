package capgen

import (
	"encoding/binary"
	"io"
	"testing"
)

// record is one packet of a file that Writer wrote.
type record struct {
	time    int64
	data    []byte
	wireLen int
}

// readRecords calls f for each packet of a little-endian nanosecond pcap file with the given snapshot length.
func readRecords(t *testing.T, file io.Reader, snaplen int, f func(record)) {
	t.Helper()
	le := binary.LittleEndian
	var header [24]byte
	if _, err := io.ReadFull(file, header[:]); err != nil {
		t.Fatal(err)
	}
	if le.Uint32(header[:]) != 0xa1b23c4d || le.Uint16(header[4:]) != 2 || le.Uint16(header[6:]) != 4 ||
		le.Uint32(header[16:]) != uint32(snaplen) || le.Uint32(header[20:]) != 1 {
		t.Fatalf("file header % x", header)
	}
	for {
		var h [16]byte
		if _, err := io.ReadFull(file, h[:]); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		r := record{
			time:    int64(le.Uint32(h[:]))*1e9 + int64(le.Uint32(h[4:])),
			data:    make([]byte, le.Uint32(h[8:])),
			wireLen: int(le.Uint32(h[12:])),
		}
		if _, err := io.ReadFull(file, r.data); err != nil {
			t.Fatal(err)
		}
		f(r)
	}
}
