package analyzer

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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

// Each shard gets every batch, in the order in which they were read, none is overwritten before all have entered it, and nobody
// reads while another one does.
func TestRelayOrder(t *testing.T) {
	for _, shards := range []int{2, 3, 5} {
		r := newRelay(shards, nil)
		home := shardOf(hashOf(&decode.Segment{SrcPort: 1}, 0), shards)
		const batches = 10 * batchesAhead
		var reading atomic.Int32
		filled := 0
		r.fill = func(b *batch) bool {
			if reading.Add(1) != 1 {
				t.Error("two read at the same time")
			}
			defer reading.Add(-1)
			filled++
			for _, s := range b.shares {
				if s.n != 0 {
					t.Errorf("%d shards: a batch has packets before it is filled", shards)
				}
			}
			next := b.next()[:1]
			next[0] = packet{frame: uint64(filled), seg: decode.Segment{SrcPort: 1}}
			b.put(next, 0)
			return filled < batches
		}
		var wg sync.WaitGroup
		for i := range shards {
			wg.Go(func() {
				n := uint64(0)
				for b := r.next(i); b != nil; b = r.next(i) {
					own := &b.shares[home]
					if n++; own.n != 1 || own.packets[0].frame != n {
						t.Errorf("%d shards: shard %d gets batch %d of %d packets as number %d", shards, i, own.packets[0].frame, own.n, n)
					}
					if i == 0 && n%7 == 0 {
						runtime.Gosched()
					}
					r.entered(i)
				}
				if n != batches {
					t.Errorf("%d shards: shard %d gets %d batches of %d", shards, i, n, batches)
				}
			})
		}
		wg.Wait()
	}
}
