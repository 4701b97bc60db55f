package analyzer

import "sync"

// batchSize is how many packets travel to a shard at a time: one send for each packet would cost ten times as much.
const batchSize = 256

// batch is a piece of the traffic of one shard, in capture order.
type batch struct {
	packets [batchSize]packet
	hashes  [batchSize]uint64
	n       int
}

// feed hands packets to shards that run in goroutines of their own. With one shard there is no feed: packets are entered
// in the caller's goroutine, which is the reference.
type feed struct {
	batches []*batch // the one being filled, by shard; nil with one shard
	send    []chan *batch
	free    chan *batch
	wg      *sync.WaitGroup
}

func newFeed(shards []*shard) feed {
	if len(shards) == 1 {
		return feed{}
	}
	const perShard = 4
	f := feed{free: make(chan *batch, perShard*len(shards)), wg: new(sync.WaitGroup)}
	for range cap(f.free) {
		f.free <- new(batch)
	}
	for _, s := range shards {
		ch := make(chan *batch, perShard)
		f.send = append(f.send, ch)
		f.batches = append(f.batches, <-f.free)
		f.wg.Go(func() {
			for b := range ch {
				for i := range b.n {
					p := &b.packets[i]
					k, second := keyOf(&p.seg)
					s.add(p, &k, b.hashes[i], second)
				}
				b.n = 0
				f.free <- b
			}
		})
	}
	return f
}

// add hands a packet to its shard. h is the hash of its key.
func (f *feed) add(p *packet, h uint64) {
	// The table uses the upper half of the hash: the shard number comes from the lower one.
	i := int(h&0xffff) * len(f.send) >> 16
	b := f.batches[i]
	b.packets[b.n], b.hashes[b.n] = *p, h
	b.n++
	if b.n == batchSize {
		f.send[i] <- b
		f.batches[i] = <-f.free
	}
}

// close hands over what is left and waits until the shards have entered it.
func (f *feed) close() {
	for i, b := range f.batches {
		f.send[i] <- b
		close(f.send[i])
	}
	if f.wg != nil {
		f.wg.Wait()
	}
}
