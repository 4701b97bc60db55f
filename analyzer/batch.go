package analyzer

// batchSize is how many packets are read, and then entered, at a time: to hand each to another goroutine alone would cost ten
// times as much, and the memory that a batch needs is fetched together.
const batchSize = 512

// batch is a piece of the traffic in capture order, decoded where it lies: each shard picks its own packets from it.
type batch struct {
	packets [batchSize]packet
	n       int
	shares  []share // by shard
}

// share is what of a batch belongs to one shard.
type share struct {
	n      int
	hashes [batchSize]uint64
	index  [batchSize]uint16 // in batch.packets
}

func newBatch(shards int) *batch { return &batch{shares: make([]share, shards)} }

// clear makes room.
func (b *batch) clear() {
	b.n = 0
	for i := range b.shares {
		b.shares[i].n = 0
	}
}

// full reports whether there is no room for as many packets as are read at a time.
func (b *batch) full() bool { return b.n > batchSize-readAtOnce }

// next is room for a packet. What lies there counts once put is called.
func (b *batch) next() *packet { return &b.packets[b.n] }

// put hands the packet in next to its shard. h is the hash of its ends.
func (b *batch) put(h uint64) {
	s := &b.shares[shardOf(h, len(b.shares))]
	s.hashes[s.n], s.index[s.n] = h, uint16(b.n)
	s.n++
	b.n++
}

// shardOf returns the number of the shard, of so many, that follows the connection whose ends have the hash h. The table uses
// the upper half of the hash, this the lower one.
func shardOf(h uint64, shards int) int { return int(uint(h&0xffff) * uint(shards) >> 16) }

// enter enters the packets of shard number i.
func (b *batch) enter(s *shard, i int) {
	own := &b.shares[i]
	for from := 0; from < own.n; from += fetchAtOnce {
		to := min(from+fetchAtOnce, own.n)
		s.enterSome(b, own.hashes[from:to], own.index[from:to])
	}
}

// fetchAtOnce is for how many packets the memory that they need is fetched before the first of them is entered: enough that
// the processor never waits for one access alone, and few enough that all stays in its nearest cache.
const fetchAtOnce = 32

// enterSome enters packets of a batch, at most fetchAtOnce. First it looks up which connections they are likely to belong to, and
// loads what is needed of these: the loads do not wait for one another, as they would if each packet were entered before the
// next one is looked at. An ordinary segment is then entered without looking it up again.
func (s *shard) enterSome(b *batch, hashes []uint64, index []uint16) {
	s.pass(b.packets[index[0]].time, len(hashes))
	var sum int64
	slots := s.table.slots
	mask := uint64(len(slots) - 1)
	for _, h := range hashes { // without a branch on what is found, which would have to wait for it
		sum += int64(slots[h>>32&mask].last)
	}
	if len(b.shares) > 1 { // the packets may have been decoded by another processor
		for _, i := range index {
			p := &b.packets[i]
			sum += p.time ^ int64(p.seg.TSVal)
		}
	}
	var flows [fetchAtOnce]*flow
	for i, h := range hashes {
		if id := s.table.likely(h); id > 0 {
			f := s.flows.at(id)
			sum += f.last ^ f.lines()
			flows[i] = f
		}
	}
	s.fetched += sum
	for i, h := range hashes {
		p := &b.packets[index[i]]
		if f := flows[i]; f == nil || !s.enterKnown(f, p) {
			s.enterAny(p, h)
		}
	}
	s.foldEnded()
}
