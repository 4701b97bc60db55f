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
	isPlain := plain(data, &got)
	checkEnds(t, data, isPlain)
	if !isPlain {
		return false
	}
	var want Segment
	if outcome := NewDecoder().Decode(LinkRaw, data[14:], len(data)-14, 0, &want); outcome != TCP || got != want {
		t.Errorf("plain   %+v\ndescent %v %+v\n%x", got, outcome, want, data)
	}
	return true
}

// checkEnds holds the ends of a frame, if they are where Ends looks for them, against those that the Decoder finds.
func checkEnds(t *testing.T, data []byte, isPlain bool) {
	t.Helper()
	src, dst, srcPort, dstPort, ok := Ends(LinkEthernet, data)
	if !ok {
		if isPlain {
			t.Errorf("no ends of a plain frame\n%x", data)
		}
		return
	}
	var seg Segment
	d := NewDecoder()
	switch outcome := d.Decode(LinkEthernet, data, len(data), 0, &seg); {
	case outcome == Fragment || d.Incomplete() > 0:
		t.Errorf("ends of a fragment\n%x", data)
	case outcome == TCP && (src != seg.Src || dst != seg.Dst || srcPort != seg.SrcPort || dstPort != seg.DstPort):
		t.Errorf("ends %v %v %d %d of %+v\n%x", src, dst, srcPort, dstPort, seg, data)
	}
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
