package capture

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"unicode"
)

// TestMessages holds the whole text of what people see most. Each says what is wrong, where, and what to do.
func TestMessages(t *testing.T) {
	dir := t.TempDir()
	pcap := asPcap(binary.LittleEndian, magicMicro, some(4))
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	z := packed(t, "gzip", pcap)
	flipped := []byte(string(z))
	flipped[len(flipped)-6] ^= 1 // in the checksum
	for _, tc := range []struct {
		name, path, want string
	}{
		{"in a packet", file("a", pcap[:len(pcap)-1]),
			"a: frame 4 at byte 81: cut in the middle of the packet (24 of 25 bytes): copy the file again, or let the capture end before reading it; the packets before it were read"},
		{"in a record header", file("b", pcap[:27]),
			"b: frame 1 at byte 24: cut in the middle of the record header (3 of 16 bytes): copy the file again, or let the capture end before reading it; nothing was read before it"},
		{"in the file header", file("c", pcap[:23]),
			"c: cut in the middle of the file header (23 of 24 bytes): copy the file again, or let the capture end before reading it; nothing was read before it"},
		{"garbled", file("d", append(pcap[:81:81], "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x7f\x10\x00\x00\x00"...)),
			"d: frame 4 at byte 81: garbled: the record claims a packet of 2147483647 bytes; the packets before it were read, pcapfix may recover some of the rest"},
		{"garbled from the start", file("r", append(pcap[:24:24], "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x7f\x10\x00\x00\x00"...)),
			"r: frame 1 at byte 24: garbled: the record claims a packet of 2147483647 bytes; nothing was read before it, pcapfix may recover some of the rest"},
		{"in the second record header", file("s", pcap[:44]),
			"s: frame 2 at byte 40: cut in the middle of the record header (4 of 16 bytes): copy the file again, or let the capture end before reading it; the packets before it were read"},
		{"concatenated with nothing before", file("t", append(pcap[:24:24], pcap...)),
			"t: frame 1 at byte 24: another capture begins here, two were concatenated: name the files one by one or merge them with mergecap; if this is all there is, split it before this byte (tail -c +25 is the second); nothing was read before it"},
		{"empty", file("e", nil),
			"e: is empty: was the capture stopped before it wrote its header? capture again"},
		{"two bytes", file("f", []byte{0xd4, 0xc3}),
			"f: is too short for a capture (2 bytes): copy the file again"},
		{"text", file("g", []byte("12:00:01.204 IP 10.0.0.1.80 > 10.0.0.2.4711: Flags [F.]\n")),
			`g: is text, not a capture (it starts with "12:00:01.204 IP 10.0.0.1.80 > "): save packets with tcpdump -w FILE or tshark -w FILE`},
		{"executable", file("h", []byte("\x7fELF\x02\x01\x01\x00\x00\x00")),
			"h: is not a pcap or pcapng capture (it starts with the bytes 7f 45 4c 46 02 01 01 00): check the name, or convert it with editcap -F pcapng if Wireshark can read it"},
		{"snoop", file("i", []byte("snoop\x00\x00\x00\x00\x00\x00\x02")),
			"i: is a snoop capture: convert it with editcap -F pcapng"},
		{"xz", file("j", []byte("\xfd7zXZ\x00\x00\x04")),
			"j: is xz-compressed: pipe it, as in xz -dc FILE | finscope -"},
		{"gzip cut", file("k", z[:len(z)-1]),
			"k: frame 5 at byte 106: the gzip data is cut short: copy the file again; the packets before it were read"},
		{"gzip corrupt", file("l", flipped),
			"l: frame 5 at byte 106: the gzip data is corrupt: gzip: invalid checksum; copy the file again; the packets before it were read"},
		{"gzip header cut", file("m", z[:5]),
			"m: the gzip data is cut short: copy the file again; nothing was read before it"},
		{"packed while written", file("n", packed(t, "gzip", pcap[:100])),
			"n: frame 4 at byte 81: cut in the middle of the packet (19 of 25 bytes) although the gzip data is complete: it was packed while it was still being written; pack it again after the capture has ended"},
		{"packed twice", file("o", packed(t, "zstd", z)),
			"o: is packed twice (gzip in zstd): unpack it once first"},
		{"packed text", file("p", packed(t, "lz4", []byte("hello"))),
			`p: is text, not a capture (it starts with "hello"): save packets with tcpdump -w FILE or tshark -w FILE`},
		{"packed nothing", file("q", packed(t, "gzip", nil)),
			"q: is empty: was the capture stopped before it wrote its header? capture again"},
		{"missing", filepath.Join(dir, "missing"),
			"missing: cannot be opened, no such file or directory: check the name"},
		{"directory", dir,
			": is a directory: name the captures in it (" + dir + "/*.pcap)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Open([]string{tc.path}, Options{})
			defer r.Close()
			_, err := collect(r)
			got := strings.TrimPrefix(damage(t, err).Error(), dir)
			if got := strings.TrimPrefix(got, "/"); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if strings.HasSuffix(got, ".") || unicode.IsUpper([]rune(got)[0]) {
				t.Error("a message starts lower case and has no full stop")
			}
		})
	}
}

func TestPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything; run as another user")
	}
	path := benchFile(t, "secret.pcap", asPcap(binary.LittleEndian, magicMicro, some(1)))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := collect(Open([]string{path}, Options{}))
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "chmod +r") {
		t.Errorf("%v", err)
	}
}

// TestUnopened covers what the file system of a test cannot be made to do.
func TestUnopened(t *testing.T) {
	for errno, want := range map[error]string{
		syscall.EACCES: "cannot be opened, permission denied: read it as its owner or make it readable (chmod +r)",
		syscall.EMFILE: "cannot be opened, too many open files: raise the limit (ulimit -n) or merge the files with mergecap first",
		syscall.EIO:    "cannot be opened, input/output error",
	} {
		err := unopened(&os.PathError{Op: "open", Path: "x", Err: errno})
		if err.Error() != want || !errors.Is(err, errno) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// TestReadFailure: an input that the system cannot read on is no corrupt capture, packed or not.
func TestReadFailure(t *testing.T) {
	pcap := asPcap(binary.LittleEndian, magicMicro, some(4000))
	for _, kind := range []string{"", "gzip", "zstd", "lz4"} {
		data := pcap
		if kind != "" {
			data = packed(t, kind, pcap)
		}
		for _, n := range []int{3, len(data) / 2, len(data) - 1} {
			in := io.MultiReader(strings.NewReader(string(data[:n])), iotest.ErrReader(syscall.EIO))
			_, err := collect(Open([]string{"-"}, Options{Stdin: in}))
			if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "cannot be read on") {
				t.Errorf("%q, %d bytes: %v", kind, n, err)
			}
		}
	}
	_, err := collect(Open([]string{"-"}, Options{Stdin: stuck{}}))
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }
