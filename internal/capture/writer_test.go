package capture

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

// written saves packets with a Writer for these link types.
func written(t *testing.T, packets []Packet, links ...uint16) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, links...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range packets {
		if err := w.Write(&packets[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWriter(t *testing.T) {
	one := some(100)
	mixed := some(100)
	for i := range mixed {
		mixed[i].Link = []uint16{1, 276, 101}[i%3]
		mixed[i].Time += int64(i)
	}
	for _, tc := range []struct {
		name    string
		packets []Packet
		links   []uint16
		magic   string
	}{
		{"one link type", one, []uint16{1}, "\x4d\x3c\xb2\xa1"},
		{"several link types", mixed, []uint16{1, 276, 101}, "\n\r\r\n"},
		{"link types not known before", mixed, nil, "\n\r\r\n"},
		{"nothing", nil, []uint16{276}, "\x4d\x3c\xb2\xa1"},
		{"nothing of nothing", nil, nil, "\n\r\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data := written(t, tc.packets, tc.links...)
			if string(data[:4]) != tc.magic {
				t.Errorf("starts with % x", data[:4])
			}
			if diff := packetDiff(tc.packets, mustCollect(t, openBytes("", data))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriterLimits(t *testing.T) {
	long := Packet{Time: -5, Data: make([]byte, snapLength+10), WireLen: -1, Link: 1}
	late := Packet{Time: math.MaxInt64, Data: []byte{}, WireLen: math.MaxUint32, Link: 1}
	for _, links := range [][]uint16{{1}, nil} {
		got := mustCollect(t, openBytes("", written(t, []Packet{long, late}, links...)))
		if len(got) != 2 || got[0].Time != 0 || len(got[0].Data) != snapLength || got[0].WireLen != 0 {
			t.Errorf("links %v: long packet came back as time %d, %d of %d octets", links, got[0].Time, len(got[0].Data), got[0].WireLen)
		}
		want := int64(math.MaxInt64)
		if links != nil {
			want = math.MaxUint32*1e9 + 999_999_999
		}
		if got[1].Time != want || got[1].WireLen != math.MaxUint32 {
			t.Errorf("links %v: late packet came back as time %d, wire length %d", links, got[1].Time, got[1].WireLen)
		}
	}
	w, err := NewWriter(&bytes.Buffer{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&Packet{Link: 276}); err == nil {
		t.Error("a second link type in a classic file is no error")
	}
}

type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterError(t *testing.T) {
	for _, links := range [][]uint16{{1}, nil, {1, 2}} {
		w, err := NewWriter(full{}, links...)
		p := Packet{Data: make([]byte, 70<<10), Link: 1}
		if err == nil {
			err = w.Write(&p)
		}
		if err == nil {
			err = w.Flush()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("links %v: %v", links, err)
		}
		if err := w.Flush(); !errors.Is(err, errFull) {
			t.Errorf("links %v, again: %v", links, err)
		}
	}
}

func TestWriterNoAllocation(t *testing.T) {
	p := some(50)[49]
	for _, links := range [][]uint16{{1}, nil} {
		w, err := NewWriter(discard{}, links...)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(5000, func() { _ = w.Write(&p) }); n != 0 {
			t.Errorf("links %v: %v allocations a packet", links, n)
		}
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
