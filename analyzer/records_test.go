package analyzer

import (
	"context"
	"iter"
	"reflect"
	"testing"
)

// Records that several goroutines make ahead are those that one makes when they are asked for, in the same order, also if
// the report is asked for others meanwhile or the reader stops.
func TestRecordsMadeAhead(t *testing.T) {
	name := benchCapture(t, "a", 3000)
	alone, err := ReadFile(context.Background(), name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	several, err := ReadFile(context.Background(), name, Options{Jobs: 3})
	if err != nil {
		t.Fatal(err)
	}
	var want []*Flow
	for f := range alone.Flows() {
		want = append(want, f)
	}
	if len(want) < 10*partSize {
		t.Fatalf("%d connections are too few for this test", len(want))
	}
	for _, stop := range []int{1, partSize, 5*partSize + 1, len(want)} {
		for name, records := range map[string]iter.Seq[*Flow]{"Flows": several.Flows(), "Scan": several.Scan()} {
			n := 0
			for f := range records {
				if !reflect.DeepEqual(f, want[n]) {
					t.Fatalf("%s, record %d: %+v\nwant %+v", name, n, f, want[n])
				}
				if n%100 == 0 {
					other := len(want) - 1 - n
					if f, _ := several.Flow(other); !reflect.DeepEqual(f, want[other]) {
						t.Fatalf("%s, record %d, asked for by number: %+v\nwant %+v", name, other, f, want[other])
					}
				}
				if n++; n == stop {
					break
				}
			}
			if n != stop {
				t.Errorf("%s: %d records, want %d", name, n, stop)
			}
		}
	}
}

// Records of Flows stay as they are when others are made, and so do clones of those of Scan, which are written over; with one
// job and with several.
func TestRecordsThatMayBeKept(t *testing.T) {
	name := benchCapture(t, "a", 3000)
	for _, jobs := range []int{1, 2} {
		r, err := ReadFile(context.Background(), name, Options{Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		kept, scanned := map[*Flow]bool{}, map[*Flow]bool{}
		var flows, clones []*Flow
		next := 0
		for f := range r.Flows() {
			kept[f] = true
			flows = append(flows, f)
		}
		for f := range r.Scan() {
			if f.Stream != next {
				t.Fatalf("%d jobs: stream %d where %d was to come", jobs, f.Stream, next)
			}
			scanned[f] = true
			clones = append(clones, f.Clone())
			next++
		}
		if most := 4 * partSize; len(kept) != len(r.flows) || len(scanned) > most {
			t.Errorf("%d jobs: %d connections, records of Flows in %d places, of Scan in %d, want at most %d", jobs, len(r.flows), len(kept), len(scanned), most)
		}
		for i := range flows {
			if !reflect.DeepEqual(flows[i], clones[i]) {
				t.Fatalf("%d jobs: the clone of a record is, when all are made, %+v\nwant %+v", jobs, clones[i], flows[i])
			}
		}
	}
}

// What viewers unpack connections to is used again for the next ones.
func TestViewersGiveTheirRoomBack(t *testing.T) {
	r, err := ReadFile(context.Background(), benchCapture(t, "a", 1000), Options{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	count(r.Flows())
	s := r.run.shards[0]
	all, closings, odds := s.flows.Len(), s.closings.Len(), s.odds.Len()
	count(r.Flows())
	if s.flows.Len() != all || s.closings.Len() != closings || s.odds.Len() != odds {
		t.Errorf("room for %d, %d and %d records, then for %d, %d and %d",
			all, closings, odds, s.flows.Len(), s.closings.Len(), s.odds.Len())
	}
}
