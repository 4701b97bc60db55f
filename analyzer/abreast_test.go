package analyzer

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// Readings side by side come to the report of one alone, of every kind of packet and damage.
func TestAbreast(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d captures, error %v", len(names), err)
	}
	shared := 0
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
		if r, ok := capture.OpenShared([]string{name}, 1); ok {
			r[0].Close()
			shared++
		}
		check([]string{name}, Options{})
	}
	if shared < len(names)/2 {
		t.Errorf("%d of %d captures are shared", shared, len(names))
	}
	check(names[:7], Options{})
	a := benchCapture(t, "a", 3000)
	check([]string{a}, Options{Count: 40_001})
	check([]string{a}, Options{Duration: 2e9})
	check([]string{a, "missing.pcap"}, Options{})
}

// A context that ends stops all readings at the same packet: the report is that of the capture up to there.
func TestAbreastStops(t *testing.T) {
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

// Whoever comes by when it is too late goes on to where the others stop; where one has read all, all do.
func TestPace(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	p := newPace(3)
	for range 5 {
		if err := p.look(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	var wg sync.WaitGroup
	looks := [3]int{5, 0, 0}
	for i := range looks {
		wg.Go(func() {
			for p.look(ctx, i) == nil {
				looks[i]++
			}
		})
	}
	wg.Wait()
	if looks[1] != looks[0] || looks[2] != looks[0] {
		t.Errorf("readings stop after %v looks", looks)
	}
	p = newPace(2)
	p.leave(1)
	if err := p.look(ctx, 0); err != nil {
		t.Errorf("%v, though another one has read all", err)
	}
}

// The packets that a share picks are those whose hash is in it, and all whose ends are not known.
func TestPick(t *testing.T) {
	for _, name := range []string{"../testdata/pcaps/real/modbus.pcap", "../testdata/pcaps/real/vxlan.pcap", "../testdata/pcaps/real/ssh.pcap"} {
		src := capture.Open([]string{name}, capture.Options{})
		defer src.Close()
		raws := make([]capture.Packet, readAtOnce)
		n, err := src.Fill(raws)
		if err != nil {
			t.Fatal(err)
		}
		var times [readAtOnce]int
		unknown := 0
		for share := range 3 {
			r := &run{seed: 7, link: -1, pace: newPace(3), share: share}
			var own [readAtOnce]candidate
			for _, c := range own[:r.pick(raws[:n], &own)] {
				times[c.index]++
				var seg decode.Segment
				if decode.NewDecoder().Decode(decode.LinkType(raws[c.index].Link), raws[c.index].Data, raws[c.index].WireLen, 0, &seg) == decode.TCP && c.known &&
					(hashOf(&seg, 7) != c.hash || shardOf(c.hash, 3) != share) {
					t.Errorf("%s: packet %d is picked by share %d", name, c.index+1, share)
				}
				if !c.known && share == 0 {
					unknown++
				}
			}
		}
		once := 0
		for _, k := range times[:n] {
			switch k {
			case 1:
				once++
			case 3:
			default:
				t.Errorf("%s: a packet is picked %d times", name, k)
			}
		}
		if once+unknown != n {
			t.Errorf("%s: %d packets are picked once and %d by all, of %d", name, once, unknown, n)
		}
	}
}
