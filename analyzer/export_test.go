package analyzer

import (
	"os"
	"testing"

	"finscope/internal/capture"
)

// WriteCapture writes Ethernet packets to a capture file, for the tests inside of the package and those outside.
func WriteCapture(t testing.TB, name string, packets []capture.Packet) {
	t.Helper()
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, err := capture.NewWriter(out, 1)
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
}
