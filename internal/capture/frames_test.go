package capture

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// TestFrames: where a frame ends is found whatever it has: blocks of all kinds, checksums, its size.
func TestFrames(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	plains := [][]byte{nil, []byte("a"), make([]byte, 1<<20), noise, append(bytes.Repeat([]byte("some text, "), 60_000), noise...)}
	var made [2][][]byte // of zstd, of lz4
	for _, plain := range plains {
		for _, opts := range [][]zstd.EOption{
			nil,
			{zstd.WithEncoderCRC(false)},
			{zstd.WithSingleSegment(true)},
			{zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(1 << 20)},
		} {
			w, err := zstd.NewWriter(nil, append(opts, zstd.WithZeroFrames(true))...)
			if err != nil {
				t.Fatal(err)
			}
			made[0] = append(made[0], w.EncodeAll(plain, nil))
		}
		for _, opts := range [][]lz4.Option{
			nil,
			{lz4.ChecksumOption(false)},
			{lz4.BlockChecksumOption(true), lz4.BlockSizeOption(lz4.Block64Kb)},
			{lz4.SizeOption(uint64(len(plain)))},
		} {
			var out bytes.Buffer
			w := lz4.NewWriter(&out)
			if err := w.Apply(opts...); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(plain); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			made[1] = append(made[1], out.Bytes())
		}
	}
	for i, all := range made {
		for range 100 {
			var want []byte
			for range 1 + rnd.IntN(3) {
				want = append(want, all[rnd.IntN(len(all))]...)
			}
			f := &frames{packed: newStream(bytes.NewReader(append(want[:len(want):len(want)], "\x00text"...)), 100+rnd.IntN(10_000)), lz4: i == 1}
			got, err := io.ReadAll(f)
			end, garbage := errors.AsType[*trailing](f.behind)
			if !bytes.Equal(got, want) || err != nil || !garbage || end.end != int64(len(want)) {
				t.Fatalf("%s: %d octets, %v, behind them %v; want %d", []string{"zstd", "lz4"}[i], len(got), err, f.behind, len(want))
			}
		}
	}
}
