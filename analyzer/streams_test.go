package analyzer_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finscope/analyzer"
	"finscope/internal/capgen"
	"finscope/internal/capture"
	"finscope/internal/decode"
	"finscope/reassembly"
)

// streamCase is a small capture and the stream numbers of its packets. Each line of packets is one:
//
//	[+SECONDS] [icmp]> | < FLAGS SEQ [ACK [LEN]] = TSHARK [FINSCOPE]
//
// FLAGS are letters of FSRPA. The numbers behind = are tcp.stream in TShark 4.0.17, and the stream that finscope puts the
// packet into where that is another one; - is none. icmp> is a packet that an ICMP error quotes.
type streamCase struct {
	name    string
	packets string
	reason  string // for each difference
}

// askTShark makes TestStreamNumbers and TestCaptures compare what was recorded with what the tshark of this machine says.
var askTShark = flag.Bool("tshark", false, "compare recorded stream numbers with those of the installed tshark")

var streamCases = []streamCase{
	{name: "used again after an orderly close", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> FA 1001 5001 = 0
		< FA 5001 1002 = 0
		> A 1002 5002 = 0
		+70 > S 900000 = 1
		< SA 800000 900001 = 1
		> A 900001 800001 = 1`},
	{name: "used again before TIME_WAIT was over, first number one above", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		< FA 5001 1001 = 0
		> FA 1001 5002 = 0
		< A 5002 1002 = 0
		+1 > S 1003 = 1
		< SA 70538 1004 = 1
		> A 1004 70539 = 1`},
	{name: "late ACK and FIN copy after the close", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> FA 1001 5001 = 0
		< FA 5001 1002 = 0
		> A 1002 5002 = 0
		+0.2 < FA 5001 1002 = 0
		> A 1002 5002 = 0`},
	{name: "SYN into a living connection: challenge ACK, RST, SYN again", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> PA 1001 5001 100 = 0
		< A 5001 1101 = 0
		+100 > S 777000 = 1
		< A 5001 1101 = 1 0
		> R 1101 = 1 0
		+0.02 > S 777000 = 1
		< SA 333000 777001 = 1
		> A 777001 333001 = 1`,
		reason: "challenge ACK and RST stand at the numbers of the old connection, which they end"},
	{name: "stray SYN into a living connection that goes on", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> S 777000 = 1 0
		< A 5001 1001 = 1 0
		> PA 1001 5001 100 = 1 0
		< A 5001 1101 = 1 0
		> FA 1101 5001 = 1 0
		< FA 5001 1102 = 1 0
		> A 1102 5002 = 1 0`,
		reason: "the SYN starts nothing: the connection goes on. Its number is used up all the same, so that those after it agree"},
	{name: "SYN sent again", packets: `
		> S 1000 = 0
		+1 > S 1000 = 0
		+2 > S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0`},
	{name: "SYN sent again after the SYN-ACK", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		+1 > S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0`},
	{name: "SYNs with new numbers, unanswered", packets: `
		> S 1000 = 0
		+5 > S 2000000 = 1
		+5 > S 3000000 = 2`},
	{name: "refused, then the same SYN again", packets: `
		> S 1000 = 0
		< RA 0 1001 = 0
		+0.5 > S 1000 = 0
		< RA 0 1001 = 0
		+0.5 > S 1000 = 0
		< RA 0 1001 = 0`},
	{name: "refused, then tried with a new number", packets: `
		> S 1000 = 0
		< RA 0 1001 = 0
		+0.5 > S 44000 = 1
		< SA 5000 44001 = 1
		> A 44001 5001 = 1`},
	{name: "reset, then a SYN with a new number", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		< RA 5001 1001 = 0
		> S 44000 = 1
		< SA 9000 44001 = 1
		> A 44001 9001 = 1`},
	{name: "reset, then a SYN with the number of the old one", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> RA 1001 5001 = 0
		+3 > S 1000 = 0
		< SA 9000 1001 = 0 1
		> A 1001 9001 = 0 1`,
		reason: "a SYN-ACK with a new number after the end of a connection belongs to the next"},
	{name: "closed, then a SYN with the number of the old one", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> FA 1001 5001 = 0
		< FA 5001 1002 = 0
		> A 1002 5002 = 0
		+90 > S 1000 = 0
		< SA 9000 1001 = 0 1
		> A 1001 9001 = 0 1`,
		reason: "a SYN-ACK with a new number after the end of a connection belongs to the next"},
	{name: "half-closed, then the first SYN again", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> FA 1001 5001 = 0
		> S 1000 = 0
		< A 5001 1002 = 0
		< FA 5001 1002 = 0
		> A 1002 5002 = 0`},
	{name: "half-closed, then a new SYN that is accepted", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		< FA 5001 1001 = 0
		> A 1001 5002 = 0
		+300 > S 88000 = 1
		< SA 99000 88001 = 1
		> A 88001 99001 = 1`},
	{name: "simultaneous open", packets: `
		> S 1000 = 0
		< S 5000 = 0
		> SA 1000 5001 = 0
		< SA 5000 1001 = 0
		> PA 1001 5001 10 = 0`},
	{name: "SYN-ACK captured before its SYN", packets: `
		< SA 5000 1001 = 0
		> S 1000 = 0
		> A 1001 5001 = 0`},
	{name: "third packet captured before SYN and SYN-ACK", packets: `
		> A 1001 5001 = 0
		> S 1000 = 0
		< SA 5000 1001 = 0`},
	{name: "SYN-ACK only, then the answering RST", packets: `
		< SA 5000 1001 = 0
		> R 1001 = 0`},
	{name: "in use, then used again without a close in sight", packets: `
		> PA 1001 5001 10 = 0
		< A 5001 1011 = 0
		+3600 > S 600000 = 1
		< SA 400000 600001 = 1
		> A 600001 400001 = 1`},
	{name: "open, then used again without a close in sight", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		+3600 > S 600000 = 1
		< SA 400000 600001 = 1
		> A 600001 400001 = 1`},
	{name: "open, then the other end opens on the same ports", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> FA 1001 5001 = 0
		< FA 5001 1002 = 0
		> A 1002 5002 = 0
		+70 < S 700000 = 1
		> SA 400000 700001 = 1
		< A 700001 400001 = 1`},
	{name: "closed, then only the SYN-ACK of the next", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> FA 1001 5001 = 0
		< FA 5001 1002 = 0
		> A 1002 5002 = 0
		+70 < SA 800000 900001 = 0 1
		> A 900001 800001 = 0 1`,
		reason: "a SYN-ACK with a new number after the end of a connection belongs to the next"},
	{name: "closed, then data with other numbers", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0
		> FA 1001 5001 = 0
		< FA 5001 1002 = 0
		> A 1002 5002 = 0
		+70 > PA 900001 800001 10 = 0
		< A 800001 900011 = 0`},
	{name: "SYN-ACK with another number each time", packets: `
		> S 1000 = 0
		< SA 5000 1001 = 0
		+1 > S 1000 = 0
		< SA 62000 1001 = 0
		> A 1001 62001 = 0`},
	{name: "SYN with data and FIN", packets: `
		> SF 1000 = 0
		< SA 5000 1002 = 0
		> S 1000 = 0`},
	{name: "RST first, then a SYN", packets: `
		< RA 0 1001 = 0
		> S 1000 = 0
		< RA 0 1001 = 0`},
	{name: "quoted by an ICMP error first", packets: `
		icmp> S 1000 = 0 -
		> S 1000 = 0
		< SA 5000 1001 = 0
		> A 1001 5001 = 0`,
		reason: "a packet quoted by an ICMP error is none of the connection"},
	{name: "quoted by an ICMP error, nothing else", packets: `
		icmp> S 1000 = 0 -`,
		reason: "a packet quoted by an ICMP error is none of the connection"},
	{name: "quoted by an ICMP error, eight octets of it", packets: `
		icmp8> S 1000 = -`},
	{name: "quoted by an ICMP error, followed by a new number", packets: `
		icmp> S 900 = 0 -
		> S 1000 = 0
		< SA 5000 1001 = 0`,
		reason: "a packet quoted by an ICMP error is none of the connection"},
	{name: "quoted by an ICMP error later", packets: `
		> S 1000 = 0
		icmp> S 1000 = 0
		+1 > S 1000 = 0`},
	{name: "quoted by an ICMP error later, a number that was not sent", packets: `
		> S 1000 = 0
		icmp> S 900 = 0 -
		+1 > S 1000 = 0`,
		reason: "a packet quoted by an ICMP error is none of the connection if it was not sent there"},
}

// TestStreamNumbers holds the stream number of every packet against TShark's.
func TestStreamNumbers(t *testing.T) {
	for _, c := range streamCases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "case.pcap")
			tshark, want := c.write(t, file)
			if got := streamsOfFrames(t, file, len(want)); !slices.Equal(got, want) {
				t.Errorf("streams %q, want %q", got, want)
			}
			if *askTShark {
				if got := tsharkStreams(t, file); !slices.Equal(got, tshark) {
					t.Errorf("TShark here says %q, recorded is %q", got, tshark)
				}
			}
			if different := !slices.Equal(tshark, want); different != (c.reason != "") {
				t.Errorf("differs from TShark: %t, reason: %q", different, c.reason)
			}
		})
	}
}

// write writes the capture, and returns the stream number of each packet in TShark and in finscope.
func (c *streamCase) write(t *testing.T, file string) (tshark, finscope []string) {
	t.Helper()
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(c.packets), "\n") {
		packet, streams, _ := strings.Cut(line, "=")
		lines = append(lines, packet)
		numbers := strings.Fields(streams)
		tshark = append(tshark, numbers[0])
		finscope = append(finscope, numbers[len(numbers)-1])
	}
	writeLines(t, file, lines, func(i int, words []string) []byte {
		frame := frameOf(t, i, words)
		if strings.HasPrefix(words[0], "icmp") {
			frame = quoted(frame, strings.HasPrefix(words[0], "icmp8"), netip.MustParseAddr("10.0.0.5"), 3, 3)
		}
		return frame
	})
	return tshark, finscope
}

// writeLines writes a capture of which each line is a packet, 1 ms after the one before and the SECONDS in front of it, if there are any.
// frame makes the packet of line i, of which words are the rest.
func writeLines(t *testing.T, file string, lines []string, frame func(i int, words []string) []byte) {
	t.Helper()
	var packets []capture.Packet
	now := int64(1_700_000_000e9)
	for i, line := range lines {
		words := strings.Fields(line)
		now += 1e6
		if after, ok := strings.CutPrefix(words[0], "+"); ok {
			seconds, err := strconv.ParseFloat(after, 64)
			if err != nil {
				t.Fatal(err)
			}
			now += int64(seconds * 1e9)
			words = words[1:]
		}
		data := frame(i, words)
		packets = append(packets, capture.Packet{Time: now, Link: 1, Data: data, WireLen: len(data)})
	}
	analyzer.WriteCapture(t, file, packets)
}

// frameOf makes the frame of packet i.
func frameOf(t *testing.T, i int, words []string) []byte {
	t.Helper()
	seg := segmentOf(t, words)
	seg.IPID = uint32(i) + 1
	frame, _ := capgen.AppendPacket(nil, &seg, 0)
	return frame
}

// segmentOf reads direction, flags and numbers of a packet.
func segmentOf(t *testing.T, words []string) decode.Segment {
	t.Helper()
	client, server := decode.AddrFrom(netip.MustParseAddr("10.0.0.7")), decode.AddrFrom(netip.MustParseAddr("10.0.0.5"))
	seg := decode.Segment{Src: client, SrcPort: 40112, Dst: server, DstPort: 8080, Window: 64240, TTL: 64}
	if words[0] == "<" {
		seg.Src, seg.Dst, seg.SrcPort, seg.DstPort = seg.Dst, seg.Src, seg.DstPort, seg.SrcPort
	}
	for _, letter := range words[1] {
		seg.Flags |= map[rune]decode.Flags{'F': decode.FIN, 'S': decode.SYN, 'R': decode.RST, 'P': decode.PSH, 'A': decode.ACK}[letter]
	}
	var numbers [3]uint32
	for i, w := range words[2:] {
		n, err := strconv.ParseUint(w, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		numbers[i] = uint32(n)
	}
	seg.Seq, seg.Ack, seg.Len = reassembly.Seq(numbers[0]), reassembly.Seq(numbers[1]), numbers[2]
	return seg
}

// quoted wraps the packet of an Ethernet frame, or its IP header and eight octets more, into an ICMP error of some host (RFC 792).
func quoted(frame []byte, eight bool, by netip.Addr, kind, code byte) []byte {
	const ethernet, ip, icmp = 14, 20, 8
	inner := frame[ethernet:]
	if eight {
		inner = inner[:ip+8]
	}
	out := slices.Clone(frame[:ethernet+ip])
	head := out[ethernet:]
	binary.BigEndian.PutUint16(head[2:], uint16(ip+icmp+len(inner)))
	head[9] = 1 // ICMP
	copy(head[16:20], head[12:16])
	copy(head[12:16], by.AsSlice())
	binary.BigEndian.PutUint16(head[10:], 0)
	binary.BigEndian.PutUint16(head[10:], internetChecksum(head[:ip]))
	message := append([]byte{kind, code, 0, 0, 0, 0, 0, 0}, inner...)
	binary.BigEndian.PutUint16(message[2:], internetChecksum(message))
	return append(out, message...)
}

// internetChecksum is that of RFC 1071.
func internetChecksum(b []byte) uint16 {
	var sum uint32
	for i, c := range b {
		sum += uint32(c) << (8 * (1 - i%2))
	}
	sum = sum>>16 + sum&0xffff
	return ^uint16(sum>>16 + sum)
}

// streamsOfFrames returns the stream of each frame: that of the latest connection whose ladder has it.
func streamsOfFrames(t *testing.T, file string, frames int) []string {
	t.Helper()
	var trace []int
	for i := range frames {
		trace = append(trace, i)
	}
	rep, err := analyzer.ReadFile(t.Context(), file, analyzer.Options{Trace: trace})
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Repeat([]string{"-"}, frames)
	for f := range rep.Flows() {
		rungs, _ := rep.Ladder(f.Stream)
		for _, r := range rungs {
			out[r.Frame-1] = strconv.Itoa(f.Stream)
		}
	}
	return out
}

// tsharkStreams asks tshark.
func tsharkStreams(t *testing.T, file string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "tshark", "-r", file, "-T", "fields", "-e", "frame.number", "-e", "tcp.stream")
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("%v: %w", cmd, err))
	}
	out := []string{}
	for line := range strings.Lines(string(text)) {
		_, stream, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if stream == "" {
			stream = "-"
		}
		out = append(out, stream)
	}
	return out
}
