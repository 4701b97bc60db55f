package analyzer

// idleAfter is how long a connection is silent before it is packed. Nearly all traffic of a connection follows faster; what
// comes later costs a fraction of a microsecond more, but of a million connections that are open few have traffic at a time,
// and the fewer are unpacked, the more of them are in the caches of the processor.
const idleAfter = 1e9 // ns

// flowStore holds the connections of a shard under numbers that stay until they are forgotten. Those that had packets of
// late are held as they are; the others packed, with their side records, in about a quarter of the space. Packing loses
// nothing, so it shows nowhere: a connection is unpacked when it is asked for. What retire.go has entered in a book is
// discarded, or stays packed.
type flowStore struct {
	places freeArena[place] // by the number of the connection
	added  uint64           // connections so far
	hot    freeArena[flow]
	packed packedStore

	closings *freeArena[closing]
	resets   *freeArena[resets]
	odds     *freeArena[oddities]

	packs *queue // connections that were packed and may be over; nil: nobody asks for them

	epoch  int64 // time of the first packet
	cursor int32 // the element of hot that was looked at last

	read    bool // no packets come, or not before resume: what is unpacked is only looked at
	views   [8]view
	current int
}

// place says where a connection is.
type place struct {
	at      int32  // above 0 in flowStore.hot, below 0 in flowStore.packed; 0: it was retired
	birth   int32  // flow.birth
	hash    uint64 // of its key: it stands for the key of a retired one
	last    uint32 // when its latest packet came, in units of coarseUnit after flowStore.epoch; valid if packed
	entered bool   // it is in the book of those that are over
	early   bool   // it was finished early and retired
}

// coarseUnit is about a second.
const coarseUnit = 1 << 30 // ns

// view is room for a connection that is unpacked to be looked at.
type view struct {
	id, hot int32
	sides
}

// sides is where the side records of a connection are, or are to be: 0 stands for none, or a new one.
type sides struct{ closing, resets, odd int32 }

// room adds side records to unpack to.
func (st *flowStore) room() sides { return sides{st.closings.add(), st.resets.add(), st.odds.add()} }

// add makes a new connection and returns its number.
func (st *flowStore) add(birth int32, hash uint64) int32 {
	id := st.places.add()
	*st.places.at(id) = place{at: st.hot.add(), birth: birth, hash: hash}
	st.added++
	return id
}

// len returns the highest number of a connection; those from 1 on have one, or had.
func (st *flowStore) len() int32 { return st.places.len() }

// at returns a connection. It stays where it is until the next packet is entered; when all are, until eight others have
// been asked for.
func (st *flowStore) at(id int32) *flow {
	if p := st.places.at(id).at; p > 0 {
		return st.hot.at(p)
	}
	return st.unpack(id)
}

// A round of looks at all connections that are not packed takes sweepRound sweeps.
const sweepRound = 16

// sweep packs connections that have been idle, after packets more packets: it looks at some of all, whose turns come in time,
// so that no list of them by age has to be kept.
func (st *flowStore) sweep(now int64, packets int) {
	if st.epoch == 0 {
		st.epoch = now
	}
	for range min(int(st.hot.len())/sweepRound, 4*packets) + 1 {
		st.sweepOne(now)
	}
}

func (st *flowStore) sweepOne(now int64) {
	if st.hot.len() == 0 {
		return
	}
	if st.cursor++; st.cursor > st.hot.len() {
		st.cursor = 1
	}
	if f := st.hot.at(st.cursor); f.id != 0 && now-f.last > idleAfter {
		st.packIdle(f)
	}
}

// packIdle packs a connection that has been idle.
func (st *flowStore) packIdle(f *flow) {
	for x := range f.e {
		f.e[x].recent = [4]uint32{} // no copy of a packet comes that late
	}
	st.pack(f)
}

// pack packs a connection and gives its records back. The side records are packed on their own, and the connection has their
// packed places: the room it had while it was open is then right for others that are.
func (st *flowStore) pack(f *flow) {
	p := st.places.at(f.id)
	hot := p.at
	ps := &st.packed
	if i := f.closing; i != 0 {
		c := st.closings.at(i)
		if i := c.resets; i != 0 {
			c.resets = ps.put(packRecord(ps.room(), st.resets.at(i), f.last))
			st.resets.release(i)
		}
		f.closing = ps.put(packRecord(ps.room(), c, f.last))
		st.closings.release(i)
	}
	if i := f.odd; i != 0 {
		f.odd = ps.put(packRecord(ps.room(), st.odds.at(i), f.last))
		st.odds.release(i)
	}
	p.at = -ps.put(packRecord(ps.room(), f, st.epoch))
	p.last = uint32(min(max(f.last-st.epoch, 0)/coarseUnit, 1<<32-1))
	if st.packs != nil && f.mayBeOver() {
		st.packs.add(turn{f.id, p.last})
	}
	st.hot.release(hot)
}

// unpack makes the records of a connection from the packed ones.
func (st *flowStore) unpack(id int32) *flow {
	if st.read {
		return st.look(id)
	}
	hot := st.hot.add()
	f := st.hot.at(hot)
	st.discard(id, st.unpackTo(id, f, sides{}))
	st.places.at(id).at = hot
	return f
}

// look unpacks a connection to be looked at, in the place of the one whose turn it is.
func (st *flowStore) look(id int32) *flow {
	for i := range st.views {
		if st.views[i].id == id {
			return st.hot.at(st.views[i].hot)
		}
	}
	st.current = (st.current + 1) % len(st.views)
	v := &st.views[st.current]
	if v.hot == 0 {
		v.hot, v.sides = st.hot.add(), st.room()
	}
	v.id = id
	f := st.hot.at(v.hot)
	st.unpackTo(id, f, v.sides)
	return f
}

// unpackTo makes the records of a packed connection in f and, where it has them, in side records. The packed ones stay; it
// returns where those of the sides are.
func (st *flowStore) unpackTo(id int32, f *flow, to sides) sides {
	ps := &st.packed
	unpackRecord(ps.at(-st.places.at(id).at), f, st.epoch)
	from := sides{closing: f.closing, odd: f.odd}
	if f.closing != 0 {
		if f.closing = to.closing; f.closing == 0 {
			f.closing = st.closings.add()
		}
		c := st.closings.at(f.closing)
		unpackRecord(ps.at(from.closing), c, f.last)
		if from.resets = c.resets; c.resets != 0 {
			if c.resets = to.resets; c.resets == 0 {
				c.resets = st.resets.add()
			}
			unpackRecord(ps.at(from.resets), st.resets.at(c.resets), f.last)
		}
	}
	if f.odd != 0 {
		if f.odd = to.odd; f.odd == 0 {
			f.odd = st.odds.add()
		}
		unpackRecord(ps.at(from.odd), st.odds.at(f.odd), f.last)
	}
	return from
}

// discard gives the packed records of a connection back: its place stays.
func (st *flowStore) discard(id int32, from sides) {
	p := st.places.at(id)
	for _, i := range [...]int32{-p.at, from.closing, from.resets, from.odd} {
		if i != 0 {
			st.packed.release(i)
		}
	}
	p.at = 0
}

// retired reports whether a connection was discarded.
func (st *flowStore) retired(id int32) bool { return st.places.at(id).at == 0 }

// coarse returns the time of the latest packet of a packed connection, at most coarseUnit too early.
func (st *flowStore) coarse(p *place) int64 { return st.epoch + int64(p.last)*coarseUnit }

// resume ends the looking: packets come again. What was unpacked to be looked at is gone.
func (st *flowStore) resume() {
	st.releaseViews(&st.views)
	st.read = false
}

// releaseViews gives the room of views back.
func (st *flowStore) releaseViews(views *[8]view) {
	for i := range views {
		if v := &views[i]; v.hot != 0 {
			st.hot.release(v.hot)
			st.closings.release(v.closing)
			st.resets.release(v.resets)
			st.odds.release(v.odd)
			*v = view{}
		}
	}
}

// idle reports whether a connection is packed: nothing has come for it for idleAfter.
func (st *flowStore) idle(id int32) bool { return st.places.at(id).at < 0 }
