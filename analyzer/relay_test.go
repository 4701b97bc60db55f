package analyzer

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"finscope/internal/decode"
)

// Several shards come to the report of one, of every kind of packet and damage.
func TestRelay(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d captures, error %v", len(names), err)
	}
	check := func(list []string, opts Options) {
		t.Helper()
		opts.Jobs = 1
		want, wantErr := ReadFiles(t.Context(), list, opts)
		for opts.Jobs = 2; opts.Jobs <= 3; opts.Jobs++ {
			got, err := ReadFiles(t.Context(), list, opts)
			if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Errorf("%v: %v, want %v", list, err, wantErr)
			}
			if !reflect.DeepEqual(got.Summary, want.Summary) || !reflect.DeepEqual(got.Findings, want.Findings) || !reflect.DeepEqual(got.Services, want.Services) {
				t.Errorf("%v with %d jobs:\n%+v\nwant\n%+v", list, opts.Jobs, got.Summary, want.Summary)
			}
			g, w := slices.Collect(got.Flows()), slices.Collect(want.Flows())
			if !reflect.DeepEqual(g, w) {
				t.Errorf("%v with %d jobs: the records of connections differ", list, opts.Jobs)
			}
		}
	}
	for _, name := range names {
		check([]string{name}, Options{})
	}
	check(names[:7], Options{})
	a := benchCapture(t, "a", 3000)
	check([]string{a}, Options{Count: 40_001})
	check([]string{a}, Options{Duration: 2e9})
	check([]string{a, "missing.pcap"}, Options{})
}

// Where a context ends while several shards read, the report is that of the capture up to there.
func TestRelayStops(t *testing.T) {
	name := benchCapture(t, "a", 6000)
	ctx, stop := context.WithCancel(t.Context())
	opts := Options{Jobs: 3, Progress: func(_, _ int64, packets uint64) {
		if packets >= 2*progressEvery {
			stop()
		}
	}}
	got, err := ReadFile(ctx, name, opts)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
	n := got.Summary.Packets
	if n < 2*progressEvery || n%progressEvery != 0 {
		t.Errorf("%d packets were read", n)
	}
	want, err := ReadFile(t.Context(), name, Options{Count: n})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Summary, want.Summary) || !reflect.DeepEqual(got.Services, want.Services) {
		t.Errorf("%+v\nwant, of so many packets,\n%+v", got.Summary, want.Summary)
	}
}

// A batch is empty when it is read into, also one that was used before.
func TestByTurnsClearsBatches(t *testing.T) {
	const batches = 100 // more than are ahead
	m := newMachine()
	for _, n := range []int{2, 3, 5} {
		var shards []*shard
		for range n {
			shards = append(shards, newShard(m, 0))
		}
		filled := 0
		byTurns(shards, func(b *batch) bool {
			for _, s := range b.shares {
				if s.n != 0 {
					t.Errorf("%d shards: a batch has packets before it is filled", n)
				}
			}
			filled++
			next := b.next()[:1]
			next[0] = packet{frame: uint64(filled), seg: decode.Segment{SrcPort: 1}}
			b.put(next, 0)
			return filled < batches
		})
		home := shards[shardOf(hashOf(&decode.Segment{SrcPort: 1}, 0), n)]
		for _, s := range shards {
			want := uint64(0)
			if s == home {
				want = batches
			}
			got := uint64(0)
			if s.flows.Len() > 0 {
				got = s.flows.At(1).e[0].packets + s.flows.At(1).e[1].packets
			}
			if got != want {
				t.Errorf("%d shards: %d packets were entered in a shard, want %d", n, got, want)
			}
		}
	}
}
