package analyzer

import (
	"io"
	"math/rand/v2"
	"testing"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// queue enters ready packets into shards, one shard after the other with each batch.
type queue struct {
	shards []*shard
	batch  *batch
}

func newQueue(shards ...*shard) *queue { return &queue{shards, newBatch(len(shards))} }

// add adds a packet.
func (q *queue) add(p *packet, seed uint64) {
	if q.batch.full() {
		q.flush()
	}
	next := q.batch.next()[:1]
	next[0] = *p
	q.batch.put(next, seed)
}

// flush enters those that were added.
func (q *queue) flush() {
	for i, s := range q.shards {
		q.batch.enter(s, i)
	}
	q.batch.clear()
}

// A batch of nothing but returned segments is full at some time.
func TestBatchOfReturned(t *testing.T) {
	for _, shards := range []int{1, 2} {
		b := newBatch(shards)
		var put int
		for ; !b.full(); put++ {
			if put > 10*batchSize {
				t.Fatalf("%d shards: not full with %d returned segments", shards, put)
			}
			b.putReturned(&returned{}, uint64(put)<<10)
		}
		if b.clear(); b.full() {
			t.Errorf("%d shards: full after clear", shards)
		}
	}
}

// TestBatch checks that each packet of a batch is in one share, in capture order and with its hash, and that all packets with one
// hash are in the same share, also if they all have the same.
func TestBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	const seed = 7
	for _, shards := range []int{1, 2, 3, 16} {
		home := map[uint64]int{}
		b := newBatch(shards)
		for _, ports := range []int{1, 200, 10_000} {
			b.clear()
			put, found := uint64(0), uint64(0)
			for !b.full() {
				next := b.next()[:1+rng.IntN(readAtOnce)]
				for i := range next {
					put++
					next[i] = packet{frame: put, seg: decode.Segment{SrcPort: uint16(rng.IntN(ports)), DstPort: 80}}
				}
				b.put(next, seed)
			}
			for i := range b.shares {
				own, latest := &b.shares[i], uint64(0)
				for j, h := range own.hashes[:own.n] {
					p := &own.packets[j]
					if hashOf(&p.seg, seed) != h || p.frame <= latest {
						t.Errorf("%d shards: frame %d with hash %x after frame %d", shards, p.frame, h, latest)
					}
					if to, ok := home[h]; ok && to != i {
						t.Errorf("%d shards: hash %x in shard %d and %d", shards, h, to, i)
					}
					home[h], latest = i, p.frame
					found++
				}
			}
			if put != found {
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
