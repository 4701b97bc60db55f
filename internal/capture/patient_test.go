package capture

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"
)

// What comes through is what was written, however it was cut.
func TestPatientLikeItsReader(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), 30_000)
	for _, r := range []io.Reader{bytes.NewReader(want), iotest.OneByteReader(bytes.NewReader(want)), iotest.DataErrReader(bytes.NewReader(want))} {
		got, err := io.ReadAll(newPatient(r, nil))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%T: %d octets, %v; want %d", r, len(got), err, len(want))
		}
	}
}

// A silent pipe is given up when done is closed, after its last words.
func TestPatientIsInterrupted(t *testing.T) {
	r, w := io.Pipe()
	done := make(chan struct{})
	p := newPatient(r, done)
	go func() {
		w.Write([]byte("first"))
		close(done)
		w.Write([]byte("last"))
	}()
	var got bytes.Buffer
	start := time.Now()
	_, err := got.ReadFrom(p)
	if !errors.Is(err, ErrInterrupted) || got.String() != "firstlast" {
		t.Errorf("got %q and %v", got.String(), err)
	}
	if took := time.Since(start); took < lastWords {
		t.Errorf("given up after %v", took)
	}
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, ErrInterrupted) {
		t.Errorf("and then %v", err)
	}
}
