package analyzer

import (
	"path/filepath"
	"slices"
	"testing"

	"finscope/internal/capgen"
	"finscope/internal/capture"
	"finscope/internal/decode"
	"finscope/reassembly"
)

// Where one time is wrong by years, the ages of open connections rest on that: none of them is certain. Disorder of less than an hour
// is no such thing, and what had closed is as certain as ever. That packets are shown makes no difference.
func TestClockStep(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ahead int64
		open  []Doubt
	}{
		{"a packet of 2065", 42 * 365 * 24 * 3600e9, []Doubt{DoubtDisorder}},
		{"a packet half an hour ahead", 1800e9, []Doubt{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay(1)
			closed, half, wrong := &tuple{p: p, port: 40000}, &tuple{p: p, port: 40001}, &tuple{p: p, port: 40002}
			closed.connect([2]reassembly.Seq{1000, 5000})
			closed.closeBy(0)
			half.now = closed.now
			half.connect([2]reassembly.Seq{1000, 5000})
			half.send(0, decode.FIN|decode.ACK, half.next[0], 0)
			half.send(1, decode.ACK, half.next[1], 0)
			wrong.now = half.now
			wrong.send(0, decode.SYN, 1000, 0)
			p.packets[len(p.packets)-1].time += tt.ahead
			wrong.send(1, decode.RST|decode.ACK, 0, 0)
			file := writeCapture(t, p.packets)
			for _, opts := range []Options{{}, {Packet: func(int, *capture.Packet) error { return nil }}} {
				rep, err := ReadFile(t.Context(), file, opts)
				if err != nil {
					t.Fatal(err)
				}
				for stream, want := range [][]Doubt{{}, tt.open} {
					if f, _ := rep.Flow(stream); !slices.Equal(f.Doubts, want) {
						t.Errorf("shown: %v, stream %d: doubts %v, want %v", opts.Packet != nil, stream, f.Doubts, want)
					}
				}
			}
		})
	}
}

// writeCapture writes segments to a capture file and returns its name.
func writeCapture(t *testing.T, packets []packet) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "c.pcap")
	raws := make([]capture.Packet, len(packets))
	for i := range packets {
		p := &packets[i]
		frame, wire := capgen.AppendPacket(nil, &p.seg, 0)
		raws[i] = capture.Packet{Time: p.time, Link: 1, Data: frame, WireLen: wire}
	}
	WriteCapture(t, name, raws)
	return name
}
