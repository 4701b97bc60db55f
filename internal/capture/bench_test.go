package capture

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// benchPackets packets of 96 octets make a classic file of 28 MB: far larger than the second-level cache, as captures are.
const benchPackets = 250_000

// benchCapture returns a capture with the time stamps and lengths of ordinary traffic and octets that compress about as headers do.
func benchCapture(tb testing.TB, links ...uint16) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, links...)
	if err != nil {
		tb.Fatal(err)
	}
	data := make([]byte, 96)
	for i := range data {
		data[i] = byte(i * 7)
	}
	for i := range benchPackets {
		data[30], data[31], data[40], data[41] = byte(i), byte(i>>8), byte(i*31), byte(i>>5)
		if err := w.Write(&Packet{Time: 1.7e18 + int64(i)*12_345, Data: data, WireLen: 1514, Link: 1}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func benchFile(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// BenchmarkRead reads files from the page cache.
func BenchmarkRead(b *testing.B) {
	classic, ng := benchCapture(b, 1), benchCapture(b)
	for _, bc := range []struct {
		name  string
		files [][]byte
	}{
		{"pcap", [][]byte{classic}},
		{"pcapng", [][]byte{ng}},
		{"pcap-merge-2", [][]byte{classic, classic}},
		{"pcap-merge-8", [][]byte{classic, classic, classic, classic, classic, classic, classic, classic}},
		{"gzip", [][]byte{packed(b, "gzip", classic)}},
		{"zstd", [][]byte{packed(b, "zstd", classic)}},
		{"lz4", [][]byte{packed(b, "lz4", classic)}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			var names []string
			for i, data := range bc.files {
				names = append(names, benchFile(b, fmt.Sprint(i), data))
			}
			b.ReportAllocs()
			var packets int
			for b.Loop() {
				n, err := drain(Open(names, Options{}))
				if err != nil {
					b.Fatal(err)
				}
				packets += n
			}
			if want := b.N * benchPackets * len(names); packets != want {
				b.Fatalf("%d packets, want %d", packets, want)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
		})
	}
}

// BenchmarkBuffer is the evidence for bufferSize.
func BenchmarkBuffer(b *testing.B) {
	path := benchFile(b, "pcap", benchCapture(b, 1))
	for size := 16 << 10; size <= 4<<20; size *= 2 {
		b.Run(fmt.Sprint(size>>10, "KiB"), func(b *testing.B) {
			packets := 0
			for b.Loop() {
				f, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				records, err := openPcap(newStream(f, size))
				if err != nil {
					b.Fatal(err)
				}
				ps, n := make([]Packet, 64), 0
				for err == nil {
					packets += n
					n, err = records.next(ps)
				}
				f.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
		})
	}
}

// drain reads r to its end and closes it.
func drain(r *Reader) (packets int, err error) {
	defer r.Close()
	ps := make([]Packet, 64)
	for {
		switch n, err := r.Fill(ps); err {
		case nil:
			packets += n
		case io.EOF:
			return packets, nil
		default:
			return packets, err
		}
	}
}

// packed compresses data.
func packed(tb testing.TB, kind string, data []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch kind {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zstd":
		z, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		if err != nil {
			tb.Fatal(err)
		}
		w = z
	case "lz4":
		z := lz4.NewWriter(&out)
		if len(data) < 1<<20 { // setting up a block of 4 MiB is what takes the time in tests of small inputs
			if err := z.Apply(lz4.BlockSizeOption(lz4.Block64Kb)); err != nil {
				tb.Fatal(err)
			}
		}
		w = z
	default:
		tb.Fatalf("no compression %q", kind)
	}
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
