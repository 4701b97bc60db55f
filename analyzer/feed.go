package analyzer

import "sync"

// batchSize is how many packets are entered at a time: one send to another goroutine for each packet would cost ten
// times as much, and the memory that a batch needs is fetched together.
const batchSize = 256

// batch is a piece of the traffic of one shard, in capture order.
type batch struct {
	packets [batchSize]packet
	hashes  [batchSize]uint64
	n       int
}

// enter enters the packets of b into their shard.
func (b *batch) enter(s *shard) {
	s.fetch(b.hashes[:b.n])
	for i := range b.n {
		p := &b.packets[i]
		k, second := keyOf(&p.seg)
		s.add(p, &k, b.hashes[i], second)
	}
	b.n = 0
}

// fetch loads what the packets with these hashes will need into the processor's cache. The loads do not wait for one
// another, as they would if each packet were entered before the next one is looked at.
func (s *shard) fetch(hashes []uint64) {
	for len(hashes) > 0 {
		var ids [32]int32
		n := min(len(ids), len(hashes))
		for i, h := range hashes[:n] {
			ids[i] = s.table.slots[uint32(h>>32)&uint32(len(s.table.slots)-1)].flow
		}
		for _, id := range ids[:n] {
			if id == 0 {
				continue
			}
			if p := s.flows.places.at(id).at; p > 0 {
				f := s.flows.hot.at(p)
				s.fetched += f.last ^ int64(f.key.pa) ^ f.e[0].lastTime ^ f.e[1].lastTime
			}
		}
		hashes = hashes[n:]
	}
}

// feed hands packets to the shards in batches. With one shard the caller's goroutine enters them, which is the
// reference; several run in goroutines of their own. The zero value takes no packets: a Session, which looks at its
// connections between packets, enters each on its own.
type feed struct {
	shards  []*shard
	batches []*batch // the one being filled, by shard
	send    []chan *batch
	free    chan *batch
	wg      *sync.WaitGroup
}

func newFeed(shards []*shard) feed {
	if len(shards) == 1 {
		return feed{shards: shards, batches: []*batch{new(batch)}}
	}
	const perShard = 4
	f := feed{shards: shards, free: make(chan *batch, perShard*len(shards)), wg: new(sync.WaitGroup)}
	for range cap(f.free) {
		f.free <- new(batch)
	}
	for _, s := range shards {
		ch := make(chan *batch, perShard)
		f.send = append(f.send, ch)
		f.batches = append(f.batches, <-f.free)
		f.wg.Go(func() {
			for b := range ch {
				b.enter(s)
				f.free <- b
			}
		})
	}
	return f
}

// add hands a packet to its shard. h is the hash of its key.
func (f *feed) add(p *packet, h uint64) {
	// The table uses the upper half of the hash: the shard number comes from the lower one.
	i := int(h&0xffff) * len(f.batches) >> 16
	b := f.batches[i]
	b.packets[b.n], b.hashes[b.n] = *p, h
	b.n++
	if b.n == batchSize {
		f.flush(i)
	}
}

// flush hands over the batch of one shard.
func (f *feed) flush(i int) {
	if f.send == nil {
		f.batches[i].enter(f.shards[i])
		return
	}
	f.send[i] <- f.batches[i]
	f.batches[i] = <-f.free
}

// close hands over what is left and waits until the shards have entered it.
func (f *feed) close() {
	for i := range f.batches {
		f.flush(i)
	}
	for _, ch := range f.send {
		close(ch)
	}
	if f.wg != nil {
		f.wg.Wait()
	}
}
