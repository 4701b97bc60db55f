package capgen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"testing"
	"time"
	"unsafe"
)

// small returns a preset cut down to what a test can read.
func small(t testing.TB, preset string, connections, open int) Options {
	t.Helper()
	o, ok := Preset(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	o.Connections = connections
	o.Open = min(o.Open, open)
	return o
}

// declared is the snapshot length that a file header states.
func declared(snaplen int) int {
	if snaplen == 0 {
		return wholePackets
	}
	return snaplen
}

func TestSameOptionsGiveTheSameBytes(t *testing.T) {
	// Benchmarks of different days compare only if the bytes stay what they are: change the digests knowingly.
	tests := []struct{ preset, digest string }{
		{"a", "e0f3587d781fff4d"},
		{"b", "798e06e10cb9e022"},
		{"c", "0f2e0f97bee9ba79"},
		{"tw-client", "f1ba5f5f6d9c097c"},
		{"tw-server", "4ed698500147a224"},
	}
	for _, tt := range tests {
		t.Run(tt.preset, func(t *testing.T) {
			hash := sha256.New()
			if _, err := Generate(hash, small(t, tt.preset, 1000, 50)); err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(hash.Sum(nil)[:8]); got != tt.digest {
				t.Errorf("digest %s, want %s", got, tt.digest)
			}
		})
	}
}

func TestSeedsDiffer(t *testing.T) {
	var files [2]bytes.Buffer
	for i := range files {
		o := small(t, "a", 100, 10)
		o.Seed = uint64(i)
		if _, err := Generate(&files[i], o); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("two seeds gave the same capture")
	}
}

// The truth is held against what an observer makes of the packets who knows nothing of scripts.
func TestCaptureIsWhatTheTruthSays(t *testing.T) {
	for _, preset := range []string{"a", "b", "c", "tw-client", "tw-server"} {
		for _, packets := range []int{0, 8, 23} {
			t.Run(fmt.Sprintf("%s, %d packets", preset, packets), func(t *testing.T) {
				o := small(t, preset, 1500, 100)
				o.Packets = packets
				var told []Connection
				o.Each = func(c Connection) { told = append(told, c) }
				var file bytes.Buffer
				truth, err := Generate(&file, o)
				if err != nil {
					t.Fatal(err)
				}
				if truth.Bytes != int64(file.Len()) {
					t.Errorf("truth has %d octets, the file %d", truth.Bytes, file.Len())
				}
				seen := observe(t, &file, declared(o.Snaplen))
				if seen.packets != truth.Packets || len(seen.streams) != truth.Connections || len(told) != truth.Connections {
					t.Errorf("truth has %d packets in %d connections, told of %d; the file %d in %d",
						truth.Packets, truth.Connections, len(told), seen.packets, len(seen.streams))
				}
				if seen.first != truth.Start || seen.last != truth.End {
					t.Errorf("truth lasts from %d to %d, the file from %d to %d", truth.Start, truth.End, seen.first, seen.last)
				}
				verdicts, closers := map[string]int{}, map[string]int{}
				for i, s := range seen.streams {
					verdict, first := s.judge()
					verdicts[verdict]++
					closers[first]++
					if c := told[i]; c.Stream != i || verdict != c.Close.Verdict() || first != c.Close.ClosedFirst(c.Closer) || s.midStream() != c.MidStream ||
						(s.resent > 0) != c.Resent {
						t.Errorf("stream %d: told %+v (%v), looks %s, closed first %s: %+v", i, c, c.Close, verdict, first, s)
					}
				}
				if !maps.Equal(verdicts, truth.Verdicts()) || !maps.Equal(closers, truth.ClosedFirst()) {
					t.Errorf("truth has %v %v, the file %v %v", truth.Verdicts(), truth.ClosedFirst(), verdicts, closers)
				}
			})
		}
	}
}

// Every share of the mix is there in about the proportion asked for.
func TestMix(t *testing.T) {
	o := small(t, "a", 20_000, 200)
	truth, err := Generate(io.Discard, o)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, s := range o.Mix {
		sum += s.Weight
	}
	if sum != 1000 {
		t.Errorf("weights add up to %d, not to 1000", sum)
	}
	for _, s := range o.Mix {
		want := float64(s.Weight) * 20
		if got := float64(truth.Count(s.Close, s.Closer)); got < want/2-5 || got > want*1.5+5 {
			t.Errorf("%v by the %v: %v connections, want about %v", s.Close, s.Closer, got, want)
		}
	}
}

func TestOpenAtATime(t *testing.T) {
	for _, open := range []int{1, 10, 300} {
		o := small(t, "a", 3000, open)
		o.Open = open
		var file bytes.Buffer
		truth, err := Generate(&file, o)
		if err != nil {
			t.Fatal(err)
		}
		// In the middle half of the time all slots are in use, but for the instant between two connections.
		seen := observe(t, &file, declared(o.Snaplen))
		if seen.peak > open || seen.low < open*98/100-1 || truth.PeakOpen != open {
			t.Errorf("%d asked for: from %d to %d open, truth says %d", open, seen.low, seen.peak, truth.PeakOpen)
		}
	}
}

// The port range comes round after 28,232 connections, 47 s, and a tuple used again has higher numbers than before.
func TestShortLivedCyclesThroughPorts(t *testing.T) {
	o, _ := Preset("tw-client")
	o.Connections = numPorts + 500
	var file bytes.Buffer
	truth, err := Generate(&file, o)
	if err != nil {
		t.Fatal(err)
	}
	seen := observe(t, &file, declared(o.Snaplen))
	for i, s := range seen.streams {
		if want := uint16(firstPort + i%numPorts); s.clientPort != want {
			t.Fatalf("connection %d has port %d, want %d", i, s.clientPort, want)
		}
		// Starts are exact; the time of day begins at the first.
		if want := truth.Start + int64(i)*int64(time.Second)/600; s.first != want {
			t.Fatalf("connection %d starts at %d, want %d", i, s.first, want)
		}
		if i < numPorts {
			continue
		}
		before := seen.streams[i-numPorts]
		for end := range s.ends {
			if !before.ends[end].nxt.Before(s.ends[end].isn) || int32(s.ends[end].ts-before.ends[end].ts) <= 0 {
				t.Fatalf("connection %d: numbers do not go on above those of %d", i, i-numPorts)
			}
		}
	}
}

func TestWrongOptions(t *testing.T) {
	good, _ := Preset("a")
	tests := []struct {
		name  string
		spoil func(*Options)
	}{
		{"nothing open", func(o *Options) { o.Open = 0 }},
		{"negative count", func(o *Options) { o.Connections = -1 }},
		{"more open than tuples", func(o *Options) { o.Clients = 1; o.Open = numPorts + 1 }},
		{"no payload", func(o *Options) { o.Payload = 0 }},
		{"no services", func(o *Options) { o.Services = nil }},
		{"no mix", func(o *Options) { o.Mix = nil }},
		{"weights of nothing", func(o *Options) { o.Mix = []Share{{Open, Client, 0}} }},
		{"no lifetime", func(o *Options) { o.Lifetime = 0 }},
		{"no address", func(o *Options) { o.Services = []Service{{"localhost", 80, 1}} }},
		{"too many packets", func(o *Options) { o.Packets = 1 << 16 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.spoil(&o)
			var file bytes.Buffer
			if _, err := Generate(&file, o); err == nil || file.Len() > 0 {
				t.Errorf("error %v and %d octets, want an error and nothing written", err, file.Len())
			}
		})
	}
}

func TestNoConnections(t *testing.T) {
	o := small(t, "a", 0, 10)
	var file bytes.Buffer
	if truth, err := Generate(&file, o); err != nil || truth.Packets != 0 || file.Len() != fileHeaderLen {
		t.Errorf("%d packets, %d octets, %v", truth.Packets, file.Len(), err)
	}
}

func TestConnFitsTwoCacheLines(t *testing.T) {
	if size := unsafe.Sizeof(conn{}); size > 128 {
		t.Errorf("a connection takes %d octets", size)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, open := range []int{2_000, 1_000_000} {
		b.Run(fmt.Sprintf("open=%d", open), func(b *testing.B) {
			o, _ := Preset("b")
			o.Open = open
			o.Connections = 1_500_000
			b.ReportAllocs()
			packets := 0
			for b.Loop() {
				truth, err := Generate(io.Discard, o)
				if err != nil {
					b.Fatal(err)
				}
				packets += truth.Packets
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
		})
	}
}
