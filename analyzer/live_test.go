package analyzer

import (
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"finscope/internal/capgen"
	"finscope/internal/capture"
)

// replay plays a capture file as if it were live: time is moved on every 7 packets, a report is made every 100.
func replay(t *testing.T, name string, opts Options, tell func(Event) error) *Session {
	t.Helper()
	s, err := NewSession(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	src := capture.Open([]string{name}, capture.Options{})
	defer src.Close()
	var p capture.Packet
	last := int64(0)
	for src.Next(&p) == nil {
		if s.Packets() > 0 && p.Time-last > 10e9 { // time moves without packets
			if err := s.Advance(time.Unix(0, last+10e9), tell); err != nil {
				t.Fatal(err)
			}
		}
		last = p.Time
		if err := s.Add(&p); err != nil {
			t.Fatal(err)
		}
		if s.Packets()%7 == 0 {
			if err := s.Advance(time.Unix(0, p.Time), tell); err != nil {
				t.Fatal(err)
			}
		}
		if s.Packets()%100 == 0 {
			s.Report()
		}
	}
	return s
}

// Looking on and reporting in between change nothing: the last report is that of the file.
func TestSessionLikeFiles(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/real/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, err := ReadFile(t.Context(), name, Options{})
			if len(capture.Damages(err)) > 0 {
				t.Skip("damaged on purpose")
			} else if err != nil {
				t.Fatal(err)
			}
			closed := map[int]*Flow{}
			stuck := map[int]int{}
			s := replay(t, name, Options{}, func(e Event) error {
				if e.Flow == nil {
					return nil // ports or a leak
				}
				n := e.Flow.Stream
				switch e.Kind {
				case EventClosed:
					if closed[n] != nil || stuck[n] != 0 {
						t.Errorf("stream %d: closed, stuck %d, told before: %v", n, stuck[n], closed[n] != nil)
					}
					closed[n] = e.Flow
				case EventStuck:
					stuck[n]++
				case EventStuckOver:
					stuck[n]--
				}
				if stuck[n] < 0 || stuck[n] > 1 {
					t.Errorf("stream %d: stuck told %d times", n, stuck[n])
				}
				return nil
			})
			got := s.Report()
			if d := cmp.Diff(want.Summary, got.Summary, cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("summary (-file +session):\n%s", d)
			}
			a, b := slices.Collect(want.Flows()), slices.Collect(got.Flows())
			a = slices.DeleteFunc(a, func(f *Flow) bool { // given back: its end was told, or there was nothing to tell of
				gone := !slices.ContainsFunc(b, func(g *Flow) bool { return g.Stream == f.Stream })
				if told := closed[f.Stream]; gone && f.Verdict != NoReply && (told == nil || told.Verdict != f.Verdict || told.LastFrame != f.LastFrame) {
					t.Errorf("stream %d: %s, given back before its end was told", f.Stream, f.Verdict)
				}
				return gone
			})
			if d := cmp.Diff(a, b, cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("connections (-file +session):\n%s", d)
			}
			if want.Summary.End.Sub(*want.Summary.Start) <= bookSpan { // of a longer one the session has forgotten some
				if d := cmp.Diff(want.Services, got.Services, cmpopts.EquateComparable(netip.Addr{})); d != "" {
					t.Errorf("services (-file +session):\n%s", d)
				}
				if d := cmp.Diff(want.Findings, got.Findings, cmpopts.EquateComparable(netip.Addr{})); d != "" {
					t.Errorf("findings (-file +session):\n%s", d)
				}
			}
			for _, f := range b {
				if told := closed[f.Stream]; told != nil && s.Told(f) && told.Verdict != f.Verdict {
					t.Errorf("stream %d: told as %s, is %s", f.Stream, told.Verdict, f.Verdict)
				}
			}
		})
	}
}

// An event that cannot be told is told the next time.
func TestSessionTellsAgain(t *testing.T) {
	broken := errors.New("broken")
	s := replay(t, "../testdata/pcaps/real/http-packets2.pcap", Options{}, func(Event) error { return nil })
	s.watched, s.told = nil, map[int32]uint64{}
	for id := int32(1); id <= s.run.shards[0].flows.Len(); id++ {
		if f := s.run.shards[0].flows.At(id); f.closing != 0 {
			s.watched = append(s.watched, watched{flow: id, birth: f.birth})
		}
	}
	want := 0
	later := time.Unix(0, s.run.end).Add(time.Minute)
	if err := s.Advance(later, func(Event) error { want++; return broken }); err != broken || want != 1 {
		t.Fatalf("%v after %d events", err, want)
	}
	var streams []int
	if err := s.Advance(later, func(e Event) error {
		if e.Kind == EventClosed {
			streams = append(streams, e.Flow.Stream)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(streams)
	if n := len(slices.Compact(streams)); n == 0 || n != len(streams) {
		t.Errorf("told %v", streams)
	}
}

// Looking at connections that wait costs next to nothing while nothing comes for them.
func BenchmarkAdvance(b *testing.B) {
	s, err := NewSession("", Options{})
	if err != nil {
		b.Fatal(err)
	}
	src := capture.Open([]string{"../testdata/pcaps/real/modbus.pcap"}, capture.Options{})
	defer src.Close()
	var p capture.Packet
	for src.Next(&p) == nil {
		if err := s.Add(&p); err != nil {
			b.Fatal(err)
		}
	}
	stuck := slices.IndexFunc(s.watched, func(w watched) bool { return !s.run.shards[0].hasEnded(s.run.shards[0].flows.At(w.flow)) })
	if stuck < 0 {
		b.Fatal("nothing is stuck")
	}
	one := s.watched[stuck]
	s.watched = nil
	for range 100_000 {
		s.watched = append(s.watched, one)
	}
	now := time.Unix(0, s.run.end)
	ignore := func(Event) error { return nil }
	if err := s.Advance(now, ignore); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		now = now.Add(100 * time.Millisecond)
		if err := s.Advance(now, ignore); err != nil {
			b.Fatal(err)
		}
	}
}

// A session does not grow with the traffic that has passed, and its counts are those of all of it.
func TestSessionForgets(t *testing.T) {
	const connections, rate = 24_000, 10 // 40 minutes
	o, _ := capgen.Preset("a")
	o.Connections, o.Rate, o.Packets, o.Open = connections, rate, 9, connections
	o.Mix = slices.DeleteFunc(o.Mix, func(s capgen.Share) bool {
		return s.Close == capgen.Open || s.Close == capgen.Stuck || s.Close == capgen.Unanswered
	})
	name := filepath.Join(t.TempDir(), "long.pcap")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := capgen.Generate(f, o); err != nil {
		t.Fatal(err)
	}
	f.Close()
	told := 0
	s, err := NewSession(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := capture.Open([]string{name}, capture.Options{})
	defer src.Close()
	sh := s.run.shards[0]
	var raw capture.Packet
	var kept, slots, half int
	for src.Next(&raw) == nil {
		if err := s.Add(&raw); err != nil {
			t.Fatal(err)
		}
		if s.Packets()%64 == 0 {
			if err := s.Advance(time.Unix(0, raw.Time), func(e Event) error {
				if e.Kind == EventClosed {
					told++
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if half == 0 && s.Counts().Flows == connections/2 {
			half, kept, slots = int(s.Packets()), int(sh.flows.Len()), sh.table.used
		}
	}
	if n := int(sh.flows.Len()); n > kept*11/10 || n > connections/8 {
		t.Errorf("room for %d connections in the end, %d after half the time", n, kept)
	}
	if n := sh.table.used; n > slots*11/10 || n > connections/2 {
		t.Errorf("%d slots in the end, %d after half the time", n, slots)
	}
	if n := len(s.told); n > connections/4 {
		t.Errorf("%d told connections are remembered", n)
	}
	got := s.Report()
	want, err := ReadFile(t.Context(), name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if g, w := got.Summary.Verdicts, want.Summary.Verdicts; !maps.Equal(g, w) {
		t.Errorf("verdicts %v, want %v", g, w)
	}
	if g, w := got.Summary.ClosedFirst, want.Summary.ClosedFirst; !maps.Equal(g, w) {
		t.Errorf("closed first %v, want %v", g, w)
	}
	if g, w := got.Summary.Codes, want.Summary.Codes; !maps.Equal(g, w) {
		t.Errorf("codes %v, want %v", g, w)
	}
	for i := range want.Services {
		if g, w := got.Services[i], want.Services[i]; g.Flows != w.Flows || g.TimeWait.Client.Now != w.TimeWait.Client.Now || g.TimeWait.Server.Now != w.TimeWait.Server.Now {
			t.Errorf("%v:%d: %d connections, TIME_WAIT %+v; want %d, %+v", g.IP, g.Port, g.Flows, g.TimeWait, w.Flows, w.TimeWait)
		}
	}
	if told == 0 {
		t.Error("no end was told")
	}
}
