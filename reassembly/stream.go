package reassembly

// MaxHoles is how many missing ranges a Stream remembers. A path that reorders packets seldom has more than two open at a time;
// where an eighth of 200 packets in flight was lost, 4 were too few. When there are more, the oldest is forgotten, and bytes
// that fill it later count as sent again.
const MaxHoles = 32

// UnknownRoom stands for the receiver's window where the capture does not tell its scale (RFC 7323 §2.2). A jump of
// more than this has to be confirmed by a second segment or by an acknowledgment.
const UnknownRoom = 1 << 20

// maxRoom is more than any window (RFC 7323 §2.3: 65535 << 14). No more than that lies between what a receiver still
// waits for and what its peer sends: positions farther behind Next cannot be told from positions ahead of it once the
// numbers come round, so they are given up before.
const maxRoom = 1 << 30

// Kind says what a segment was in the sequence space of its direction.
type Kind uint8

// The kinds of segments.
const (
	// Empty occupies no numbers, and stands where the next ones will.
	Empty Kind = iota
	// New carries numbers not seen before, the first of them the next one expected.
	New
	// Ahead carries or points to numbers beyond the next one expected: something is missing, lost before the capture
	// point, not captured, or on its way in another order.
	Ahead
	// Fill carries numbers that were missing: sent again after a loss before the capture point, or reordered.
	Fill
	// Again carries only numbers that were seen before.
	Again
	// Probe is empty and stands below the next number: a keep-alive (RFC 9293 §3.8.4), a probe of a closed window as
	// Linux sends it, or an old acknowledgment that was overtaken. A keep-alive with one octet of garbage cannot be
	// told from that octet sent again; it is Again.
	Probe
	// Suspect lies outside what its receiver can take. It changes nothing unless the next segment or an
	// acknowledgment agrees with it.
	Suspect
)

// String returns the kind in one word, for the messages of tests.
func (k Kind) String() string {
	return [...]string{"empty", "new", "ahead", "fill", "again", "probe", "suspect"}[k]
}

// span is a range of sequence numbers, low =< n < high.
type span struct{ low, high Seq }

// marks are yes-or-no facts about a stream, one bit each, so that one test asks for several.
type marks uint8

const (
	started   marks = 1 << iota
	acked           // una holds a real acknowledgment
	hasBeyond       // Gaps.beyond is valid
	hasJump         // Gaps.jump is valid
	forgot          // a hole had to be forgotten
	far             // start lies more than maxRoom behind nxt: nothing is compared with it any more
	opened          // start is the number of a SYN: nothing comes before it
	unseen          // numbers of a hole that was forgotten had been acknowledged
)

// has reports whether any of some marks is set.
func (s *Stream) has(any marks) bool { return s.marks&any != 0 }

// Stream is the sequence space of one direction. The zero value has seen nothing.
//
// What few streams need for long is in [Gaps], so that a million streams take half the memory: methods that may look there
// are given it. As long as HasGaps is false nothing in there counts, and any Gaps will do; once it is true, the next call
// needs the same one.
type Stream struct {
	numbers uint64 // how many numbers were seen, each once
	start   Seq    // the lowest
	nxt     Seq    // one past the highest: SND.NXT, as far as the capture point knows it
	una     Seq    // highest acknowledgment of numbers that were seen: SND.UNA likewise

	nholes uint8 // how many of Gaps.holes are valid
	marks  marks

	// GapsAt is for whoever keeps the Gaps of many streams in a list: the index of these. It means nothing here.
	GapsAt int32
}

// Gaps is what a [Stream] remembers of numbers that it has not seen.
type Gaps struct {
	beyond Seq  // highest acknowledgment of numbers that were not seen
	jump   span // a Suspect segment that waits for confirmation
	holes  [MaxHoles]span
}

// HasGaps reports whether the stream has something in its Gaps.
func (s *Stream) HasGaps() bool { return s.nholes > 0 || s.has(hasBeyond|hasJump) }

// Started reports whether a segment of this direction, or an acknowledgment of it, was seen.
func (s *Stream) Started() bool { return s.has(started) }

// Start returns the lowest sequence number seen, of the first 2^30; valid iff Started.
func (s *Stream) Start() Seq { return s.start }

// Open notes that the stream starts with a SYN, at seq: what lies below belongs to an earlier connection, and its receiver drops
// it (RFC 9293 §3.10.7.4, first).
func (s *Stream) Open(seq Seq) {
	if s.has(started) && s.start == seq && !s.has(far) {
		s.marks |= opened
	}
}

// Next returns one past the highest number seen; valid iff Started. If nothing is seen but acknowledgments it is the
// first of these, brought up when they are 2^30 past it.
func (s *Stream) Next() Seq { return s.nxt }

// Numbers returns how many sequence numbers were seen, each counted once: octets, and one each for SYN and FIN.
func (s *Stream) Numbers() uint64 { return s.numbers }

// Acked returns the highest acknowledgment of numbers that were seen, and whether there was any.
func (s *Stream) Acked() (Seq, bool) { return s.una, s.has(acked) }

// Outstanding reports whether a number was sent and not acknowledged so far, as far as was seen: SND.UNA =< seq < SND.NXT.
func (s *Stream) Outstanding(seq Seq) bool { return uint32(seq-s.una) < uint32(s.nxt-s.una) }

// AckedBeyond returns the highest plausible acknowledgment of numbers that were not seen, and whether there is one.
func (s *Stream) AckedBeyond(g *Gaps) (Seq, bool) { return g.beyond, s.has(hasBeyond) }

// Contiguous returns one past the last number before the first hole; valid iff Started. It is the most that a receiver
// can have acknowledged if it was sent only what the capture shows.
func (s *Stream) Contiguous(g *Gaps) Seq {
	if s.nholes > 0 {
		return g.holes[0].low
	}
	return s.nxt
}

// Missing reports whether numbers below Next were never seen.
func (s *Stream) Missing() bool { return s.nholes > 0 || s.has(forgot) }

// MissingBelow returns how many numbers below seq were never seen, of those holes that are remembered.
func (s *Stream) MissingBelow(g *Gaps, seq Seq) (n uint64) {
	for _, h := range g.holes[:s.nholes] {
		if high := h.high; h.low.Before(seq) {
			if seq.Before(high) {
				high = seq
			}
			n += uint64(uint32(high - h.low))
		}
	}
	return n
}

// UnseenAcked reports whether the receiver acknowledged numbers that were never seen: they passed unseen, which is a
// fault of the capture and not a loss on the path.
func (s *Stream) UnseenAcked(g *Gaps) bool {
	return s.has(hasBeyond|unseen) || s.nholes > 0 && s.has(acked) && g.holes[0].low.Before(s.una)
}

// Accept enters a segment that occupies the numbers seq =< n < end, SYN and FIN included, and says what it was.
// room is how far past Next the receiver's window reaches, [UnknownRoom] if that is not known.
func (s *Stream) Accept(g *Gaps, seq, end Seq, room uint32) Kind {
	if uint32(end-seq) > maxRoom {
		return Suspect // no receiver has room for that, and no next segment makes it likelier
	}
	if !s.has(started) {
		s.marks |= started
		s.start, s.nxt, s.una = seq, end, seq
		s.numbers = uint64(end - seq)
		if seq == end {
			return Empty
		}
		return New
	}
	if seq == s.nxt { // nearly every segment
		s.marks &^= hasJump
		if seq == end {
			return Empty
		}
		s.numbers += uint64(end - seq)
		s.advance(g, end)
		return New
	}
	if s.nxt.Before(seq) {
		return s.acceptAhead(g, seq, end, room)
	}
	if s.tooOld(end) {
		return s.suspect(g, seq, end)
	}
	s.marks &^= hasJump
	if seq == end {
		return Probe
	}
	return s.acceptOld(g, seq, end)
}

// Expects reports whether a segment of length octets at seq is the next one, and nothing waits for confirmation or is too far
// behind by then: [Stream.Continue] then enters it as [Stream.Accept] would, for less.
func (s *Stream) Expects(seq Seq, length uint32) bool {
	end := seq + Seq(length)
	return seq == s.nxt && s.marks&(started|hasJump|hasBeyond) == started && length <= maxRoom && uint32(end-s.una) <= maxRoom &&
		(s.has(far) && s.nholes == 0 || !s.has(far) && uint32(end-s.start) <= maxRoom)
}

// Continue enters the length octets of a segment that is the next one. One without any changes nothing.
func (s *Stream) Continue(length uint32) {
	s.numbers += uint64(length)
	s.nxt += Seq(length)
}

// Cover enters an acknowledgment of numbers that were seen, as [Stream.Ack] would for more; for one that goes back behind an
// earlier one, or behind all that was seen, and for any other it reports false and changes nothing.
func (s *Stream) Cover(ack Seq) bool {
	if uint32(ack-s.una) > uint32(s.nxt-s.una) || !s.has(started) {
		return false
	}
	s.una = ack
	s.marks |= acked
	return true
}

// acceptAhead enters a segment that starts past the next number.
func (s *Stream) acceptAhead(g *Gaps, seq, end Seq, room uint32) Kind {
	if !s.within(g, seq, room) && !(s.has(hasJump) && uint32(seq-g.jump.high) <= UnknownRoom) {
		return s.suspect(g, seq, end)
	}
	if seq == end {
		// An empty segment past the next number says that something was sent, not what; numbers that never come
		// would make a hole of a garbled header.
		return Ahead
	}
	s.open(g, span{s.nxt, seq}, s.has(hasJump))
	s.marks &^= hasJump
	s.numbers += uint64(end - seq)
	s.advance(g, end)
	return Ahead
}

// within reports whether a segment that starts past the next number is plausible by itself: the window reaches that far,
// or what was acknowledged unseen does, and a bit more.
func (s *Stream) within(g *Gaps, seq Seq, room uint32) bool {
	ahead := uint32(seq - s.nxt)
	return ahead <= min(room, maxRoom) || s.has(hasBeyond) && ahead <= uint32(g.beyond-s.nxt)+UnknownRoom
}

// tooOld reports whether a position that is not past the next number lies so far below all that was seen that no
// reordering explains it.
func (s *Stream) tooOld(t Seq) bool {
	if s.has(far) {
		return t.AtOrBefore(s.nxt) && uint32(s.nxt-t) > maxRoom
	}
	return t.Before(s.start) && uint32(s.start-t) > UnknownRoom
}

// open records the missing range h. If a jump was confirmed, its first segment is not missing.
func (s *Stream) open(g *Gaps, h span, jumped bool) {
	if low, high := uint32(g.jump.low-h.low), uint32(g.jump.high-h.low); jumped && low <= high && high <= uint32(h.high-h.low) {
		s.numbers += uint64(g.jump.high - g.jump.low)
		s.addHole(g, span{h.low, g.jump.low})
		h.low = g.jump.high
	}
	s.addHole(g, h)
}

// addHole records a missing range above all others.
func (s *Stream) addHole(g *Gaps, h span) {
	if h.low == h.high {
		return
	}
	if s.nholes > 0 && g.holes[s.nholes-1].high == h.low { // all that was seen between them is an empty segment
		g.holes[s.nholes-1].high = h.high
		return
	}
	if s.nholes == MaxHoles {
		s.forgetFirst(g)
	}
	g.holes[s.nholes] = h
	s.nholes++
}

// forget notes that a missing range is not remembered any more. What its receiver had acknowledged of it had passed unseen; of the
// rest nothing is known, it may come yet.
func (s *Stream) forget(h span) {
	s.marks |= forgot
	if s.has(acked) && h.low.Before(s.una) {
		s.marks |= unseen
	}
}

// forgetFirst takes the lowest range off the list.
func (s *Stream) forgetFirst(g *Gaps) {
	s.forget(g.holes[0])
	copy(g.holes[:], g.holes[1:])
	s.nholes--
}

// addFirstHole records a missing range below all others; if there are enough of those, it is the one to be forgotten.
func (s *Stream) addFirstHole(g *Gaps, h span) {
	if s.nholes > 0 && g.holes[0].low == h.high {
		g.holes[0].low = h.low
		return
	}
	if s.nholes == MaxHoles {
		s.marks |= forgot
		return
	}
	copy(g.holes[1:], g.holes[:s.nholes])
	g.holes[0] = h
	s.nholes++
}

func (s *Stream) suspect(g *Gaps, seq, end Seq) Kind {
	g.jump = span{seq, end}
	s.marks |= hasJump
	return Suspect
}

// acceptOld enters a segment that starts below the next number.
func (s *Stream) acceptOld(g *Gaps, seq, end Seq) Kind {
	kind := Again
	switch {
	case s.has(far) || !seq.Before(s.start):
	case s.has(opened):
		if end.AtOrBefore(s.start) {
			return Again
		}
		seq = s.start
	default: // reordered across the start of the capture
		s.numbers += uint64(min(uint32(s.start-seq), uint32(end-seq)))
		if end.Before(s.start) && !(s.has(acked) && s.start.AtOrBefore(s.una)) {
			// What lies between may come as well, if it had not arrived before the capture began.
			s.addFirstHole(g, span{end, s.start})
		}
		s.start = seq
		kind = Fill
	}
	if s.fill(g, seq, end) {
		kind = Fill
	}
	if s.nxt.Before(end) { // sent again together with what follows
		s.numbers += uint64(end - s.nxt)
		s.advance(g, end)
		if kind == Again {
			kind = New
		}
	}
	return kind
}

// fill takes seq =< n < end out of the holes and reports whether that was any of them.
func (s *Stream) fill(g *Gaps, seq, end Seq) bool {
	if s.nholes == 0 {
		return false
	}
	var kept [MaxHoles + 1]span
	n, filled := 0, false
	for _, h := range g.holes[:s.nholes] {
		lo, hi := h.low.Max(seq), h.high
		if end.Before(hi) {
			hi = end
		}
		if !lo.Before(hi) {
			kept[n] = h
			n++
			continue
		}
		filled = true
		s.numbers += uint64(hi - lo)
		if h.low != lo {
			kept[n] = span{h.low, lo}
			n++
		}
		if hi != h.high {
			kept[n] = span{hi, h.high}
			n++
		}
	}
	first := 0
	if n > MaxHoles { // one hole of a full list was split
		first = 1
		s.forget(kept[0])
	}
	s.nholes = uint8(copy(g.holes[:], kept[first:n]))
	return filled
}

// Ack enters an acknowledgment of this direction and reports whether it was plausible; one that is not changes
// nothing. room is as for [Stream.Accept].
func (s *Stream) Ack(g *Gaps, ack Seq, room uint32) bool {
	if !s.has(started) {
		// This direction has not been captured so far: the first acknowledgment is where it stands.
		s.marks |= started | acked
		s.start, s.nxt, s.una = ack, ack, ack
		return true
	}
	if ack-s.nxt == 1<<31 {
		return false // half the space away: neither before nor ahead
	}
	if ack.AtOrBefore(s.nxt) {
		if !s.has(acked) && s.tooOld(ack) {
			return false
		}
		if !s.has(acked) || s.una.Before(ack) {
			s.una = ack
			s.marks |= acked
		}
		return true
	}
	if s.has(hasJump) && g.jump.low.Before(ack) && ack.AtOrBefore(g.jump.high) {
		s.open(g, span{s.nxt, g.jump.high}, true)
		s.marks &^= hasJump
		s.una = ack
		s.marks |= acked
		s.advance(g, g.jump.high)
		return true
	}
	known := s.nxt
	if s.has(hasBeyond) { // with one direction captured, all that is known of the other are its acknowledgments
		known = g.beyond
	}
	if known.Before(ack) && uint32(ack-known) > min(max(room, UnknownRoom), maxRoom) {
		return false
	}
	g.beyond = known.Max(ack)
	s.marks |= hasBeyond
	if uint32(g.beyond-s.nxt) > maxRoom { // so much was sent, and none of it was captured
		s.marks |= forgot | unseen
		s.advance(g, g.beyond)
	}
	return true
}

// advance moves the next number up to end.
func (s *Stream) advance(g *Gaps, end Seq) {
	if s.has(hasBeyond) || s.nholes > 0 || uint32(end-s.una) > maxRoom || !s.has(far) && uint32(end-s.start) > maxRoom {
		s.catchUp(g, end)
	}
	s.nxt = end
}

// catchUp prepares for the next number to move up to end: it counts an acknowledgment that came before the numbers it
// acknowledges, as captures of two interfaces show it, and gives up what will be too far behind.
func (s *Stream) catchUp(g *Gaps, end Seq) {
	if s.has(hasBeyond) && uint32(g.beyond-s.nxt) <= uint32(end-s.nxt) {
		s.una = g.beyond
		s.marks = s.marks&^hasBeyond | acked
	}
	for s.nholes > 0 && uint32(end-g.holes[0].low) > maxRoom {
		s.forgetFirst(g)
		s.marks |= unseen // no window is so large: it was acknowledged
	}
	if uint32(end-s.start) > maxRoom {
		s.marks |= far
	}
	if uint32(end-s.una) > maxRoom { // acknowledgments were not captured for a while; the half saves coming back at once
		s.una = end - maxRoom/2
	}
}
