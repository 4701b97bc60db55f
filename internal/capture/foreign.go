package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// foreign says what an input is that starts like no capture, and what to do with it.
func foreign(s *stream) error {
	b := s.peek(64)
	b = b[:min(len(b), 64)]
	if len(b) < 64 && s.err != io.EOF {
		return broken(s.packing, s.err)
	}
	if len(b) == 0 {
		return errors.New("is empty: was the capture stopped before it wrote its header? capture again")
	}
	if s.packing != "" && packing(b) != "" {
		return fmt.Errorf("is packed twice (%s in %s): unpack it once first", packing(b), s.packing)
	}
	for _, k := range []struct{ magic, what string }{
		{"\xfd7zXZ\x00", "is xz-compressed: pipe it, as in xz -dc FILE | finscope -"},
		{"BZh", "is bzip2-compressed: pipe it, as in bzip2 -dc FILE | finscope -"},
		{"PK\x03\x04", "is a zip archive: unpack it first"},
		{"\x02\x21\x4c\x18", "is lz4-compressed in the legacy format: pipe it, as in lz4 -dc FILE | finscope -"},
		{"snoop\x00", "is a snoop capture: convert it with editcap -F pcapng"},
		{"GMBU", "is a Network Monitor capture: convert it with editcap -F pcapng"},
		{"RTSS", "is a Network Monitor capture: convert it with editcap -F pcapng"},
		{"XCP\x00", "is a Sniffer capture: convert it with editcap -F pcapng"},
		{"\x1c\x00\x01\xab", "is an Ixia capture: convert it with editcap -F pcapng"},
		{"\xab\x01\x00\x1c", "is an Ixia capture: convert it with editcap -F pcapng"},
		{"\x1c\x00\x01\xac", "is an Ixia capture: convert it with editcap -F pcapng"},
		{"\xac\x01\x00\x1c", "is an Ixia capture: convert it with editcap -F pcapng"},
	} {
		if strings.HasPrefix(string(b), k.magic) {
			return errors.New(k.what)
		}
	}
	if line, ok := text(b); ok {
		return fmt.Errorf("is text, not a capture (it starts with %q): save packets with tcpdump -w FILE or tshark -w FILE", line)
	}
	if len(b) < 4 {
		return fmt.Errorf("is too short for a capture (%d bytes): copy the file again", len(b))
	}
	return fmt.Errorf("is not a pcap or pcapng capture (it starts with the bytes % x): check the name, "+
		"or convert it with editcap -F pcapng if Wireshark can read it", b[:min(len(b), 8)])
}

// text reports whether b reads as text and returns the start of its first line.
func text(b []byte) (string, bool) {
	line := b
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 && utf8.FullRune(b[i:]) || r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			return "", false
		}
		i += n
	}
	if i := bytes.IndexAny(line, "\r\n"); i >= 0 {
		line = line[:i]
	}
	return string(line[:min(len(line), 30)]), true
}
