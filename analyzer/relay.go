package analyzer

import "finscope/internal/relay"

// byTurns has several shards, each in a goroutine of its own, read with fill by turns and enter what was read, until fill says
// that there is no more.
func byTurns(shards []*shard, fill func(*batch) (more bool)) {
	relay.Run(len(shards),
		func() *batch { return newBatch(len(shards)) },
		func(b *batch) (more bool) { b.clear(); return fill(b) },
		func(i int, b *batch) { b.enter(shards[i], i) })
}
