package analyzer

// batchSize is how many packets are read, and then entered, at a time: to hand each to another goroutine alone would cost ten
// times as much, and the memory that a batch needs is fetched together.
const batchSize = 512

// batch is a piece of the traffic, decoded: what each shard has of it, in capture order.
type batch struct {
	shares []share
	staged [readAtOnce]packet // several shards: those of which it is not known yet whose they are
}

// share is what of a batch belongs to one shard.
type share struct {
	n        int
	packets  []packet
	hashes   []uint64
	returned []returnedAt
}

// returnedAt is a segment that an ICMP message returned, and how many packets of the share came before that.
type returnedAt struct {
	returned returned
	after    int
	hash     uint64 // of its ends
}

// newBatch makes a batch for so many shards, of which each has about as many packets.
func newBatch(shards int) *batch {
	b := &batch{shares: make([]share, shards)}
	room := batchSize/shards + readAtOnce
	for i := range b.shares {
		b.shares[i] = share{packets: make([]packet, room), hashes: make([]uint64, room)}
	}
	return b
}

// clear makes room.
func (b *batch) clear() {
	for i := range b.shares {
		b.shares[i].n = 0
		b.shares[i].returned = b.shares[i].returned[:0]
	}
}

// full reports whether there may be no room for as many packets as are read at a time.
func (b *batch) full() bool {
	for i := range b.shares {
		if s := &b.shares[i]; s.n+len(s.returned) > len(s.packets)-readAtOnce {
			return true
		}
	}
	return false
}

// next is room for the packets that are read together. They count once put is called.
func (b *batch) next() []packet {
	if len(b.shares) == 1 {
		return b.shares[0].packets[b.shares[0].n:][:readAtOnce]
	}
	return b.staged[:]
}

// put gives packets that lie in next to their shards. They are copied only where there are several: what one processor writes where
// another one has read before takes it longer than to write it twice.
func (b *batch) put(packets []packet, seed uint64) {
	alone := len(b.shares) == 1
	for i := range packets {
		p := &packets[i]
		h := hashOf(&p.seg, seed)
		s := &b.shares[shardOf(h, len(b.shares))]
		if !alone {
			s.packets[s.n] = *p
		}
		s.hashes[s.n] = h
		s.n++
	}
}

// putReturned gives a returned segment to the shard of its connection, behind the packets that were put before.
func (b *batch) putReturned(r *returned, hash uint64) {
	s := &b.shares[shardOf(hash, len(b.shares))]
	s.returned = append(s.returned, returnedAt{*r, s.n, hash})
}

// shardOf returns the number of the shard, of so many, that follows the connection whose ends have the hash h. The table uses
// the upper half of the hash, this the lower one.
func shardOf(h uint64, shards int) int { return int(uint(h&0xffff) * uint(shards) >> 16) }

// enter enters the packets of shard number i.
func (b *batch) enter(s *shard, i int) {
	own := &b.shares[i]
	from := 0
	for j := range own.returned {
		ret := &own.returned[j]
		b.enterUpTo(s, own, from, ret.after)
		from = ret.after
		s.enterReturned(&ret.returned, ret.hash)
	}
	b.enterUpTo(s, own, from, own.n)
}

// enterUpTo enters the packets of a share from one on up to another, which is not.
func (b *batch) enterUpTo(s *shard, own *share, from, end int) {
	for ; from < end; from += fetchAtOnce {
		to := min(from+fetchAtOnce, end)
		s.enterSome(own.packets[from:to], own.hashes[from:to], len(b.shares) > 1)
	}
}

// fetchAtOnce is for how many packets the memory that they need is fetched before the first of them is entered: enough that
// the processor never waits for one access alone, and few enough that all stays in its nearest cache.
const fetchAtOnce = 32

// enterSome enters packets of a batch, at most fetchAtOnce. First it looks up which connections they are likely to belong to, and
// loads what is needed of these: the loads do not wait for one another, as they would if each packet were entered before the
// next one is looked at. An ordinary segment is then entered without looking it up again. far says that another processor may have
// decoded the packets.
func (s *shard) enterSome(packets []packet, hashes []uint64, far bool) {
	s.pass(packets[0].time, len(packets))
	var sum int64
	slots := s.table.slots
	mask := uint64(len(slots) - 1)
	for _, h := range hashes { // without a branch on what is found, which would have to wait for it
		sum += int64(slots[h>>32&mask].last)
	}
	if far {
		for i := range packets {
			sum += packets[i].time ^ int64(packets[i].seg.TSVal)
		}
	}
	var flows [fetchAtOnce]*flow
	for i, h := range hashes {
		if id := s.table.likely(h); id > 0 {
			f := s.flows.At(id)
			sum += f.last ^ f.lines()
			flows[i%fetchAtOnce] = f
		}
	}
	s.fetched += sum
	for i := range packets {
		if f := flows[i%fetchAtOnce]; f == nil || !s.enterKnown(f, &packets[i]) {
			s.enterAny(&packets[i], hashes[i])
		}
	}
	s.foldEnded()
}
