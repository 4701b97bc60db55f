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

// TestBehind: zeros behind a compressed file are padding, anything else is told after everything that was packed has been read.
func TestBehind(t *testing.T) {
	pcap := asPcap(binary.LittleEndian, magicMicro, some(40))
	zeros := make([]byte, 10_000)
	skippable := []byte("\x53\x2a\x4d\x18\x04\x00\x00\x00abcd")
	type test struct {
		name   string
		behind []byte
		want   string
	}
	const garbage = "garbage"
	for kind, own := range map[string][]test{
		"gzip": {
			{"half a file name", []byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xffname"), "cut short"},
			{"a member of another kind", []byte("\x1f\x8b\x09\x00\x00\x00\x00\x00\x00\xff"), "corrupt"},
		},
		"zstd": {
			{"a skippable frame", skippable, ""},
			{"a skippable frame and text", append(skippable[:12:12], "text"...), garbage},
			{"half a skippable frame", skippable[:10], "cut short"},
			{"its first octet", skippable[:1], "cut short"},
			{"an empty frame of one segment", []byte("\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00"), ""},
			{"the same, and text", []byte("\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00text"), garbage},
			{"a frame with a reserved bit", []byte("\x28\xb5\x2f\xfd\x08\x00\x01\x00\x00"), "corrupt"},
			{"another kind", packed(t, "lz4", nil), garbage},
		},
		"lz4": {
			{"a skippable frame", skippable, ""},
			{"a skippable frame and text", append(skippable[:12:12], "text"...), garbage},
			{"half a skippable frame", skippable[:10], "cut short"},
			{"a frame of another version", []byte("\x04\x22\x4d\x18\x24\x40\x00\x00\x00\x00\x00"), "corrupt"},
			{"half a legacy frame", []byte("\x02\x21\x4c\x18\xff\x00\x00\x00"), "cut short"},
			{"another kind", packed(t, "zstd", nil), garbage},
		},
	} {
		z := packed(t, kind, pcap)
		told := fmt.Sprintf("garbage behind the complete compressed data, from byte %d of the file on: "+
			"all packets of the %s data were read; cut the garbage off (head -c %d) if it is not wanted", len(z), kind, len(z))
		for _, tc := range append([]test{
			{"nothing", nil, ""},
			{"a zero", zeros[:1], ""},
			{"zeros", zeros, ""},
			{"an empty member", packed(t, kind, nil), ""},
			{"an empty member and zeros", append(packed(t, kind, nil), zeros...), ""},
			{"one byte", []byte("x"), garbage},
			{"three", []byte("xyz"), garbage},
			{"text", []byte("-- signed by nobody --\n"), garbage},
			{"something behind zeros", append(zeros[:5000:5000], 1), garbage},
			{"half a magic number", z[:1], "cut short"},
			{"half a header", z[:5], "cut short"},
			{"half a member", z[:len(z)/2], "cut short"},
		}, own...) {
			t.Run(kind+" "+tc.name, func(t *testing.T) {
				told := told
				if end := strings.Index(string(tc.behind), "text"); end > 0 && tc.want == garbage { // behind a second frame
					told = strings.ReplaceAll(told, fmt.Sprint(len(z)), fmt.Sprint(len(z)+end))
				}
				data := slices.Concat(z, tc.behind)
				for way, r := range map[string]*Reader{
					"at once":      openBytes("x", data),
					"byte by byte": Open([]string{"-"}, Options{Stdin: iotest.OneByteReader(strings.NewReader(string(data)))}),
				} {
					got, err := collect(r)
					r.Close()
					switch tc.want {
					case "":
						if len(got) != 40 || err != nil {
							t.Errorf("%s: %d packets, %v; want 40 and no error", way, len(got), err)
						}
					case garbage:
						if d := damage(t, err); len(got) != 40 || d.Err.Error() != told {
							t.Errorf("%s: %d packets, %v; want 40, %q", way, len(got), err, told)
						}
					default: // of the half member more may have been taken for a record
						if d := damage(t, err); len(got) < 40 || !strings.Contains(d.Error(), tc.want) && !strings.Contains(d.Error(), "concatenated") {
							t.Errorf("%s: %d packets, %v; want 40, %q", way, len(got), err, tc.want)
						}
					}
				}
			})
		}
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
