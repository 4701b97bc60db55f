package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// TestBehindGzip: zeros behind a gzip file are padding, anything else is told after everything that was packed has been read.
func TestBehindGzip(t *testing.T) {
	pcap := asPcap(binary.LittleEndian, magicMicro, some(40))
	z := packed(t, "gzip", pcap)
	zeros := make([]byte, 10_000)
	garbage := fmt.Sprintf("garbage behind the complete compressed data, from byte %d of the file on: "+
		"all packets of the gzip data were read; cut the garbage off (head -c %d) if it is not wanted", len(z), len(z))
	for _, tc := range []struct {
		name   string
		behind []byte
		want   string
	}{
		{"nothing", nil, ""},
		{"a zero", zeros[:1], ""},
		{"zeros", zeros, ""},
		{"an empty member", packed(t, "gzip", nil), ""},
		{"an empty member and zeros", append(packed(t, "gzip", nil), zeros...), ""},
		{"one byte", []byte("x"), garbage},
		{"text", []byte("-- signed by nobody --\n"), garbage},
		{"something behind zeros", append(zeros[:5000:5000], 1), garbage},
		{"half a magic number", z[:1], "cut short"},
		{"half a header", z[:5], "cut short"},
		{"half a member", z[:len(z)/2], "cut short"},
		{"half a file name", []byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xffname"), "cut short"},
		{"a member of another kind", []byte("\x1f\x8b\x09\x00\x00\x00\x00\x00\x00\xff"), "corrupt"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data := slices.Concat(z, tc.behind)
			for way, r := range map[string]*Reader{
				"at once":      openBytes("x", data),
				"byte by byte": Open([]string{"-"}, Options{Stdin: iotest.OneByteReader(strings.NewReader(string(data)))}),
			} {
				got, err := collect(r)
				r.Close()
				if tc.want == "cut short" || tc.want == "corrupt" { // of the half member more may have been taken for a record
					if d := damage(t, err); len(got) < 40 || !strings.Contains(d.Error(), tc.want) && !strings.Contains(d.Error(), "concatenated") {
						t.Errorf("%s: %d packets, %v; want 40, %q", way, len(got), err, tc.want)
					}
					continue
				}
				if len(got) != 40 {
					t.Errorf("%s: %d packets, want 40", way, len(got))
				}
				if tc.want == "" && err != nil || tc.want != "" && damage(t, err).Err.Error() != tc.want {
					t.Errorf("%s: %v; want %q", way, err, tc.want)
				}
			}
		})
	}
}

// TestMembersAtOnce: what a member holds is given before the next one is waited for.
func TestMembersAtOnce(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	want := some(3)
	go pw.Write(packed(t, "gzip", asPcap(binary.LittleEndian, magicMicro, want)))
	r := Open([]string{"-"}, Options{Stdin: pr})
	var p Packet
	for i := range want {
		if err := r.Next(&p); err != nil || p.Time != want[i].Time {
			t.Fatalf("packet %d: time %d, %v", i, p.Time, err)
		}
	}
}
