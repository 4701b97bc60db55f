package capture

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/klauspost/compress/gzip"
)

func startAhead(r io.Reader, release func()) *ahead {
	a := newAhead()
	a.start(r, release)
	return a
}

// TestAhead reads through every kind of reader that gives its octets in another way; the amounts are around the
// size of the ring.
func TestAhead(t *testing.T) {
	data := make([]byte, 2*aheadSize+1)
	for i := range data {
		data[i] = byte(i * 31 >> 7)
	}
	for name, slow := range map[string]func(io.Reader) io.Reader{
		"whole":    func(r io.Reader) io.Reader { return r },
		"half":     iotest.HalfReader,
		"one byte": iotest.OneByteReader,
		"data err": iotest.DataErrReader,
	} {
		for _, n := range []int{0, 1, aheadSize - 1, aheadSize, aheadSize + 1, len(data)} {
			synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
				released := 0
				a := startAhead(slow(bytes.NewReader(data[:n])), func() { released++ })
				got, err := io.ReadAll(a)
				if err != nil || !bytes.Equal(got, data[:n]) {
					t.Errorf("%s: %d of %d octets, %v", name, len(got), n, err)
				}
				a.close()
				synctest.Wait()
				if released != 1 {
					t.Errorf("%s: released %d times", name, released)
				}
			})
		}
	}
}

// TestAheadError: what came before an error is read first, and the error stays.
func TestAheadError(t *testing.T) {
	broken := errors.New("broken")
	a := startAhead(io.MultiReader(bytes.NewReader(make([]byte, aheadSize+5)), iotest.ErrReader(broken)), func() {})
	defer a.close()
	if n, err := io.Copy(io.Discard, a); n != aheadSize+5 || err != broken {
		t.Errorf("%d octets, %v", n, err)
	}
	if n, err := a.Read(make([]byte, 1)); n != 0 || err != broken {
		t.Errorf("then %d octets, %v", n, err)
	}
}

// TestAheadClose: whoever reads ahead stops with close, wherever it is: with the ring full, and as soon as its own reader
// returns. Close itself waits for neither.
func TestAheadClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released := false
		a := startAhead(iotest.HalfReader(zeros{}), func() { released = true })
		synctest.Wait()
		a.close()
		synctest.Wait()
		if !released {
			t.Error("full: not released")
		}

		released = false
		pr, pw := io.Pipe()
		a = startAhead(pr, func() { released = true })
		synctest.Wait()
		a.close()
		synctest.Wait()
		if released {
			t.Error("empty: released while its reader is used")
		}
		pw.Close()
		synctest.Wait()
		if !released {
			t.Error("empty: not released")
		}
	})
}

// TestAheadFlush: less than half the ring is shown at the end, or when its reader is about to wait for more.
func TestAheadFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		a := newAhead()
		a.start(&flusher{r: pr, flush: a.flush}, func() {})
		defer a.close()
		b := make([]byte, 10)
		for i := range 3 {
			if _, err := pw.Write(make([]byte, 3)); err != nil {
				t.Fatal(err)
			}
			if n, err := a.Read(b); n != 3 || err != nil { // would wait for ever for more
				t.Errorf("read %d: %d octets, %v", i, n, err)
			}
		}
		pw.Close()
		if n, err := a.Read(b); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d octets, %v", n, err)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestPackedPipe: a packet is delivered as soon as what it was packed into has been written, as with a plain pipe.
func TestPackedPipe(t *testing.T) {
	want := some(10)
	pr, pw := io.Pipe()
	r := Open([]string{"-"}, Options{Stdin: pr})
	defer r.Close()
	z := gzip.NewWriter(pw)
	read := make(chan struct{})
	go func() {
		w, err := NewWriter(z, 1)
		if err != nil {
			t.Error(err)
		}
		for i := range want {
			if err := errors.Join(w.Write(&want[i]), w.Flush(), z.Flush()); err != nil {
				t.Error(err)
			}
			<-read
		}
		if err := errors.Join(z.Close(), pw.Close()); err != nil {
			t.Error(err)
		}
	}()
	var p Packet
	for i := range want {
		if err := r.Next(&p); err != nil || p.Time != want[i].Time { // would wait for ever if more were asked for than is there
			t.Fatalf("packet %d: time %d, %v", i, p.Time, err)
		}
		read <- struct{}{}
	}
	if err := r.Next(&p); err != io.EOF {
		t.Error(err)
	}
}

func TestAheadAllocatesNothing(t *testing.T) {
	a := startAhead(zeros{}, func() {})
	defer a.close()
	b := make([]byte, 1000)
	if n := testing.AllocsPerRun(10_000, func() {
		if _, err := a.Read(b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a read, want none", n)
	}
}
