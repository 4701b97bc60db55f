package analyzer

import (
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
	for src.Next(&p) == nil {
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
			if d := cmp.Diff(a, b, cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("connections (-file +session):\n%s", d)
			}
			if d := cmp.Diff(want.Services, got.Services, cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("services (-file +session):\n%s", d)
			}
			if d := cmp.Diff(want.Findings, got.Findings, cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("findings (-file +session):\n%s", d)
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
	s.watched, s.told = nil, nil
	for id := int32(1); id <= s.run.shards[0].flows.len(); id++ {
		if s.run.shards[0].flows.at(id).closing != 0 {
			s.watched = append(s.watched, watched{flow: id})
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
	stuck := slices.IndexFunc(s.watched, func(w watched) bool { return !over(s.run.shards[0], s.run.shards[0].flows.at(w.flow)) })
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
