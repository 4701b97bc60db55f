package analyzer

import (
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"finscope/internal/capture"
	"finscope/internal/decode"
	"finscope/internal/pack"
	"finscope/reassembly"
)

// Folding copies memory: a pointer in a record would escape the garbage collector.
func TestRecordsHaveNoPointers(t *testing.T) {
	for _, r := range []any{flow{}, closing{}, resets{}, oddities{}, rarities{}, repeats{}, reassembly.Gaps{}, wideEnds{}, pendingSYN{}, packet{}, note{}} {
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
func TestPackWords(t *testing.T) {
	const epoch = 1_700_000_000_000_000_000
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		want, got := make([]uint64, 1+rnd.IntN(80)), make([]uint64, 80)
		for i := range want {
			switch rnd.IntN(4) {
			case 0:
				want[i] = rnd.Uint64() >> rnd.IntN(64)
			case 1:
				want[i] = uint64(epoch + rnd.Int64N(1<<uint(1+rnd.IntN(60))))
			}
		}
		got = got[:len(want)]
		got[0] = 7 // what was there before does not matter
		b := pack.Append(make([]byte, 0, maxPacked), want, epoch)
		if n := pack.Unpack(append(b, make([]byte, 8)...), got, epoch); n != len(b) || !slices.Equal(got, want) {
			t.Fatalf("%d octets of %d, got %x, want %x", n, len(b), got, want)
		}
	}
	if n := unsafe.Sizeof(flow{}) + unsafe.Sizeof(closing{}); n*9/8+16 > maxPacked {
		t.Errorf("records of %d octets may not fit into %d", n, maxPacked)
	}
}

// A connection that is folded after each packet comes out like one that never is.
func TestFoldingShowsNowhere(t *testing.T) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d captures, error %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, got := readFolding(t, name, false), readFolding(t, name, true)
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("folded (-never +always):\n%s", diff)
			}
		})
	}
}

// readFolding analyses a capture on one shard and returns its flow records and summary.
func readFolding(t *testing.T, name string, always bool) (out []any) {
	t.Helper()
	r, err := newRun(Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := capture.Open([]string{name}, capture.Options{})
	defer src.Close()
	s := r.shards[0]
	folds := 0
	var raw capture.Packet
	var p packet
	for src.Next(&raw) == nil {
		if always {
			folds += foldAll(s)
		}
		if err := r.add(&raw, &p); err != nil {
			t.Fatal(err)
		}
	}
	if always {
		foldAll(s)
	}
	if always && folds == 0 && s.closings.InUse() > 0 {
		t.Log("nothing was folded")
	}
	rep := r.report([]string{name}, 0, nil)
	if *s.resets.At(0) != (resets{}) || *s.odds.At(0) != (oddities{}) || *s.rarities.At(0) != (rarities{}) || *s.repeats.At(0) != (repeats{}) {
		t.Error("something was written where there is no record")
	}
	for f := range rep.Flows() {
		out = append(out, f)
	}
	return append(out, rep.Summary.Verdicts, rep.Summary.Codes, rep.Services, rep.Findings)
}

// Where there are too many, a connection that has ended is folded at once, one that is closing after a minute.
func TestFoldsSoon(t *testing.T) {
	s := newShard(newMachine(), 1)
	s.foldBeyond = 0
	s.epoch = 1
	end := func(n int, flags decode.Flags) *flow {
		w := lineUp(s, n, 1e9)
		w.p.seg.Flags |= flags
		enter(s, &w.p)
		return s.flows.At(s.flows.Len())
	}
	reset, closing := end(1, decode.RST), end(2, decode.FIN)
	if reset.flags&folded == 0 || closing.flags&folded != 0 {
		t.Errorf("folded: the connection that was reset %v, the one that is closing %v", reset.flags&folded != 0, closing.flags&folded != 0)
	}
	s.tick(foldAfter)
	if closing.flags&folded != 0 {
		t.Error("the connection that is closing is folded though it was not silent for long")
	}
	s.tick(2 * foldAfter)
	if closing.flags&folded == 0 {
		t.Error("the connection that is closing is not folded after a silence")
	}
}

// foldAll folds all connections that can be after a long silence, and returns how many.
func foldAll(s *shard) (n int) {
	for i := int32(1); i <= s.flows.Len(); i++ {
		if f := s.flows.At(i); f.id != 0 && s.mayFold(f, f.last+2*foldAfter) {
			s.fold(f)
			n += btoi(f.flags&folded != 0)
		}
	}
	return n
}
