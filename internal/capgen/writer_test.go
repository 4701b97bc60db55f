package capgen

import (
	"bytes"
	"errors"
	"testing"

	"finscope/internal/decode"
)

func TestWriterWritesPcap(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, 60)
	seg := decode.Segment{Src: decode.AddrFrom4([]byte{1, 2, 3, 4}), Dst: decode.AddrFrom4([]byte{5, 6, 7, 8}), Flags: decode.ACK, Len: 1000}
	const at = 1_772_366_400_123_456_789
	w.Write(at, &seg)
	seg.Len = 0
	w.Write(at+1, &seg)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if w.Written() != int64(file.Len()) {
		t.Errorf("Written is %d, the file has %d", w.Written(), file.Len())
	}
	want := []struct{ kept, length int }{{60, 1054}, {54, 54}}
	i := 0
	readRecords(t, &file, 60, func(r record) {
		if len(r.data) != want[i].kept || r.wireLen != want[i].length || r.time != at+int64(i) {
			t.Errorf("packet %d: %d octets of %d at %d, want %+v", i, len(r.data), r.wireLen, r.time, want[i])
		}
		i++
	})
	if i != len(want) {
		t.Errorf("%d packets", i)
	}
}

type fullDisk struct{ writes int }

func (f *fullDisk) Write([]byte) (int, error) {
	f.writes++
	return 0, errors.New("disk full")
}

func TestWriterStopsAtTheFirstError(t *testing.T) {
	disk := &fullDisk{}
	o, _ := Preset("a")
	o.Connections = 10_000
	if _, err := Generate(disk, o); err == nil || disk.writes != 1 {
		t.Errorf("error %v after %d writes, want an error after 1", err, disk.writes)
	}
}
