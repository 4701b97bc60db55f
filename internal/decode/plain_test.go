package decode

import (
	"path/filepath"
	"testing"
)

// checkPlain holds a frame that plain decodes against the descent through its headers. The descent starts at the IP header,
// which the link layer does not change the meaning of. It reports whether plain decoded the frame.
func checkPlain(t *testing.T, data []byte) bool {
	t.Helper()
	got := Segment{SACKMax: 1, WScale: 2, Marks: HasMPTCP} // what was there before must not shine through
	if !plain(data, &got) {
		return false
	}
	var want Segment
	if outcome := NewDecoder().Decode(LinkRaw, data[14:], len(data)-14, 0, &want); outcome != TCP || got != want {
		t.Errorf("plain   %+v\ndescent %v %+v\n%x", got, outcome, want, data)
	}
	return true
}

func FuzzPlain(f *testing.F) {
	for _, tt := range append(linkTests(), benchPackets()...) {
		if tt.link == LinkEthernet {
			f.Add(tt.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkPlain(t, data) })
}

// TestPlain checks that ordinary packets go the short way, and that those on the edge of it are decoded right on either.
func TestPlain(t *testing.T) {
	for _, frame := range [][]byte{frame4(), frame6()} {
		if !checkPlain(t, frame) {
			t.Errorf("took the long way: %x", frame)
		}
		// Every byte of the headers changed in each bit, and the frame cut everywhere.
		for i := range frame {
			checkPlain(t, frame[:i])
			for bit := range 8 {
				changed := append([]byte(nil), frame...)
				changed[i] ^= 1 << bit
				checkPlain(t, changed)
			}
		}
	}
	files, err := filepath.Glob("../../testdata/pcaps/real/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, file := range files {
		for _, fr := range readCapture(t, filepath.Base(file)) {
			if fr.link == LinkEthernet {
				checkPlain(t, fr.data)
			}
		}
	}
}
