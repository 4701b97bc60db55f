package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// TestPackedTruncated cuts compressed captures at every byte. What the compression has not yet given up is lost (a block of zstd is
// 128 KiB, one of lz4 up to 4 MiB), but what is delivered is right and the cut is told.
func TestPackedTruncated(t *testing.T) {
	plain := asPcap(binary.LittleEndian, magicMicro, some(60))
	whole := mustCollect(t, openBytes("x", plain))
	var blocks bytes.Buffer
	w := lz4.NewWriter(&blocks)
	if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false)); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(plain); i += 1000 {
		if _, err := w.Write(plain[i:min(i+1000, len(plain))]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for kind, data := range map[string][]byte{
		"gzip":         packed(t, "gzip", plain),
		"zstd":         packed(t, "zstd", plain),
		"lz4":          packed(t, "lz4", plain),
		"lz4 unsummed": blocks.Bytes(),
	} {
		t.Run(kind, func(t *testing.T) {
			step := 1
			if kind == "zstd" {
				step = 5 // a decoder takes milliseconds to set up
			}
			for cut := 0; cut < len(data); cut += step {
				r := openBytes("x", data[:cut])
				got, err := collect(r)
				r.Close()
				if err == nil {
					t.Fatalf("cut at %d of %d: no damage, %d packets", cut, len(data), len(got))
				}
				damage(t, err)
				for i := range got {
					if !bytes.Equal(got[i].Data, whole[i].Data) {
						t.Fatalf("cut at %d: frame %d differs", cut, i+1)
					}
				}
				if kind == "gzip" && cut == len(data)-1 && len(got) != len(whole) {
					t.Errorf("only the last byte is missing, yet %d of %d packets", len(got), len(whole))
				}
			}
		})
	}
}

// TestPackedFlipped flips one bit after the other: no panic, no hang.
func TestPackedFlipped(t *testing.T) {
	plain := asPcap(binary.LittleEndian, magicMicro, some(20))
	for _, kind := range []string{"gzip", "zstd", "lz4"} {
		data := packed(t, kind, plain)
		step := 1
		if kind == "zstd" {
			step = 31 // a decoder takes milliseconds to set up; FuzzOpen looks further
		}
		for bit := 0; bit < len(data)*8; bit += step {
			data[bit/8] ^= 1 << (bit % 8)
			r := openBytes("x", data)
			_, _ = collect(r)
			r.Close()
			data[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// TestWindowBound: a zstd frame of a few octets that asks for a huge window gets an error and no memory.
func TestWindowBound(t *testing.T) {
	// RFC 8878 section 3.1.1.1.2: window descriptor, exponent in the upper 5 bits: 2^(10+n).
	for _, tc := range []struct {
		exponent byte
		ok       bool
	}{{7, true}, {17, true}, {18, false}, {31, false}} {
		frame := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, tc.exponent << 3, 5<<3 | 1, 0, 0}, "hello"...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := openBytes("x", frame)
		_, err := collect(r)
		r.Close()
		runtime.ReadMemStats(&after)
		if isText := bytes.Contains([]byte(err.Error()), []byte("is text")); isText != tc.ok {
			t.Errorf("window of 2^%d: %v", 10+tc.exponent, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
			t.Logf("window of 2^%d: %d MiB allocated", 10+tc.exponent, n>>20)
			if n > 2*maxWindow {
				t.Errorf("window of 2^%d: %d MiB allocated", 10+tc.exponent, n>>20)
			}
		}
	}
}

// TestLongWindow: files of zstd --long (2^27) and --ultra -22 are read.
func TestLongWindow(t *testing.T) {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(maxWindow))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, bytes.NewReader(asPcap(binary.LittleEndian, magicMicro, some(5000)))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := openBytes("x", out.Bytes())
	defer r.Close()
	if n := len(mustCollect(t, r)); n != 5000 {
		t.Errorf("%d packets", n)
	}
}

func TestPacking(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"\x1f":             "",
		"\x1f\x8b":         "gzip",
		"\x28\xb5\x2f\xfd": "zstd",
		"\x5f\x2a\x4d\x18": "zstd",
		"\x04\x22\x4d\x18": "lz4",
		"\xd4\xc3\xb2\xa1": "",
		"\n\r\r\n":         "",
	} {
		if got := packing([]byte(in)); got != want {
			t.Errorf("%x is %q, want %q", in, got, want)
		}
	}
}

// TestWindowMessage: an intact file with a larger window is no corrupt one, and a corrupt one is none with a larger window.
func TestWindowMessage(t *testing.T) {
	const wide = "asks for a window above 128 MiB: pipe it, as in zstd -dc --long=31 FILE | finscope -"
	plain := asPcap(binary.LittleEndian, magicMicro, some(100))
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(2*maxWindow), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(plain); i += 1000 { // in pieces, so that the size is not known and the header has the window
		_, err = w.Write(plain[i:min(i+1000, len(plain))])
		if err = errors.Join(err, w.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	magic := "\x28\xb5\x2f\xfd"
	for _, tc := range []struct{ name, data, want string }{
		{"as written", out.String(), wide},
		{"an eighth more than the limit", magic + "\x00\x89\x01\x00\x00", wide},
		{"a single segment of 256 MiB", magic + "\xa0\x00\x00\x00\x10\x01\x00\x00", wide},
		{"a block longer than its window", magic + "\x00\x00" + "\x02\x40\x00x", "corrupt"},
		{"a window that is not there", magic + "\x00", "cut short"},
	} {
		r := openBytes("x", []byte(tc.data))
		_, err := collect(r)
		r.Close()
		if d := damage(t, err); d.Frame != 0 || !strings.Contains(d.Error(), tc.want) {
			t.Errorf("%s: %v; want %q", tc.name, d, tc.want)
		}
	}
}
