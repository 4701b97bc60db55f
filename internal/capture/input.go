package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
)

// A format walks over the records of one kind of file.
type format interface {
	// next stores the next packet in ps, and as many more as lie in the buffer whole and ps has room for, and returns how
	// many; without any, why, which is io.EOF at the proper end.
	next(ps []Packet) (int, error)
	// offset is where the record that next failed on begins.
	offset() int64
}

// An input is one name given to Open.
type input struct {
	name  string
	index int // in the arguments
	size  int64
	sized bool

	src     counter
	file    *os.File // to be closed; nil for standard input
	fault   error    // why it was not opened
	records format   // nil before the first packet is asked for
	release func()   // of the decompressor
	frames  uint64   // packets returned
	drops   atomic.Uint64

	head [1]Packet // the packet that comes next, if held
	held bool
}

// counter counts for the progress display: an atomic addition for each Read, none for each packet.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func (in *input) openFile(done <-chan struct{}) {
	f, err := openNamed(in.name, done)
	if err != nil {
		in.fault = unopened(err)
		return
	}
	in.file = f
	in.src.r = f
	in.measure(f)
}

// measure notes the size of a regular file and refuses a directory.
func (in *input) measure(f *os.File) {
	info, err := f.Stat()
	switch {
	case err != nil: // a descriptor that cannot be asked may still be read
	case info.IsDir():
		in.fault = errors.New("is a directory: give a capture, or its packets through a pipe")
		if in.name != "-" {
			in.fault = fmt.Errorf("is a directory: name the captures in it (%s)", filepath.Join(in.name, "*.pcap"))
		}
	case info.Mode().IsRegular():
		in.size, in.sized = info.Size(), true
	}
}

func (in *input) next(ps []Packet) (int, error) {
	if in.records == nil {
		if err := in.start(); err != nil {
			return 0, err
		}
	}
	n, err := in.records.next(ps)
	if err != nil {
		return 0, in.explain(err)
	}
	in.frames += uint64(n)
	return n, nil
}

// explain says which record an error of the format is about.
func (in *input) explain(err error) error {
	if err == io.EOF {
		return err
	}
	return &Damage{File: in.name, Frame: in.frames + 1, Offset: in.records.offset(), Err: err}
}

// start finds out what the input is and reads its header.
func (in *input) start() error {
	if in.fault != nil {
		return &Damage{File: in.name, Err: in.fault}
	}
	size := bufferSize
	if in.sized {
		size = int(min(in.size+1, bufferSize)) // + 1: to see the end without growing
	}
	s := newStream(&in.src, size)
	b := s.peek(4)
	if kind := packing(b); kind != "" {
		inner, release, err := unpack(s, kind, bufferSize)
		if err != nil {
			return &Damage{File: in.name, Err: broken(kind, s.cause(err))}
		}
		in.release = release
		s = inner
		b = s.peek(4)
	}
	var err error
	if _, _, ok := pcapMagic(b); ok {
		in.records, err = openPcap(s)
	} else if len(b) >= 4 && string(b[:4]) == "\n\r\r\n" {
		in.records, err = openPcapng(s, in.drops.Store)
	} else {
		err = foreign(s)
	}
	if err != nil {
		in.records = nil
		return &Damage{File: in.name, Err: err}
	}
	return nil
}

func (in *input) close() {
	if in.release != nil {
		in.release()
		in.release = nil
	}
	if in.file != nil {
		in.file.Close() // only read from: nothing can be lost
		in.file = nil
	}
	in.records = nil
	in.fault = os.ErrClosed
	in.head[0] = Packet{}
	in.held = false
}
