package analyzer

// release gives back what the records of f, which is retired, refer to besides its side records. Nothing that a session made
// for one connection may stay when it is forgotten: it runs for weeks.
func (s *shard) release(f *flow) {
	if f.pending != 0 {
		s.pendings.release(f.pending)
	}
	if f.reuse != 0 {
		if f.flags&meeting != 0 {
			s.part(f)
		}
		s.releaseReuse(f.reuse)
	}
	if f.odd != 0 {
		for _, i := range s.odds.at(f.odd).suspect {
			if i != 0 {
				s.suspects.release(i)
			}
		}
	}
	if f.closing == 0 {
		return
	}
	c := s.closings.at(f.closing)
	for x := range f.e {
		s.releaseNotes(c.fin[x].more)
		if more := c.timeWait[x].more; more != 0 {
			if by := s.waitLog.at(more).by; by != 0 {
				s.releaseReuse(by)
			}
			s.waitLog.release(more)
		}
	}
	if c.resets != 0 {
		for _, l := range s.resets.at(c.resets).more {
			s.releaseNotes(l)
		}
	}
}

// releaseNotes gives the elements of a list back.
func (s *shard) releaseNotes(l noteList) {
	for n := l.first; n != 0; {
		next := s.notes.at(n).next
		s.notes.release(n)
		n = next
	}
}

// releaseReuse gives a reuse back for one of the two connections that refer to it: with the second it goes.
func (s *shard) releaseReuse(index int32) {
	if r := s.reuses.at(index); r.holders > 1 {
		r.holders--
		return
	}
	s.reuses.release(index)
}

// part ends the meeting of f, whose SYN was not answered, with the connection whose TIME_WAIT it met.
func (s *shard) part(f *flow) {
	if old := s.reuses.at(f.reuse).old; !s.flows.retired(old) {
		s.flows.at(old).flags &^= met
	}
}
