package analyzer

import (
	"path/filepath"
	"testing"
)

// What is uneventful at a glance has no findings, and most connections are.
func TestUneventful(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil {
		t.Fatal(err)
	}
	plain, all := 0, 0
	for _, name := range append(names, benchCapture(t, "a", 3000)) {
		rep, _ := ReadFile(t.Context(), name, Options{}) // some are damaged
		for _, ref := range rep.flows {
			s := rep.run.shards[ref.shard]
			f := s.flows.At(ref.flow)
			o := s.conclude(f, rep.run.end)
			all++
			if !s.uneventful(f, &o, rep.run.end, &rep.assumptions) {
				continue
			}
			plain++
			c := casefile{s: s, f: f, o: &o, end: rep.run.end, a: &rep.assumptions, codesOnly: true}
			if c.write(); len(c.kinds) > 0 {
				t.Errorf("%s, stream %d: uneventful, and has findings %v", name, ref.stream, c.kinds)
			}
		}
	}
	if plain < all/2 {
		t.Errorf("%d of %d connections are uneventful", plain, all)
	}
}

// Large numbers are written as the text report writes its own.
func TestLargeNumbers(t *testing.T) {
	for got, want := range map[string]string{
		times(200001):                           "200,001 times",
		times(2):                                "twice",
		bytesText(1234567):                      "1,234,567 bytes",
		counted(12345, "RST came", "RSTs came"): "12,345 RSTs came",
		connections(1):                          "1 connection",
		number(12345.6):                         "12,346",
		number(99.96):                           "100",
		number(0.25):                            "0.3",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
