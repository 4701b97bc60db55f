package capture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// Damage is an input that could not be opened or that broke off; its text names the file, the frame and the byte offset
// and says what to do.
type Damage struct {
	File   string // as the user named it; "-" is standard input
	Frame  uint64 // the frame that could not be read, counted in this file from 1; 0 if the file or its header is at fault
	Offset int64  // byte offset of that record in the (decompressed) input
	Err    error  // what is wrong with it
}

// Error returns one line in lower case without a full stop.
func (d *Damage) Error() string {
	name := d.File
	if name == "-" {
		name = "standard input"
	}
	what := d.Err.Error()
	if b, ok := errors.AsType[*breakOff](d.Err); ok {
		if d.Frame > 1 {
			what += "; the packets before it were read"
		} else {
			what += "; nothing was read before it"
		}
		what += b.rest
	}
	switch {
	case d.Frame > 0:
		return fmt.Sprintf("%s: frame %d at byte %d: %s", name, d.Frame, d.Offset, what)
	case d.Offset > 0:
		return fmt.Sprintf("%s: byte %d: %s", name, d.Offset, what)
	}
	return fmt.Sprintf("%s: %s", name, what)
}

// Unwrap returns what is wrong with the input.
func (d *Damage) Unwrap() error { return d.Err }

// Damages lists every damaged input in an error of Next, in the order of the arguments of Open. It is empty for io.EOF.
func Damages(err error) []*Damage {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Damage
		for _, e := range joined.Unwrap() {
			all = append(all, Damages(e)...)
		}
		return all
	}
	if d, ok := errors.AsType[*Damage](err); ok {
		return []*Damage{d}
	}
	return nil
}

// A breakOff is damage that leaves open whether something was read before: the frame of the Damage tells. rest goes behind that.
type breakOff struct {
	error
	rest string
}

func (b *breakOff) Unwrap() error { return b.error }

// garbled describes a record whose own fields contradict each other.
func garbled(format string, args ...any) error {
	return &breakOff{fmt.Errorf("garbled: "+format, args...), ", pcapfix may recover some of the rest"}
}

// cut describes the end of s in the middle of what, of which have of want octets are there.
func (s *stream) cut(what string, have, want int) error {
	switch {
	case s.err != io.EOF:
		return broken(s.packing, s.err)
	case s.packing != "":
		return fmt.Errorf("cut in the middle of the %s (%d of %d bytes) although the %s data is complete: "+
			"it was packed while it was still being written; pack it again after the capture has ended", what, have, want, s.packing)
	}
	return &breakOff{error: fmt.Errorf("cut in the middle of the %s (%d of %d bytes): copy the file again, or let the capture end before reading it",
		what, have, want)}
}

// broken describes the end of an input that is not its proper end.
func broken(packing string, err error) error {
	failure, failed := errors.AsType[*unreadable](err)
	switch {
	case failed:
		return fmt.Errorf("cannot be read on: %w; copy the file to another disk and try again", failure)
	case packing == "":
		return fmt.Errorf("cannot be read on: %w; copy the file to another disk and try again", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &breakOff{error: fmt.Errorf("the %s data is cut short: copy the file again", packing)}
	}
	if errors.Is(err, errWindow) {
		return fmt.Errorf("the zstd data %w: pipe it, as in zstd -dc --long=31 FILE | finscope -", err)
	}
	if err := beyond(packing, err); err != nil {
		return err
	}
	return &breakOff{error: fmt.Errorf("the %s data is corrupt: %w; copy the file again", packing, err)}
}

// unopened describes why an input could not be opened.
func unopened(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the file name is in the Damage already
	}
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = ": check the name"
	case errors.Is(err, fs.ErrPermission):
		hint = ": read it as its owner or make it readable (chmod +r)"
	case errors.Is(err, ErrInterrupted):
		hint = ": no program writes to this pipe, start one first"
	case errors.Is(err, syscall.EMFILE):
		hint = ": raise the limit (ulimit -n) or merge the files with mergecap first"
	}
	return fmt.Errorf("cannot be opened, %w%s", err, hint)
}
