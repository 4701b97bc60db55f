package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files []string // a letter is a packet at the time after it
		want  string
	}{
		{"one", []string{"a1 b2"}, "a1 b2"},
		{"two in turn", []string{"a1 c3", "b2 d4"}, "a1 b2 c3 d4"},
		{"rotated files in the wrong order", []string{"d7 e8 f9", "a1 b2 c3"}, "a1 b2 c3 d7 e8 f9"},
		{"ties go by argument", []string{"a1 b5 c5", "d5 e6", "f1 g5"}, "a1 f1 b5 c5 d5 g5 e6"},
		{"the same file twice", []string{"a1 b2", "a1 b2"}, "a1 a1 b2 b2"},
		{"a file keeps its own order", []string{"a5 b2 c6", "d3 e7"}, "d3 a5 b2 c6 e7"},
		{"empty files", []string{"", "a1", "", "b0", ""}, "b0 a1"},
		{"nothing but empty files", []string{"", ""}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var names []string
			for i, f := range tc.files {
				var packets []Packet
				for p := range strings.FieldsSeq(f) {
					packets = append(packets, Packet{Time: int64(p[1] - '0'), Data: []byte(p), WireLen: 2, Link: 1})
				}
				names = append(names, benchFile(t, fmt.Sprint(i), asPcap(binary.LittleEndian, magicNano, packets)))
			}
			r := Open(names, Options{})
			defer r.Close()
			var got []string
			for _, p := range mustCollect(t, r) {
				got = append(got, string(p.Data))
			}
			if got := strings.Join(got, " "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestMergeSorts merges sorted files of random times with ties and compares with a stable sort.
func TestMergeSorts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		files := 1 + rnd.IntN(9)
		var want []Packet
		var names []string
		for i := range files {
			packets := make([]Packet, rnd.IntN(40))
			now := int64(0)
			for j := range packets {
				now += rnd.Int64N(3)
				packets[j] = Packet{Time: now, Data: []byte(fmt.Sprintf("%d.%d", i, j)), Link: 1}
			}
			want = append(want, packets...)
			names = append(names, benchFile(t, fmt.Sprint(i), asPcap(binary.LittleEndian, magicNano, packets)))
		}
		slices.SortStableFunc(want, func(a, b Packet) int { return int(a.Time - b.Time) })
		r := Open(names, Options{})
		got := mustCollect(t, r)
		r.Close()
		if !slices.EqualFunc(got, want, func(a, b Packet) bool { return a.Time == b.Time && string(a.Data) == string(b.Data) }) {
			t.Fatalf("round %d: merged %d files differently than a stable sort", round, files)
		}
	}
}

// TestMergeKeepsBytes: the bytes of a packet stay as they are until the next call of Next, also when its file ends with it.
func TestMergeKeepsBytes(t *testing.T) {
	a, b := some(3000), some(3000)
	for i := range b {
		b[i].Time += 500
	}
	r := Open([]string{
		benchFile(t, "a", asPcap(binary.LittleEndian, magicNano, a)),
		benchFile(t, "b", asPcapng(binary.BigEndian, b)),
	}, Options{})
	defer r.Close()
	var p Packet
	for i := range 6000 {
		if err := r.Next(&p); err != nil {
			t.Fatal(err)
		}
		if want := a[i/2].Data; string(p.Data) != string(want) {
			t.Fatalf("packet %d: %x, want %x", i, p.Data, want)
		}
	}
	if err := r.Next(&p); err != io.EOF {
		t.Error(err)
	}
}
