package capture

import (
	"errors"
	"io"
	"os"
)

// Options of Open. The zero value is what a program wants.
type Options struct {
	Stdin io.Reader // what the name "-" reads; nil is os.Stdin. Close does not close it

	// Done, once it is closed, ends the waiting for an input that is no regular file, such as a pipe that stays silent: a second
	// later it fails with [ErrInterrupted], a named pipe that no program has opened for writing at once. nil: both are waited for
	// without end.
	Done <-chan struct{}
}

// A Reader is a Source over one or more inputs, merged by time if there are several.
type Reader struct {
	inputs []*input // in the order of the arguments
	queue  merge    // those that are not exhausted
	alone  *input   // the only one left, once it needs neither opening nor comparing
	primed bool     // the queue is a heap
	one    [1]Packet
	errs   []error // by index of the input
	end    error   // what Next returns from now on
}

// Open opens the named inputs as one capture; "-" is standard input. An input that cannot be opened or turns out to be damaged
// does not keep the others from being read, therefore Open itself cannot fail: after the last readable packet Next returns
// one *Damage for each bad input, joined (errors.Join) if there are several, in the order of names. [Damages] lists them.
//
// With several inputs each holds an open file and a buffer of up to 256 KiB until it is exhausted, a compressed one also
// 512 KiB that are unpacked ahead, in a goroutine of its own, and the window of its decompressor (zstd some 10 MiB, at most
// 128 MiB on top).
func Open(names []string, opts Options) *Reader {
	stdin := opts.Stdin
	if stdin == nil {
		stdin = os.Stdin
	}
	r := &Reader{errs: make([]error, len(names))}
	for i, name := range names {
		in := &input{name: name, index: i}
		if name != "-" {
			in.openFile(opts.Done)
		} else if stdin == nil {
			in.fault = errors.New("standard input can be read only once: name it once")
		} else {
			in.src.r = stdin
			if f, ok := stdin.(*os.File); ok {
				in.measure(f)
			}
			stdin = nil
		}
		if opts.Done != nil && in.src.r != nil && !in.sized {
			in.src.r = newPatient(in.src.r, opts.Done)
		}
		r.inputs = append(r.inputs, in)
	}
	r.queue = append(r.queue, r.inputs...)
	return r
}

// Next stores the next packet in p, see [Source]. It does not allocate except to grow buffers.
func (r *Reader) Next(p *Packet) error {
	_, err := r.Fill(r.one[:])
	*p = r.one[0]
	return err
}

// Fill is Next for several packets at a time, which costs a fifth less than one after the other: it stores the next one in
// ps, which must have room for it, and as many of those behind it as there are without reading on and room for; and
// returns how many. All are valid until the next call. Where several inputs are merged it is one at a time.
func (r *Reader) Fill(ps []Packet) (int, error) {
	if in := r.alone; in != nil {
		n, err := in.next(ps)
		if err == nil {
			return n, nil
		}
		r.retire(in, err)
		r.alone, r.queue = nil, nil
	}
	if !r.primed {
		r.prime()
	}
	for len(r.queue) > 0 {
		in := r.queue[0]
		if in.held {
			in.held = false
			ps[0] = in.head[0]
			return 1, nil
		}
		if len(r.queue) == 1 {
			n, err := in.next(ps)
			if err == nil {
				r.alone = in
				return n, nil
			}
			r.retire(in, err)
			r.queue = nil
			break
		}
		// The packet returned last was this input's: only now may its bytes be overwritten.
		if _, err := in.next(in.head[:]); err != nil {
			r.retire(in, err)
			r.queue.pop()
			continue
		}
		in.held = true
		r.queue.sink(0)
	}
	if r.end == nil {
		r.finish()
	}
	ps[0] = Packet{}
	return 0, r.end
}

// prime reads the first packet of every input if they have to be compared.
func (r *Reader) prime() {
	r.primed = true
	if len(r.queue) < 2 {
		return
	}
	ready := r.queue[:0]
	for _, in := range r.queue {
		if _, err := in.next(in.head[:]); err != nil {
			r.retire(in, err)
			continue
		}
		in.held = true
		ready = append(ready, in)
	}
	r.queue = ready
	r.queue.heapify()
}

// retire notes why an input ended and gives back its file and buffer.
func (r *Reader) retire(in *input, err error) {
	if err != io.EOF {
		r.errs[in.index] = err
	}
	in.close()
}

func (r *Reader) finish() {
	var bad []error
	for _, err := range r.errs {
		if err != nil {
			bad = append(bad, err)
		}
	}
	switch len(bad) {
	case 0:
		r.end = io.EOF
	case 1:
		r.end = bad[0]
	default:
		r.end = errors.Join(bad...)
	}
}

// Close closes the files that Open opened. A compressed standard input may still be read from once.
func (r *Reader) Close() error {
	r.primed = true
	r.alone, r.queue = nil, nil
	if r.end == nil {
		r.end = os.ErrClosed
	}
	for _, in := range r.inputs {
		in.close()
	}
	return nil
}

// Drops is the number of packets that the capturing kernels and interfaces say they lost, as far as it has been read: the last
// count of each pcapng interface (isb_ifdrop and isb_osdrop) or what its packets say was lost before them (epb_dropcount), whichever
// is more, summed. Classic files do not tell. It may be called from any goroutine.
func (r *Reader) Drops() uint64 {
	var sum uint64
	for _, in := range r.inputs {
		sum += in.drops.Load()
	}
	return sum
}

// Progress says how far one input has been read.
type Progress struct {
	Name string // as given to Open
	Read int64  // octets read from the file, compressed ones if it is; a buffer ahead of the packets returned
	Size int64  // size of the file when it was opened; -1 if it is not a regular file
}

// Progress returns the position in every input, in the order of the arguments. It may be called from any goroutine.
func (r *Reader) Progress() []Progress {
	all := make([]Progress, len(r.inputs))
	for i, in := range r.inputs {
		all[i] = Progress{Name: in.name, Read: in.src.n.Load(), Size: -1}
		if in.sized {
			all[i].Size = in.size
		}
	}
	return all
}
