//go:build unix

package capture

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	return path
}

// TestFifoWithoutWriter: the wait for somebody to open the other end is over when done is closed, for all pipes at once.
func TestFifoWithoutWriter(t *testing.T) {
	names := []string{fifo(t), fifo(t)}
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		r := Open(names, Options{Done: done})
		_, err := collect(r)
		r.Close()
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("not waited for: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(done)
	select {
	case err := <-ended:
		if len(Damages(err)) != 2 || !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "no program writes to this pipe") {
			t.Errorf("%v", err)
		}
	case <-time.After(lastWords):
		t.Error("the wait does not end")
	}
	for _, name := range names { // lets the goroutines go
		w, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
}

// TestFifo: a writer that comes late is read to its end.
func TestFifo(t *testing.T) {
	want, name := some(300), fifo(t)
	go func() {
		time.Sleep(20 * time.Millisecond)
		if err := os.WriteFile(name, asPcap(binary.LittleEndian, magicMicro, want), 0); err != nil {
			t.Error(err)
		}
	}()
	r := Open([]string{name}, Options{Done: make(chan struct{})})
	defer r.Close()
	if diff := packetDiff(want, mustCollect(t, r)); diff != "" {
		t.Error(diff)
	}
}
