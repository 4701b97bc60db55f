package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// realCaptures is where the captures of public repositories live, with their frame counts in INDEX.md.
const realCaptures = "../../testdata/pcaps/real/"

// openBytes opens data as an input of known size, which keeps the buffer small.
func openBytes(name string, data []byte) *Reader {
	in := &input{name: name, size: int64(len(data)), sized: true}
	in.src.r = bytes.NewReader(data)
	return &Reader{inputs: []*input{in}, queue: merge{in}, errs: make([]error, 1)}
}

// collect returns copies of all packets of src and the error after them, nil for io.EOF.
func collect(src Source) (all []Packet, err error) {
	var p Packet
	for {
		switch err := src.Next(&p); err {
		case nil:
			q := p
			q.Data = slices.Clone(p.Data)
			if q.Data == nil {
				q.Data = []byte{}
			}
			all = append(all, q)
		case io.EOF:
			return all, nil
		default:
			return all, err
		}
	}
}

// mustCollect is collect for an input that is not damaged.
func mustCollect(t *testing.T, src Source) []Packet {
	t.Helper()
	all, err := collect(src)
	if err != nil {
		t.Fatalf("after %d packets: %v", len(all), err)
	}
	return all
}

// damage returns the *Damage in err.
func damage(t *testing.T, err error) *Damage {
	t.Helper()
	d, ok := errors.AsType[*Damage](err)
	if !ok {
		t.Fatalf("error %v (%T) is no *Damage", err, err)
	}
	return d
}

// realFiles returns the content of every capture in realCaptures by name.
func realFiles(tb testing.TB) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob(realCaptures + "*.pcap")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no captures in %s (%v)", realCaptures, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		files[filepath.Base(name)] = data
	}
	return files
}

// TestRealCaptures holds the number of packets against INDEX.md. What is in them is compared with libpcap in TestLibpcap.
func TestRealCaptures(t *testing.T) {
	index, err := os.ReadFile(realCaptures + "INDEX.md")
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string]int{}
	for line := range strings.Lines(string(index)) {
		cell := strings.Split(line, "|")
		if len(cell) > 3 && strings.HasSuffix(strings.TrimSpace(cell[1]), ".pcap") {
			n, err := strconv.Atoi(strings.TrimSpace(cell[2]))
			if err != nil {
				t.Fatalf("INDEX.md: %q: %v", line, err)
			}
			frames[strings.TrimSpace(cell[1])] = n
		}
	}
	files := realFiles(t)
	if len(files) != len(frames) {
		t.Errorf("%d captures, %d lines in INDEX.md", len(files), len(frames))
	}
	for name := range files {
		t.Run(name, func(t *testing.T) {
			r := Open([]string{realCaptures + name}, Options{})
			defer r.Close()
			got := mustCollect(t, r)
			if len(got) != frames[name] {
				t.Errorf("%d packets, INDEX.md says %d", len(got), frames[name])
			}
		})
	}
}

// TestTruncated cuts every capture at every byte: no complete packet may be lost, and a cut anywhere but between two records is
// a Damage at that record.
func TestTruncated(t *testing.T) {
	for name, data := range realFiles(t) {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && len(data) > 30_000 {
				t.Skip("one of the largest captures; run without -short")
			}
			t.Parallel()
			whole := mustCollect(t, openBytes(name, data))
			ends := []int64{pcapHeader} // where each record ends
			for _, p := range whole {
				ends = append(ends, ends[len(ends)-1]+pcapRecord+int64(len(p.Data)))
			}
			if last := ends[len(ends)-1]; last != int64(len(data)) {
				t.Fatalf("the records end at byte %d of %d", last, len(data))
			}
			complete := -1 // records before the cut; -1: not even the file header
			var p Packet
			for cut := range data {
				for complete+1 < len(ends) && ends[complete+1] <= int64(cut) {
					complete++
				}
				r := openBytes(name, data[:cut])
				n := 0
				var err error
				for {
					if err = r.Next(&p); err != nil {
						break
					}
					if p.Time != whole[n].Time || !bytes.Equal(p.Data, whole[n].Data) {
						t.Fatalf("cut at %d: frame %d differs", cut, n+1)
					}
					n++
				}
				if n != max(complete, 0) {
					t.Fatalf("cut at %d: %d packets, want %d", cut, n, complete)
				}
				if complete >= 0 && ends[complete] == int64(cut) {
					if err != io.EOF {
						t.Fatalf("cut at %d, between records: %v", cut, err)
					}
					continue
				}
				d := damage(t, err)
				want := Damage{File: name, Err: d.Err}
				if complete >= 0 {
					want.Frame, want.Offset = uint64(complete)+1, ends[complete]
				}
				if *d != want {
					t.Fatalf("cut at %d: %+v, want %+v", cut, *d, want)
				}
			}
		})
	}
}

// TestReencoded writes every capture in the other formats and reads the same packets back.
func TestReencoded(t *testing.T) {
	for name, data := range realFiles(t) {
		want := mustCollect(t, openBytes(name, data))
		variants := map[string][]byte{
			"gzip":           packed(t, "gzip", data),
			"zstd":           packed(t, "zstd", data),
			"lz4":            packed(t, "lz4", data),
			"big-endian":     asPcap(binary.BigEndian, magicNano, want),
			"little-endian":  asPcap(binary.LittleEndian, magicNano, want),
			"patched":        asPcap(binary.LittleEndian, magicPatched, inMicroseconds(want)),
			"pcapng":         asPcapng(binary.LittleEndian, want),
			"pcapng-big":     asPcapng(binary.BigEndian, want),
			"pcapng-gzip":    packed(t, "gzip", asPcapng(binary.BigEndian, want)),
			"two-gzips":      append(packed(t, "gzip", data[:len(data)/2]), packed(t, "gzip", data[len(data)/2:])...),
			"two-zstd":       append(packed(t, "zstd", data[:len(data)/3]), packed(t, "zstd", data[len(data)/3:])...),
			"two-lz4":        append(packed(t, "lz4", data[:len(data)/3]), packed(t, "lz4", data[len(data)/3:])...),
			"skippable-zstd": append([]byte("\x50\x2a\x4d\x18\x03\x00\x00\x00abc"), packed(t, "zstd", data)...),
		}
		for kind, data := range variants {
			t.Run(name+"/"+kind, func(t *testing.T) {
				want := want
				if kind == "patched" {
					want = inMicroseconds(want)
				}
				if diff := packetDiff(want, mustCollect(t, openBytes(name, data))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// packetDiff compares packets octet by octet only where they differ.
func packetDiff(want, got []Packet) string { return cmp.Diff(want, got, cmp.Comparer(bytes.Equal)) }

func inMicroseconds(in []Packet) []Packet {
	out := slices.Clone(in)
	for i := range out {
		out[i].Time -= out[i].Time % 1000
	}
	return out
}

// order is a byte order that can append.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// asPcap builds a classic file byte by byte from the format's description, not with Writer, so that the two check each other.
func asPcap(o order, magic uint32, packets []Packet) []byte {
	link := uint16(1)
	if len(packets) > 0 {
		link = packets[0].Link
	}
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(b, 65535)
	b = o.AppendUint32(b, uint32(link))
	tick := int64(1000)
	if magic == magicNano {
		tick = 1
	}
	for _, p := range packets {
		b = o.AppendUint32(b, uint32(p.Time/1e9))
		b = o.AppendUint32(b, uint32(p.Time%1e9/tick))
		b = o.AppendUint32(b, uint32(len(p.Data)))
		b = o.AppendUint32(b, uint32(p.WireLen))
		if magic == magicPatched {
			b = append(b, "\x02\x00\x00\x00\x08\x00\x04\x00"...) // interface index, protocol, packet type
		}
		b = append(b, p.Data...)
	}
	return b
}

// ng builds a pcapng file block by block.
type ng struct {
	order
	b []byte
}

// block appends a block; the pieces of the body are padded together.
func (n *ng) block(kind uint32, body ...[]byte) {
	all := slices.Concat(body...)
	all = append(all, make([]byte, -len(all)&3)...)
	n.b = n.AppendUint32(n.b, kind)
	n.b = n.AppendUint32(n.b, uint32(len(all)+12))
	n.b = append(n.b, all...)
	n.b = n.AppendUint32(n.b, uint32(len(all)+12))
}

func (n *ng) section() {
	n.block(blockSection, n.u32(byteOrderMagic), n.u16(1), n.u16(0), n.u64(^uint64(0)))
}

func (n *ng) iface(link uint16, snap uint32, options ...[]byte) {
	n.block(blockInterface, n.u16(link), n.u16(0), n.u32(snap), slices.Concat(options...))
}

func (n *ng) enhanced(id uint32, units uint64, wire int, data []byte, options ...[]byte) {
	padding := make([]byte, -len(data)&3)
	n.block(blockEnhanced, n.u32(id), n.u32(uint32(units>>32)), n.u32(uint32(units)), n.u32(uint32(len(data))), n.u32(uint32(wire)),
		data, padding, slices.Concat(options...))
}

func (n *ng) option(code uint16, v []byte) []byte {
	return slices.Concat(n.u16(code), n.u16(uint16(len(v))), v, make([]byte, -len(v)&3))
}

func (n *ng) u16(v uint16) []byte { return n.AppendUint16(nil, v) }
func (n *ng) u32(v uint32) []byte { return n.AppendUint32(nil, v) }
func (n *ng) u64(v uint64) []byte { return n.AppendUint64(nil, v) }

// asPcapng builds a pcapng file of one interface in nanoseconds, with blocks and options in between that do not matter.
func asPcapng(o order, packets []Packet) []byte {
	n := &ng{order: o}
	n.section()
	n.block(0x0bad, n.u32(32473), []byte("a custom block before any interface"))
	link := uint16(1)
	if len(packets) > 0 {
		link = packets[0].Link
	}
	n.iface(link, 0, n.option(2, []byte("eth0")), n.option(optTsresol, []byte{9}), n.option(optEnd, nil))
	for i, p := range packets {
		n.enhanced(0, uint64(p.Time), p.WireLen, p.Data, n.option(1, []byte("a comment")), n.option(optEnd, nil))
		if i%5 == 0 {
			n.block(4, n.u32(0)) // name resolution
		}
	}
	return n.b
}

// some returns n packets a microsecond apart with lengths from 0 up and content that tells them apart.
func some(n int) []Packet {
	all := make([]Packet, n)
	for i := range all {
		all[i] = Packet{Time: 1_700_000_000_123_456_000 + int64(i)*1000, Data: make([]byte, i*3%200), WireLen: 1500 + i, Link: 1}
		for j := range all[i].Data {
			all[i].Data[j] = byte(i + j)
		}
	}
	return all
}

// TestNoAllocation reads packets of every format; buffers may be allocated at the start only.
func TestNoAllocation(t *testing.T) {
	packets := some(20_000)
	two := slices.Concat(packets, packets)
	for name, data := range map[string][]byte{
		"pcap":   asPcap(binary.LittleEndian, magicMicro, two),
		"pcapng": asPcapng(binary.BigEndian, two),
		"gzip":   packed(t, "gzip", asPcap(binary.BigEndian, magicNano, two)),
		"lz4":    packed(t, "lz4", asPcap(binary.BigEndian, magicNano, two)),
	} {
		t.Run(name, func(t *testing.T) {
			path := benchFile(t, "x", data)
			for _, names := range [][]string{{path}, {path, path, path}} {
				r := Open(names, Options{})
				defer r.Close()
				var p Packet
				next := func() {
					if err := r.Next(&p); err != nil {
						t.Fatal(err)
					}
				}
				for range 10_000 { // until the buffers have their size
					next()
				}
				if n := testing.AllocsPerRun(20_000, next); n != 0 {
					t.Errorf("%d inputs: %v allocations a packet", len(names), n)
				}
			}
		})
	}
}
