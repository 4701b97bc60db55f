package analyzer

import (
	"math/rand/v2"
	"testing"
)

// Stream numbers are the ranks of the first frames, however they are spread over shards.
func TestRank(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 4; n++ {
		var shards []*shard
		for range n {
			shards = append(shards, &shard{births: births{alone: n == 1}})
		}
		type place struct {
			shard int
			birth int32
		}
		var want []place
		frame := uint64(0)
		for range 500 {
			frame += 1 + rng.Uint64N(300)
			i := rng.IntN(n)
			want = append(want, place{i, shards[i].births.add(frame)})
		}
		all := rank(shards)
		for stream, p := range want {
			if got := all[p.shard].of(p.birth); int(got) != stream {
				t.Fatalf("%d shards: birth %d of shard %d is stream %d, want %d", n, p.birth, p.shard, got, stream)
			}
		}
	}
}
