package capture

import (
	"io"
	"math"
	"os"
	"slices"
	"sync"
)

// OpenShared opens the named inputs for several readers, each of which yields all packets: what lies in the files is read
// once and lent to all, so that none may be far ahead of the others, and each has to be read to its end, or closed. Each belongs
// to a goroutine of its own. ok is false if there is an input that has to be unpacked first, or is no regular file: these are
// for [Open].
func OpenShared(names []string, readers int) (all []*Reader, ok bool) {
	var files []*shared
	for i, name := range names {
		in := &input{name: name, index: i}
		if !in.openShareable() {
			in.close()
			for _, f := range files {
				f.in.close()
			}
			return nil, false
		}
		files = append(files, newShared(in, readers))
	}
	for j := range readers {
		r := &Reader{errs: make([]error, len(names))}
		for i, f := range files {
			own := &input{name: names[i], index: i, size: f.in.size, sized: true, shared: f, reader: j}
			own.lend = func() ([]byte, error) { return f.next(j) }
			r.inputs = append(r.inputs, own)
		}
		r.queue = append(r.queue, r.inputs...)
		all = append(all, r)
	}
	return all, true
}

// openShareable opens a file and reports whether it is a regular one and not compressed.
func (in *input) openShareable() bool {
	// A named pipe would be waited for here, and what is read from it would be missed later.
	if info, err := os.Stat(in.name); in.name == "-" || err != nil || !info.Mode().IsRegular() {
		return false
	}
	if in.openFile(); in.fault != nil || !in.sized {
		return false
	}
	var magic [4]byte
	n, err := in.file.ReadAt(magic[:], 0)
	return (err == nil || err == io.EOF) && packing(magic[:n]) == ""
}

const (
	// chunkSize is how many octets of a shared file are read at a time, and chunks how many times that there is room for: so
	// far a reader may be ahead of another one. Both together fit into the cache of a processor.
	chunkSize = 128 << 10
	chunks    = 8
)

// shared is a file that several readers go through at the same time. Whoever needs a chunk that is not there reads it.
type shared struct {
	in *input // the file

	mu      sync.Mutex
	moved   sync.Cond // something below has changed
	ring    [chunks][]byte
	loaded  uint64 // chunks so far
	loading bool
	err     error    // why there are no more
	at      []uint64 // by reader: how many chunks it has asked for; the one before the last it has given back
}

// gone stands in shared.at for a reader that wants no more.
const gone = math.MaxUint64

func newShared(in *input, readers int) *shared {
	s := &shared{in: in, at: make([]uint64, readers)}
	s.moved.L = &s.mu
	return s
}

// next lends a reader the next chunk, until it asks for another one.
func (s *shared) next(reader int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.at[reader]
	s.at[reader]++
	s.moved.Broadcast()
	for {
		switch {
		case n < s.loaded:
			return s.ring[n%chunks], nil
		case s.err != nil:
			return nil, s.err
		case !s.loading && s.loaded < slices.Min(s.at)+chunks-1:
			s.load()
		default:
			s.moved.Wait()
		}
	}
}

// load reads the next chunk. Others may take those that are there meanwhile.
func (s *shared) load() {
	s.loading = true
	slot := &s.ring[s.loaded%chunks]
	s.mu.Unlock()
	if *slot == nil {
		*slot = make([]byte, chunkSize)
	}
	n, err := io.ReadFull(&s.in.src, (*slot)[:chunkSize])
	s.mu.Lock()
	*slot = (*slot)[:n]
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	if n > 0 {
		s.loaded++
	}
	s.err, s.loading = err, false
	s.moved.Broadcast()
}

// leave is called by a reader that wants no more. The last one closes the file.
func (s *shared) leave(reader int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[reader] = gone
	s.moved.Broadcast()
	if slices.Min(s.at) == gone {
		s.in.close()
	}
}
