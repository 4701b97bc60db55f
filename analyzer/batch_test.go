package analyzer

import (
	"io"
	"math/rand/v2"
	"testing"

	"finscope/internal/capture"
)

// queue enters ready packets into shards, one shard after the other with each batch.
type queue struct {
	shards []*shard
	batch  *batch
}

func newQueue(shards ...*shard) *queue { return &queue{shards, newBatch(len(shards))} }

// add adds a packet. h is the hash of its ends.
func (q *queue) add(p *packet, h uint64) {
	if q.batch.full() {
		q.flush()
	}
	*q.batch.next() = *p
	q.batch.put(h)
}

// flush enters those that were added.
func (q *queue) flush() {
	for i, s := range q.shards {
		q.batch.enter(s, i)
	}
	q.batch.clear()
}

// TestBatch checks that each packet of a batch is in one share, in capture order and with its hash, that all packets with one
// hash are in the same share, and that no room is taken twice.
func TestBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, shards := range []int{1, 2, 3, 16} {
		home := map[uint64]int{}
		hashes := make([]uint64, 200)
		for i := range hashes {
			hashes[i] = rng.Uint64()
		}
		b := newBatch(shards)
		for range 3 {
			b.clear()
			put, found := uint64(0), uint64(0)
			for !b.full() {
				for range readAtOnce {
					put++
					h := hashes[rng.IntN(len(hashes))]
					*b.next() = packet{frame: put, time: int64(h)}
					b.put(h)
				}
			}
			for i := range b.shares {
				own, latest := &b.shares[i], uint64(0)
				for j, h := range own.hashes[:own.n] {
					p := &b.packets[own.index[j]]
					if uint64(p.time) != h || p.frame <= latest {
						t.Errorf("%d shards: frame %d of hash %x as %x after frame %d", shards, p.frame, p.time, h, latest)
					}
					if to, ok := home[h]; ok && to != i {
						t.Errorf("%d shards: hash %x in shard %d and %d", shards, h, to, i)
					}
					home[h], latest = i, p.frame
					found++
				}
			}
			if put != found || put > batchSize {
				t.Errorf("%d shards: %d packets of %d are in a share", shards, found, put)
			}
		}
	}
}

// BenchmarkFill is what whoever reads does for each packet: read, decode, hash and see whose it is.
func BenchmarkFill(b *testing.B) {
	batch := newBatch(2)
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
				r.batch, r.raws = batch, make([]capture.Packet, readAtOnce)
				for err == nil {
					batch.clear()
					err = r.fill(b.Context(), src)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				src.Close()
				packets = r.frames
			}
			perPacket(b, int(packets))
		})
	}
}
