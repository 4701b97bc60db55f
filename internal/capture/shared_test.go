package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// lending returns a stream over data that is lent in pieces of at most most octets. Each piece is spoilt when the next one is
// asked for.
func lending(data []byte, most int, rnd *rand.Rand) *stream {
	var last []byte
	return &stream{lend: func() ([]byte, error) {
		for i := range last {
			last[i] = 0xa5
		}
		if len(data) == 0 {
			return nil, io.EOF
		}
		n := min(1+rnd.IntN(most), len(data))
		last = bytes.Clone(data[:n])
		data = data[n:]
		return last, nil
	}}
}

// Whatever pieces a file is lent in, its packets are those that are in it, and so is the damage.
func TestLending(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, data := range map[string][]byte{
		"pcap":       asPcap(binary.BigEndian, magicNano, some(300)),
		"pcapng":     asPcapng(binary.LittleEndian, some(300)),
		"cut pcap":   asPcap(binary.LittleEndian, magicMicro, some(50))[:3000],
		"cut pcapng": asPcapng(binary.BigEndian, some(50))[:3001],
		"header":     asPcap(binary.LittleEndian, magicMicro, nil)[:20],
		"nothing":    nil,
	} {
		want, wantErr := collect(openBytes("x", data))
		for _, most := range []int{1, 2, 17, 100, 1000, 1 << 20} {
			in := &input{name: "x", size: int64(len(data)), sized: true}
			s := lending(data, most, rnd)
			in.shared, in.reader = newShared(&input{}, 1), 0
			in.lend = s.lend
			got, err := collect(&Reader{inputs: []*input{in}, queue: merge{in}, errs: make([]error, 1)})
			if diff := packetDiff(want, got); diff != "" {
				t.Errorf("%s in pieces of %d: %s", name, most, diff)
			}
			if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Errorf("%s in pieces of %d: %v, want %v", name, most, err, wantErr)
			}
		}
	}
}

// Several readers of a file each get all packets, whichever of them is faster, and the file is closed when all are done.
func TestOpenShared(t *testing.T) {
	dir := t.TempDir()
	var names []string
	many := some(30_000) // some chunks
	for name, data := range map[string][]byte{
		"a.pcap":   asPcap(binary.LittleEndian, magicMicro, many),
		"b.pcapng": asPcapng(binary.BigEndian, some(500)),
		"cut":      asPcap(binary.LittleEndian, magicMicro, many)[:2*chunkSize+11],
	} {
		names = append(names, filepath.Join(dir, name))
		if err := os.WriteFile(names[len(names)-1], data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names = append(names, filepath.Join(dir, "a.pcap"))
	for _, list := range [][]string{names[:1], names[1:2], names[2:3], names} {
		want, wantErr := collect(Open(list, Options{}))
		readers, ok := OpenShared(list, 3)
		if !ok {
			t.Fatalf("%v is not shared", list)
		}
		files := make([]*input, len(list))
		for i, in := range readers[0].inputs {
			files[i] = in.shared.in
		}
		var wg sync.WaitGroup
		for i, r := range readers {
			wg.Go(func() {
				defer r.Close()
				if i == 2 { // it has seen enough soon
					for range 100 {
						var p Packet
						if err := r.Next(&p); err != nil {
							t.Error(err)
						}
					}
					return
				}
				src := Source(r)
				if i == 1 {
					src = slow{r}
				}
				got, err := collect(src)
				if diff := packetDiff(want, got); diff != "" {
					t.Errorf("reader %d of %d files: %s", i, len(list), diff)
				}
				if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
					t.Errorf("reader %d: %v, want %v", i, err, wantErr)
				}
			})
		}
		wg.Wait()
		for i, in := range files {
			if in.file != nil {
				t.Errorf("%s is still open", list[i])
			}
		}
	}
}

// slow takes a rest now and then.
type slow struct{ *Reader }

func (s slow) Next(p *Packet) error {
	if s.inputs[0].frames%5000 == 77 {
		time.Sleep(time.Millisecond)
	}
	return s.Reader.Next(p)
}

// Only plain regular files are shared.
func TestShareable(t *testing.T) {
	dir := t.TempDir()
	plain := asPcap(binary.LittleEndian, magicMicro, some(3))
	for name, data := range map[string][]byte{"plain": plain, "empty": nil, "zst": packed(t, "zstd", plain), "gz": packed(t, "gzip", plain)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{"plain": true, "empty": true, "zst": false, "gz": false, "missing": false, ".": false} {
		in := &input{name: filepath.Join(dir, name)}
		if got := in.openShareable(); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		in.close()
	}
	if in := (&input{name: "-"}); in.openShareable() {
		t.Error("standard input can be read only once")
	}
	if _, ok := OpenShared([]string{filepath.Join(dir, "plain"), filepath.Join(dir, "gz")}, 2); ok {
		t.Error("a compressed input would be unpacked twice")
	}
}

func BenchmarkShared(b *testing.B) {
	name := filepath.Join(b.TempDir(), "x.pcap")
	if err := os.WriteFile(name, asPcap(binary.LittleEndian, magicMicro, some(200_000)), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		readers, _ := OpenShared([]string{name}, 2)
		var wg sync.WaitGroup
		for _, r := range readers {
			wg.Go(func() {
				defer r.Close()
				ps := make([]Packet, 64)
				for {
					if _, err := r.Fill(ps); err != nil {
						return
					}
				}
			})
		}
		wg.Wait()
	}
}
