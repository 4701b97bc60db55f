package capture

import (
	"errors"
	"io"
	"time"
)

// ErrInterrupted is why reading ended that nothing else would have ended: see Options.Done.
var ErrInterrupted = errors.New("interrupted while waiting for more")

// lastWords is how long a pipe is still waited for once nobody wants to wait: its writer, interrupted by the same Ctrl-C, hands over
// what it has and closes it.
const lastWords = time.Second

// patientRoom is how much is read from a pipe at a time: what one holds on Linux.
const patientRoom = 64 << 10

// patient reads from a pipe, which may be silent for as long as it likes, in a goroutine of its own, and gives up once done is closed.
// That goroutine then stays until the pipe says something: nothing ends its system call.
type patient struct {
	r    io.Reader
	done <-chan struct{}
	ask  chan []byte
	got  chan read
	room []byte
	rest []byte // of room: what has been read and not yet been taken
	err  error  // of the reading, told once rest is taken
}

// read is what came of one Read.
type read struct {
	n   int
	err error
}

func newPatient(r io.Reader, done <-chan struct{}) *patient {
	return &patient{r: r, done: done}
}

// Read gives what has been read, or waits for it.
func (p *patient) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.fetch()
	}
	n := copy(b, p.rest)
	if p.rest = p.rest[n:]; n > 0 {
		return n, nil
	}
	return 0, p.err
}

// fetch has the goroutine read once, and starts it if there is none.
func (p *patient) fetch() {
	if p.ask == nil {
		p.ask, p.got, p.room = make(chan []byte), make(chan read, 1), make([]byte, patientRoom)
		go func() {
			for b := range p.ask {
				n, err := p.r.Read(b)
				p.got <- read{n, err}
			}
		}()
	}
	p.ask <- p.room
	var r read
	select {
	case r = <-p.got:
	case <-p.done:
		select {
		case r = <-p.got:
		case <-time.After(lastWords):
			r.err = ErrInterrupted
		}
	}
	p.rest, p.err = p.room[:r.n], r.err
	if p.err != nil {
		close(p.ask)
	}
}
