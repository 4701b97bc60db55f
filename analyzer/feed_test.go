package analyzer

import (
	"context"
	"math/rand/v2"
	"testing"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// add hands a packet to its shard. h is the hash of its key.
func (f *feed) add(p *packet, h uint64) {
	*f.next() = *p
	f.put(h)
}

// sink is a feed for n shards behind which a goroutine takes the place of them all: it passes batches to take, which may be
// nil. done ends it after close.
func sink(n int, take func(*batch)) (f feed, done func()) {
	full, over := make(chan *batch, batchesAhead), make(chan struct{})
	f = feed{batch: newBatch(n), send: []chan *batch{full}, free: make(chan *batch, batchesAhead)}
	for range cap(f.free) {
		f.free <- newBatch(n)
	}
	go func() {
		defer close(over)
		for b := range full {
			if take != nil {
				take(b)
			}
			for i := range b.shares {
				b.shares[i].n = 0
			}
			f.free <- b
		}
	}()
	return f, func() { <-over }
}

// TestFeed checks that each packet arrives once, in capture order within its shard, with its hash, and that all packets
// with one hash go to one shard.
func TestFeed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, shards := range []int{1, 2, 3, 16} {
		latest, home := make([]uint64, shards), map[uint64]int{}
		var arrived uint64
		f, done := sink(shards, func(b *batch) {
			for i := range b.shares {
				own := &b.shares[i]
				for j, h := range own.hashes[:own.n] {
					p := &b.packets[own.index[j]]
					if uint64(p.time) != h || p.frame <= latest[i] {
						t.Errorf("%d shards: frame %d of hash %x as %x after frame %d", shards, p.frame, p.time, h, latest[i])
					}
					if to, ok := home[h]; ok && to != i {
						t.Errorf("%d shards: hash %x in shard %d and %d", shards, h, to, i)
					}
					home[h], latest[i] = i, p.frame
					arrived++
				}
			}
		})
		hashes := make([]uint64, 200)
		for i := range hashes {
			hashes[i] = rng.Uint64()
		}
		const packets = 10*batchSize + 77
		for frame := uint64(1); frame <= packets; frame++ {
			h := hashes[rng.IntN(len(hashes))]
			f.add(&packet{frame: frame, time: int64(h)}, h)
		}
		f.close()
		done()
		if arrived != packets {
			t.Errorf("%d shards: %d packets arrived of %d", shards, arrived, packets)
		}
	}
}

// TestFeedAllocatesNothing: batches go round.
func TestFeedAllocatesNothing(t *testing.T) {
	f, done := sink(2, nil)
	p := packet{seg: decode.Segment{SrcPort: 1}}
	if n := testing.AllocsPerRun(20, func() {
		for i := range uint64(batchSize) {
			f.add(&p, i*0x9e3779b97f4a7c15)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a batch, want none", n)
	}
	f.close()
	done()
}

// BenchmarkDispatch is what the core that reads does for each packet: read, decode, hash and hand over.
func BenchmarkDispatch(b *testing.B) {
	for _, preset := range []string{"a", "c"} {
		name := benchCapture(b, preset, 10_000)
		b.Run(preset, func(b *testing.B) {
			b.ReportAllocs()
			var packets uint64
			for b.Loop() {
				r, err := newRun(Options{})
				if err != nil {
					b.Fatal(err)
				}
				src := capture.Open([]string{name}, capture.Options{})
				var done func()
				r.feed, done = sink(2, nil)
				if err := r.take(context.Background(), src); err != nil {
					b.Fatal(err)
				}
				r.feed.close()
				done()
				src.Close()
				packets = r.frames
			}
			perPacket(b, int(packets))
		})
	}
}
