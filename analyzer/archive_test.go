package analyzer

import (
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"finscope/internal/capture"
	"finscope/reassembly"
)

// Packing copies memory: a pointer in a record would escape the garbage collector.
func TestRecordsHaveNoPointers(t *testing.T) {
	for _, r := range []any{flow{}, closing{}, resets{}, oddities{}, reassembly.Gaps{}, wideEnds{}, pendingSYN{}, packet{}, note{}} {
		rt := reflect.TypeOf(r)
		if hasPointers(rt) {
			t.Errorf("%v has pointers", rt)
		}
		switch r.(type) {
		case flow, closing, resets, oddities:
			if rt.Size()%8 != 0 {
				t.Errorf("%v has %d octets: not a number of words", rt, rt.Size())
			}
		}
	}
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for f := range t.Fields() {
			if hasPointers(f.Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return hasPointers(t.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface, reflect.String, reflect.UnsafePointer:
		return true
	}
	return false
}

// Any memory comes back as it was, and no more is read than what was written and eight octets.
func TestPackRecord(t *testing.T) {
	const epoch = 1_700_000_000_000_000_000
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var f, back flow
		for i := range words(&f) {
			switch rnd.IntN(4) {
			case 0:
				words(&f)[i] = rnd.Uint64() >> rnd.IntN(64)
			case 1:
				words(&f)[i] = uint64(epoch + rnd.Int64N(1<<uint(1+rnd.IntN(60))))
			}
		}
		b := packRecord(make([]byte, 0, maxPacked), &f, epoch)
		words(&back)[3] = 7 // what was there before does not matter
		if n := unpackRecord(append(b, make([]byte, 8)...), &back, epoch); n != len(b) || back != f {
			t.Fatalf("%d octets of %d, got %+v, want %+v", n, len(b), back, f)
		}
	}
	if n := max(unsafe.Sizeof(flow{}), unsafe.Sizeof(closing{}), unsafe.Sizeof(resets{}), unsafe.Sizeof(oddities{})); n*9/8+24+64*8+8 > maxPacked {
		t.Errorf("records of %d octets may not fit into %d", n, maxPacked)
	}
}

// Places that were given back are used again.
func TestPackedStore(t *testing.T) {
	var ps packedStore
	var places [500]int32
	for round := range 50 {
		for i := range places {
			b := ps.room()
			for range 1 + i*3 {
				b = append(b, byte(i+round))
			}
			places[i] = ps.put(b)
		}
		for i, p := range places {
			b := ps.at(p)[:1+i*3]
			for _, v := range b {
				if v != byte(i+round) {
					t.Fatalf("round %d: record %d was overwritten", round, i)
				}
			}
			ps.release(p)
		}
	}
	if n := len(ps.chunks); n > 7 {
		t.Errorf("%d chunks, want room for one round", n)
	}
}

// A connection that is archived after each packet comes out like one that never is.
func TestArchiveShowsNowhere(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d captures, error %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, got := readArchiving(t, name, false), readArchiving(t, name, true)
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("archived (-never +always):\n%s", diff)
			}
		})
	}
}

// readArchiving analyses a capture on one shard and returns its flow records and summary.
func readArchiving(t *testing.T, name string, always bool) (out []any) {
	t.Helper()
	r, err := newRun(Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := capture.Open([]string{name}, capture.Options{})
	defer src.Close()
	s := r.shards[0]
	var raw capture.Packet
	var p packet
	for src.Next(&raw) == nil {
		if always {
			archiveAll(s)
		}
		if err := r.add(&raw, &p); err != nil {
			t.Fatal(err)
		}
	}
	if always {
		archiveAll(s)
	}
	rep := r.report([]string{name}, 0, nil)
	if *s.resets.at(0) != (resets{}) || *s.odds.at(0) != (oddities{}) {
		t.Error("something was written where there is no record")
	}
	for f := range rep.Flows() {
		out = append(out, f)
	}
	return append(out, rep.Summary.Verdicts, rep.Summary.Codes, rep.Services, rep.Findings)
}

// archiveAll archives all connections that no other refers to.
func archiveAll(s *shard) {
	for i := int32(1); i <= s.flows.len(); i++ {
		if f := s.flows.at(i); f.id != 0 && f.flags&(met|meeting|waiting) == 0 {
			s.archiveFlow(f)
		}
	}
}
