package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestStandardInput(t *testing.T) {
	want := some(300)
	data := asPcap(binary.LittleEndian, magicMicro, want)
	for name, in := range map[string]io.Reader{
		"at once":       bytes.NewReader(data),
		"byte by byte":  iotest.OneByteReader(bytes.NewReader(data)),
		"EOF with data": iotest.DataErrReader(bytes.NewReader(data)),
		"gzip":          iotest.HalfReader(bytes.NewReader(packed(t, "gzip", data))),
	} {
		t.Run(name, func(t *testing.T) {
			r := Open([]string{"-"}, Options{Stdin: in})
			if p := r.Progress()[0]; p.Size != -1 || p.Read != 0 || p.Name != "-" {
				t.Errorf("at the start: %+v", p)
			}
			if diff := packetDiff(want, mustCollect(t, r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPipe: a packet is delivered as soon as it has been written, and Open does not wait for the first.
func TestPipe(t *testing.T) {
	want := some(10)
	pr, pw := io.Pipe()
	r := Open([]string{"-"}, Options{Stdin: pr})
	w, err := NewWriter(pw, 1)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		for i := range want {
			if err := errors.Join(w.Write(&want[i]), w.Flush()); err != nil {
				t.Error(err)
			}
			<-read
		}
		pw.Close()
	}()
	var p Packet
	for i := range want {
		if err := r.Next(&p); err != nil || p.Time != want[i].Time { // would wait for ever if more were asked for than is there
			t.Fatalf("packet %d: time %d, %v", i, p.Time, err)
		}
		read <- struct{}{}
	}
	if err := r.Next(&p); err != io.EOF {
		t.Error(err)
	}
}

func TestStandardInputTwice(t *testing.T) {
	r := Open([]string{"-", "-"}, Options{Stdin: bytes.NewReader(asPcap(binary.LittleEndian, magicMicro, some(3)))})
	got, err := collect(r)
	if d := damage(t, err); len(got) != 3 || !strings.Contains(d.Error(), "only once") || !strings.HasPrefix(d.Error(), "standard input: ") {
		t.Errorf("%d packets, %v", len(got), err)
	}
}

// TestBadAmongGood: everything that can be read is read first, then every bad input is named in the order of the arguments.
func TestBadAmongGood(t *testing.T) {
	good := asPcap(binary.LittleEndian, magicMicro, some(5))
	missing := filepath.Join(t.TempDir(), "missing.pcap")
	cut := benchFile(t, "cut.pcap", good[:len(good)-1])
	text := benchFile(t, "text.pcap", []byte("hello\n"))
	fine := benchFile(t, "fine.pcap", good)
	r := Open([]string{missing, cut, text, fine}, Options{})
	defer r.Close()
	got, err := collect(r)
	if len(got) != 4+5 {
		t.Errorf("%d packets, want 9", len(got))
	}
	all := Damages(err)
	if len(all) != 3 || all[0].File != missing || all[1].File != cut || all[2].File != text {
		t.Fatalf("damages: %v", all)
	}
	if all[0].Frame != 0 || all[1].Frame != 5 || all[2].Frame != 0 {
		t.Errorf("frames %d, %d, %d; want 0, 5, 0", all[0].Frame, all[1].Frame, all[2].Frame)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the missing file cannot be found with errors.Is")
	}
	var p Packet
	if again := r.Next(&p); again != err {
		t.Errorf("the next call returns %v", again)
	}
}

func TestNothingToOpen(t *testing.T) {
	r := Open(nil, Options{})
	var p Packet
	if err := r.Next(&p); err != io.EOF {
		t.Error(err)
	}
	if d := Damages(io.EOF); d != nil {
		t.Error(d)
	}
}

func TestProgress(t *testing.T) {
	data := asPcap(binary.LittleEndian, magicMicro, some(20_000))
	z := packed(t, "zstd", data)
	r := Open([]string{benchFile(t, "plain", data), benchFile(t, "z", z)}, Options{})
	defer r.Close()
	var p Packet
	if err := r.Next(&p); err != nil {
		t.Fatal(err)
	}
	mid := r.Progress()
	if mid[0].Read == 0 || mid[0].Read >= mid[0].Size || mid[0].Size != int64(len(data)) || mid[1].Size != int64(len(z)) {
		t.Errorf("after one packet: %+v", mid)
	}
	mustCollect(t, r)
	for _, p := range r.Progress() {
		if p.Read != p.Size {
			t.Errorf("at the end: %+v", p)
		}
	}
}

func TestClose(t *testing.T) {
	path := benchFile(t, "x", asPcap(binary.LittleEndian, magicMicro, some(5)))
	for _, names := range [][]string{{path}, {path, path}} {
		for packets := range 3 {
			r := Open(names, Options{})
			var p Packet
			for range packets {
				if err := r.Next(&p); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if err := r.Next(&p); err != os.ErrClosed {
				t.Errorf("Next after Close: %v", err)
			}
			if err := r.Close(); err != nil {
				t.Errorf("second Close: %v", err)
			}
		}
	}
}

// TestFill: several packets at a time are the same packets, each intact until the next call, and a damage comes after them.
func TestFill(t *testing.T) {
	pcap := asPcap(binary.LittleEndian, magicMicro, some(5000))
	ng := asPcapng(binary.BigEndian, some(5000))
	for name, files := range map[string][][]byte{
		"pcap":        {pcap},
		"pcap cut":    {pcap[:len(pcap)-1]},
		"pcapng":      {ng},
		"pcapng cut":  {ng[:len(ng)-1]},
		"packed":      {packed(t, "gzip", pcap)},
		"two of them": {pcap, ng[:len(ng)/2]},
	} {
		var paths []string
		for i, data := range files {
			paths = append(paths, benchFile(t, string(rune('a'+i)), data))
		}
		want, wantErr := collect(Open(paths, Options{}))
		for _, room := range []int{1, 2, 64} {
			r := Open(paths, Options{})
			ps, calls, at := make([]Packet, room), 0, 0
			for {
				n, err := r.Fill(ps)
				if err != nil {
					if n != 0 || err != io.EOF && err.Error() != wantErr.Error() || err == io.EOF && wantErr != nil {
						t.Errorf("%s: %d packets and %v, want %v", name, n, err, wantErr)
					}
					break
				}
				if n < 1 || n > room || at+n > len(want) {
					t.Fatalf("%s: %d packets of %d where %d are left", name, n, room, len(want)-at)
				}
				for i, p := range ps[:n] {
					if w := want[at+i]; p.Time != w.Time || p.WireLen != w.WireLen || p.Link != w.Link || !bytes.Equal(p.Data, w.Data) {
						t.Fatalf("%s, %d at a time: packet %d differs", name, room, at+i+1)
					}
				}
				at += n
				calls++
			}
			if at != len(want) {
				t.Errorf("%s, %d at a time: %d packets, want %d", name, room, at, len(want))
			}
			if len(files) == 1 && room == 64 && calls > len(want)/32 {
				t.Errorf("%s: %d calls for %d packets", name, calls, len(want))
			}
			r.Close()
		}
	}
}
