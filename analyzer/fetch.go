package analyzer

// Most of the time that a packet takes among a million connections is waiting for memory. Here it is loaded ahead for several
// connections at a time: the loads do not wait for one another, as they would if each connection were dealt with before the
// next one is looked at. What is loaded is added up in shard.fetched, so that the compiler does not leave it out.

// fetchOver loads what is needed of connections whose turn has come: the first line of each, then the rest of those that are
// likely to be retired.
func (s *shard) fetchOver(all []entry, now int64) {
	var sum int64
	for _, e := range all {
		sum += s.flows.At(e.id).last
	}
	for _, e := range all {
		f := s.still(e)
		if f == nil || f.flags&ended == 0 || now-f.last <= s.retired.after {
			continue
		}
		sum += s.lines(f)
		k := s.ends(f)
		sum += int64(s.table.slots[k.hash(s.seed)>>32&uint64(len(s.table.slots)-1)].last)
	}
	s.fetched += sum
}

// fetchListed loads what is needed of listed connections, as far as they are those of this shard, which has the number own. Of the
// others nothing is read but their shard: these are at work on them.
func (s *shard) fetchListed(refs []flowRef, own int) {
	var sum int64
	for i := range refs {
		if ref := &refs[i]; int(ref.shard) == own {
			sum += s.flows.At(ref.flow).last
		}
	}
	for i := range refs {
		if ref := &refs[i]; int(ref.shard) == own {
			sum += s.lines(s.flows.At(ref.flow))
		}
	}
	s.fetched += sum
}

// lines loads the lines of memory that a connection takes, but for the first one, which says where others are.
func (s *shard) lines(f *flow) int64 {
	sum := f.lines()
	if f.flags&folded == 0 && f.closing != 0 {
		sum += s.closings.At(f.closing).lines()
	}
	return sum
}

// lines loads the lines of memory that a connection takes, but for the first one.
func (f *flow) lines() int64 {
	a, b := &f.e[0], &f.e[1]
	return a.lastTime ^ b.lastTime ^ int64(a.prevAck^b.prevAck)
}

// lines loads the lines of memory that the side record of a close takes.
func (c *closing) lines() int64 {
	a, b := &c.fin[0], &c.fin[1]
	return int64(a.end^b.end) ^ a.idle ^ b.idle ^ a.lastCovered ^ b.lastCovered
}
