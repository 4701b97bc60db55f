package analyzer

// release gives back the records of f, which is retired, and all that they refer to. Nothing that a session made for one
// connection may stay when it is forgotten: it runs for weeks.
func (s *shard) release(f *flow) {
	if f.flags&waiting != 0 {
		delete(s.pendings, f.id)
	}
	if f.flags&reused != 0 {
		if f.flags&meeting != 0 {
			s.part(f)
		}
		s.releaseReuse(s.reusers[f.id])
		delete(s.reusers, f.id)
	}
	if f.flags&wide != 0 {
		s.wides.Release(int32(f.key.a))
	}
	for x := range f.e {
		s.dropGaps(&f.e[x])
	}
	if f.odd != 0 {
		o := s.odds.At(f.odd)
		for _, i := range o.suspect {
			if i != 0 {
				s.suspects.Release(i)
			}
		}
		if o.rare != 0 {
			s.rarities.Release(o.rare)
		}
		s.odds.Release(f.odd)
	}
	if f.closing != 0 {
		s.releaseClosing(f.closing)
	}
	s.flows.Release(f.id)
}

// releaseClosing gives a side record back, and what it refers to.
func (s *shard) releaseClosing(i int32) {
	c := s.closings.At(i)
	for x := range c.fin {
		if i := c.fin[x].repeats; i != 0 {
			s.releaseNotes(s.repeats.At(i).more)
			s.repeats.Release(i)
		}
		if more := c.timeWait[x].more; more != 0 {
			if by := s.waitLog.At(more).by; by != 0 {
				s.releaseReuse(by)
			}
			s.waitLog.Release(more)
		}
	}
	if c.resets != 0 {
		for _, l := range s.resets.At(c.resets).more {
			s.releaseNotes(l)
		}
		s.resets.Release(c.resets)
	}
	s.closings.Release(i)
}

// releaseNotes gives the elements of a list back.
func (s *shard) releaseNotes(l noteList) {
	for n := l.first; n != 0; {
		next := s.notes.At(n).next
		s.notes.Release(n)
		n = next
	}
}

// releaseReuse gives a reuse back for one of the two connections that refer to it: with the second it goes.
func (s *shard) releaseReuse(index int32) {
	if r := s.reuses.At(index); r.holders > 1 {
		r.holders--
		return
	}
	s.reuses.Release(index)
}

// part ends the meeting of f, whose SYN was not answered, with the connection whose TIME_WAIT it met.
func (s *shard) part(f *flow) {
	s.flows.At(s.reuseOf(f).old).flags &^= met // which has kept that one
}
