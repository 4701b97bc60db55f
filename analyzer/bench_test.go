package analyzer

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"finscope/internal/arena"
	"finscope/internal/capgen"
	"finscope/internal/capture"
	"finscope/internal/decode"
	"finscope/reassembly"
)

// benchCapture writes a capture like the presets a (many packets, few connections open at a time) and b (few packets, many
// connections) of internal/capgen, but smaller.
func benchCapture(tb testing.TB, preset string, connections int) string {
	tb.Helper()
	o, ok := capgen.Preset(preset)
	if !ok {
		tb.Fatalf("no preset %q", preset)
	}
	o.Open = max(1, o.Open*connections/o.Connections)
	o.Connections = connections
	name := filepath.Join(tb.TempDir(), preset+".pcap")
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := capgen.Generate(f, o); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return name
}

// packetsOf decodes a capture.
func packetsOf(tb testing.TB, name string) []packet {
	tb.Helper()
	all, err := decoded(name)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// decoded returns the TCP segments of a capture, as far as it can be read.
func decoded(name string) (all []packet, err error) {
	src := capture.Open([]string{name}, capture.Options{})
	defer src.Close()
	d := decode.NewDecoder()
	var raw capture.Packet
	for frame := uint64(1); ; frame++ {
		switch err := src.Next(&raw); {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return all, err
		}
		p := packet{frame: frame, time: raw.Time}
		if d.Decode(decode.LinkType(raw.Link), raw.Data, raw.WireLen, raw.Time, &p.seg) == decode.TCP {
			all = append(all, p)
		}
	}
}

// track enters packets into a shard of their own, in batches as a file is read.
func track(packets []packet) *shard {
	s := newShard(newMachine(), 1)
	q := newQueue(s)
	for i := range packets {
		q.add(&packets[i], s.seed)
	}
	q.flush()
	return s
}

// perPacket reports a benchmark by packet instead of by run.
func perPacket(b *testing.B, packets int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(packets), "ns/packet")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTrack enters packets that are decoded already.
func BenchmarkTrack(b *testing.B) {
	for _, preset := range []string{"a", "b"} {
		packets := packetsOf(b, benchCapture(b, preset, 50_000))
		b.Run(preset, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				track(packets)
			}
			perPacket(b, len(packets))
		})
	}
}

// BenchmarkReadFile is the whole way from a file to a report, without its records.
func BenchmarkReadFile(b *testing.B) {
	for _, preset := range []string{"a", "b"} {
		name := benchCapture(b, preset, 50_000)
		packets := len(packetsOf(b, name))
		for _, jobs := range []string{"1", "2"} {
			b.Run(preset+"/jobs="+jobs, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := ReadFile(context.Background(), name, Options{Jobs: int(jobs[0] - '0')}); err != nil {
						b.Fatal(err)
					}
				}
				perPacket(b, packets)
			})
		}
	}
}

// BenchmarkFindingsOnly is what finscope -q does, with captures that are long enough for connections to be retired and folded.
// It is what cmd/finscope/default.pgo is recorded with.
func BenchmarkFindingsOnly(b *testing.B) {
	for _, preset := range []string{"a", "b", "c"} {
		name := benchCapture(b, preset, map[string]int{"a": 300_000, "b": 300_000, "c": 20_000}[preset])
		for _, jobs := range []string{"1", "2"} {
			b.Run(preset+"/jobs="+jobs, func(b *testing.B) {
				b.ReportAllocs()
				packets := 0
				for b.Loop() {
					r, err := ReadFile(context.Background(), name, Options{Jobs: int(jobs[0] - '0'), FindingsOnly: true})
					if err != nil {
						b.Fatal(err)
					}
					packets = int(r.Summary.Packets)
				}
				perPacket(b, packets)
			})
		}
	}
}

// An ordinary segment of an open connection allocates nothing.
func TestEstablishedAllocatesNothing(t *testing.T) {
	s := newShard(newMachine(), 1)
	w := lineUp(s, 1, time.Second.Nanoseconds())
	if n := testing.AllocsPerRun(10_000, func() { w.say(t, s) }); n != 0 {
		t.Errorf("%v allocations for a segment, want none", n)
	}
}

// line is a connection that sends one octet after the other.
type line struct {
	p    packet
	next reassembly.Seq
}

// lineUp opens connection number n of a client.
func lineUp(s *shard, n int, now int64) *line {
	w := &line{next: 101}
	w.p.time = now
	w.p.seg = decode.Segment{
		Src: decode.AddrFrom4([]byte{10, byte(n >> 24), byte(n >> 16), 1}), Dst: decode.AddrFrom4([]byte{192, 0, 2, 1}),
		SrcPort: uint16(n), DstPort: 80, TTL: 64, Window: 65535,
	}
	syn := w.p
	syn.seg.Flags, syn.seg.Seq = decode.SYN, 100
	enter(s, &syn)
	answer := syn
	answer.seg.Src, answer.seg.Dst, answer.seg.SrcPort, answer.seg.DstPort = syn.seg.Dst, syn.seg.Src, syn.seg.DstPort, syn.seg.SrcPort
	answer.seg.Flags, answer.seg.Seq, answer.seg.Ack = decode.SYN|decode.ACK, 500, 101
	enter(s, &answer)
	w.p.seg.Flags, w.p.seg.Seq, w.p.seg.Ack = decode.ACK, 101, 501
	enter(s, &w.p)
	return w
}

// say sends the next octet.
func (w *line) say(tb testing.TB, s *shard) {
	w.p.frame++
	w.p.time += 1000
	w.p.seg.Seq, w.p.seg.Len = w.next, 1
	w.next++
	enter(s, &w.p)
}

// enter enters one packet.
func enter(s *shard, p *packet) {
	s.add(p, hashOf(&p.seg, s.seed))
}

// heldBy returns how many octets a shard has allocated for its connections.
func heldBy(s *shard) int {
	n := len(s.table.slots)*int(sizeOf[slot]()) + cap(s.births.deltas)
	n += s.wheel.Octets()
	n += s.flows.Octets() + s.closings.Octets() + s.resets.Octets() + s.odds.Octets() + s.rarities.Octets() + s.repeats.Octets()
	n += s.gaps.Octets() + s.wides.Octets() + s.notes.Octets() + s.suspects.Octets()
	return n
}

// takenBy returns how many of them its connections take, without the room for others.
func takenBy(s *shard) int {
	n := s.table.used * int(sizeOf[slot]())
	n += taken(&s.flows) + taken(&s.closings) + taken(&s.resets) + taken(&s.odds) + taken(&s.rarities) + taken(&s.repeats)
	return n + taken(&s.gaps) + taken(&s.wides) + taken(&s.notes) + taken(&s.suspects)
}

func taken[T any](a *arena.Free[T]) int { return a.InUse() * int(sizeOf[T]()) }

// The bounds of what a connection costs. They have room for some fields more, not for another copy of anything.
const (
	maxOpenOctets   = 400 // an open one, with its place in the table
	maxFoldedOctets = 440 // one that is over and folded
)

func TestOctetsPerConnection(t *testing.T) {
	const n = 1 << 17 * 3 / 2 // the table is just full
	s := newShard(newMachine(), 1)
	for i := range n {
		lineUp(s, i, 1e9)
	}
	if got := heldBy(s) / n; got > maxOpenOctets {
		t.Errorf("%d octets for an open connection, want at most %d", got, maxOpenOctets)
	}
	if size := sizeOf[flow](); size != 5*64 {
		t.Errorf("the record of an open connection has %d octets, want five lines of memory", size)
	}

	s = track(packetsOf(t, benchCapture(t, "a", 60_000)))
	over := s.closings.InUse()
	foldAll(s)
	if left := s.closings.InUse(); left > over/10 {
		t.Errorf("%d of %d connections that are over are not folded", left, over)
	}
	if got := takenBy(s) / s.flows.InUse(); got > maxFoldedOctets {
		t.Errorf("%d octets for a connection that is over, want at most %d", got, maxFoldedOctets)
	}
}
