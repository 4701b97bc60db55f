package analyzer

// archiveAfter is how long a connection has to be silent before it may be archived. Of those that are open, nearly all speak
// more often; of those that are over, the last copies of packets have passed by then.
const archiveAfter = 60e9 // ns

// archiveBeyond is how many connections a run keeps as they are. Packing and unpacking one costs as much as ten of its
// ordinary packets, so that captures of some hundred connections a second do without; of those that have more, what has been
// silent for longest takes half the memory.
const archiveBeyond = 1 << 17

// archive has connections that have been silent for long, packed with their side records, in about half the space. Packing
// loses nothing, so it shows nowhere: a connection to which a packet comes is taken out again. Only the table, the wheel and
// the report refer to what is in here, so that who refers to connections by their numbers otherwise goes without: sessions,
// and the bound on how many are open.
type archive struct {
	store packedStore
	all   freeArena[archived]
	keep  int // how many connections are kept out of it at least
}

// noArchive stands for archive.keep where there is none.
const noArchive = 1<<31 - 1

// archived is a connection in the archive.
type archived struct {
	at    int32 // its place in the store; 0: this is none
	birth int32
}

// archivedID is the number by which tables and lists name an archived connection, below that of gone ones.
func archivedID(i int32) int32 { return goneEarly - i }

// archiveIndex is its index in archive.all.
func archiveIndex(id int32) int32 { return goneEarly - id }

// crowded reports whether so many connections are kept that some are to be archived.
func (s *shard) crowded() bool { return int(s.flows.len())-len(s.flows.free) > s.archive.keep }

// mayArchive reports whether f can be put into the archive: nothing but the table refers to it, and it has been silent for long.
func (s *shard) mayArchive(f *flow, now int64) bool {
	return now-f.last > archiveAfter && f.flags&(met|meeting|waiting) == 0
}

// archiveFlow puts f into the archive and gives its records back.
func (s *shard) archiveFlow(f *flow) {
	i := s.archive.all.add()
	s.rename(f, archivedID(i))
	*s.archive.all.at(i) = archived{at: s.pack(f), birth: f.birth}
	if s.retired.after != 0 {
		s.wheel.add(entry{archivedID(i), f.birth}, f.last+s.retired.after)
	}
	s.flows.release(f.id)
}

// unarchive takes a connection out of the archive.
func (s *shard) unarchive(id int32) *flow {
	i := archiveIndex(id)
	to := s.flows.add()
	f := s.flows.at(to)
	s.discard(s.archive.all.at(i).at, s.unpackTo(id, f, sides{}))
	s.archive.all.release(i)
	f.id = id
	s.rename(f, to)
	f.id = to
	return f
}

// rename lets those who refer to f know it by another number.
func (s *shard) rename(f *flow, to int32) {
	if sl := s.slotOf(f); sl.flow == f.id {
		sl.flow = to
	}
	if f.flags&reused != 0 {
		s.reusers[to] = s.reusers[f.id]
		delete(s.reusers, f.id)
	}
}

// sides is where the side records of a connection are, or are to be: 0 stands for none, or a new one.
type sides struct{ closing, resets, odd int32 }

// pack packs the records of f, each on its own, and gives those at the sides back. It returns the place of the packed one.
func (s *shard) pack(f *flow) int32 {
	ps := &s.archive.store
	p := *f
	if i := f.closing; i != 0 {
		c := s.closings.at(i)
		if i := c.resets; i != 0 {
			c.resets = ps.put(packRecord(ps.room(), s.resets.at(i), f.last))
			s.resets.release(i)
		}
		p.closing = ps.put(packRecord(ps.room(), c, f.last))
		s.closings.release(i)
	}
	if i := f.odd; i != 0 {
		p.odd = ps.put(packRecord(ps.room(), s.odds.at(i), f.last))
		s.odds.release(i)
	}
	return ps.put(packRecord(ps.room(), &p, s.epoch))
}

// unpackTo makes the records of an archived connection in f and, where it has them, in side records. The packed ones stay;
// it returns where those of the sides are.
func (s *shard) unpackTo(id int32, f *flow, to sides) sides {
	ps := &s.archive.store
	unpackRecord(ps.at(s.archive.all.at(archiveIndex(id)).at), f, s.epoch)
	from := sides{closing: f.closing, odd: f.odd}
	if f.closing != 0 {
		f.closing = to.closing
		if f.closing == 0 {
			f.closing = s.closings.add()
		}
		c := s.closings.at(f.closing)
		unpackRecord(ps.at(from.closing), c, f.last)
		if from.resets = c.resets; c.resets != 0 {
			if c.resets = to.resets; c.resets == 0 {
				c.resets = s.resets.add()
			}
			unpackRecord(ps.at(from.resets), s.resets.at(c.resets), f.last)
		}
	}
	if f.odd != 0 {
		if f.odd = to.odd; f.odd == 0 {
			f.odd = s.odds.add()
		}
		unpackRecord(ps.at(from.odd), s.odds.at(f.odd), f.last)
	}
	return from
}

// discard gives packed records back.
func (s *shard) discard(at int32, from sides) {
	for _, i := range [...]int32{at, from.closing, from.resets, from.odd} {
		if i != 0 {
			s.archive.store.release(i)
		}
	}
}

// viewer looks at the connections of a shard, also those in the archive, while no packets come. Several may do so at a time.
type viewer struct {
	owner *shard
	s     *shard // a copy of owner: its lists stay as they are when another viewer comes
	flow  flow
	room  sides
}

// viewer returns a viewer, which has to be closed.
func (s *shard) viewer() *viewer {
	v := &viewer{owner: s, room: sides{s.closings.add(), s.resets.add(), s.odds.add()}}
	c := *s
	v.s = &c
	return v
}

// at returns a connection. One of the archive is there until the next one is asked for.
func (v *viewer) at(id int32) *flow {
	if id > 0 {
		return v.s.flows.at(id)
	}
	v.s.unpackTo(id, &v.flow, v.room)
	v.flow.id = id
	return &v.flow
}

// close gives the room of a viewer back.
func (v *viewer) close() {
	v.owner.closings.release(v.room.closing)
	v.owner.resets.release(v.room.resets)
	v.owner.odds.release(v.room.odd)
}
