package capture

import (
	"io"
	"sync"
)

// aheadSize is how many octets are read ahead at most.
const aheadSize = 512 << 10

// ahead reads from a slow reader in a goroutine of its own into a ring, so that unpacking and what is done with the packets
// go on side by side. The two wake one another when half the ring is full or free: each time costs as much as unpacking
// some 10 KiB. Nothing is held back: flush shows what has arrived while more is waited for.
type ahead struct {
	ring  []byte
	mu    sync.Mutex
	wake  sync.Cond // something below has changed
	in    uint64    // octets that were put into the ring
	shown uint64    // octets of them that may be taken
	out   uint64    // octets that were taken out of it
	err   error     // why no more will be put in
	done  bool      // no more is wanted
}

func newAhead() *ahead {
	a := &ahead{ring: make([]byte, aheadSize)}
	a.wake.L = &a.mu
	return a
}

// start reads from r to its end, to an error or until close is called, and calls release then. r belongs to that
// goroutine from now on.
func (a *ahead) start(r io.Reader, release func()) {
	go func() {
		defer release()
		for b := a.room(); b != nil; b = a.room() {
			n, err := r.Read(b)
			a.put(n, err)
		}
	}()
}

// room waits for free space in the ring and returns what of it is in one piece, or nil if the reading is over.
func (a *ahead) room() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.in-a.out == aheadSize && !a.done {
		a.wake.Wait()
	}
	if a.done || a.err != nil {
		return nil
	}
	from := a.in % aheadSize
	return a.ring[from:min(aheadSize, from+aheadSize-(a.in-a.out))]
}

// put notes that n octets have been put into the ring.
func (a *ahead) put(n int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.in += uint64(n)
	a.err = err
	if err != nil || a.in-a.out >= aheadSize/2 {
		a.show()
	}
}

// flush shows what is in the ring. It is called by what r reads from, before that may have to wait.
func (a *ahead) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.show()
}

func (a *ahead) show() {
	a.shown = a.in
	a.wake.Signal()
}

// Read gives what has been read ahead, or waits for it.
func (a *ahead) Read(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.shown == a.out && a.err == nil {
		a.wake.Wait()
	}
	if a.shown == a.out {
		return 0, a.err
	}
	from := a.out % aheadSize
	have := a.ring[from:min(aheadSize, from+a.shown-a.out)]
	a.mu.Unlock() // nobody writes there before it has been taken out
	n := copy(b, have)
	a.mu.Lock()
	a.out += uint64(n)
	if a.in-a.out <= aheadSize/2 {
		a.wake.Signal()
	}
	return n, nil
}

// close ends the reading. It does not wait for it: the input may be a pipe into which nothing is written.
func (a *ahead) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = true
	a.wake.Signal()
}
