package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// oddities is the side record of rare events: most connections have none. Like flow it has no pointers.
type oddities struct {
	silent    [2]silence // by endpoint: what it sent in vain since the peer was last heard of
	probes    [2]int32   // keep-alives and window probes, answered or not
	afterFIN  [2]uint64  // frame of data past the FIN of the same side
	dsack     [2]uint64  // frame in which the endpoint reported that the peer's FIN arrived twice (RFC 2883)
	ahead     [2]uint64  // frame of a FIN that was captured before data which precedes it
	isn       isnClock   // of the latest SYN that met the connection alive
	rare      int32      // index in shard.rarities; 0: there are none
	synACK    [2]synACK  // by endpoint: its first SYN-ACK, if a later one had another number and neither is acknowledged
	wentOn    uint64     // frame in which the supposed sender of a RST went on
	ignored   uint64     // first RST that its receiver did not believe
	disproved uint64     // last RST whose number fitted and which was not believed all the same
	late      uint64     // first RST after the end

	sackMax  [2]reassembly.Seq // highest edge that each side selectively acknowledged
	suspect  [2]int32          // FINs outside the window, in shard.suspects; 0: none
	lastData [2]int64          // when each side last sent new data since the first FIN or RST
	pause    [2]int64          // the longest time without new data of each side between its peer's FIN and lastData
}

// rarities is a side record of oddities, of what few of them have.
type rarities struct {
	past  [2]outlived   // by endpoint: the longest silence that ended, if it was more than a few lost packets
	zero  [2]zeroWindow // and its closed windows
	early [2]earlyACK   // segments that show FINs which were lost before the capture point, or came later

	returned [2]undelivered // by endpoint: what ICMP said of its segments
}

// silence is a series of segments without an answer.
type silence struct {
	resent int32 // data, SYN or FIN sent again
	probes int32 // keep-alives and window probes
	first  uint64
	last   uint64
	since  int64 // time of the first
	until  int64 // time of the last
	syn    bool  // SYNs are among them: the connection is not set up, and whoever does not answer need not be out of reach
}

// zeroWindow is how long an endpoint kept its window closed, and how long that held its peer's FIN back. Windows that were
// open for no longer than briefly in between count as one.
type zeroWindow struct {
	open   bool // it is closed now
	frame  uint64
	since  int64
	until  int64 // when it opened last
	total  int64 // of windows that have opened again, ns
	probes int32 // of the peer
	held   int64 // how long the window had been closed when the peer's FIN came, or had been until shortly before; 0: not
}

// briefly is within what time after a window opens the peer has sent what it had held back, and for how long an
// application that reads slowly has its window open at a time. ns.
const briefly = 1e9

// oddOf returns the record of rare events of a connection, and makes it if there is none.
func (s *shard) oddOf(f *flow) *oddities {
	if f.odd == 0 {
		f.odd = s.odds.Add()
	}
	return s.odds.At(f.odd)
}

// raritiesOf returns the record of rarities, and makes it if there is none.
func (s *shard) raritiesOf(o *oddities) *rarities {
	if o.rare == 0 {
		o.rare = s.rarities.Add()
	}
	return s.rarities.At(o.rare)
}

// raritiesIn returns the record of rarities to be read; one without any if there is none.
func (s *shard) raritiesIn(o *oddities) *rarities { return s.rarities.At(o.rare) }

// noteOdd notes what is rare about a segment of x, before it is entered; kind is what it was in its sequence space.
func (s *shard) noteOdd(f *flow, x int, p *packet, kind reassembly.Kind) {
	seg := &p.seg
	y := f.peer(x)
	if f.odd != 0 {
		s.answered(s.odds.At(f.odd), y, p.time) // the peer is heard of
	}
	switch {
	case kind == reassembly.Again && seg.Len == 1 && !seg.Flags.Any(decode.FIN|decode.SYN) && seg.End() == f.e[x].out.Next(), kind == reassembly.Probe:
		o := s.oddOf(f)
		if p.time-o.silent[x].until <= sameIDWithin {
			break // no stack probes that often: the network duplicated it
		}
		o.silent[x].note(p, &o.silent[x].probes)
		o.probes[x]++
		if s.raritiesIn(o).zero[y].open {
			s.raritiesOf(o).zero[y].probes++
		}
	case kind == reassembly.Again || kind == reassembly.Fill && f.odd != 0 && s.odds.At(f.odd).silent[x].resent > 0:
		o := s.oddOf(f)
		o.silent[x].note(p, &o.silent[x].resent)
	}
	if seg.Flags.Any(decode.SYN|decode.RST) || !seg.Flags.Has(decode.ACK) {
		return
	}
	switch closed, was := seg.Window == 0, s.raritiesIn(s.odds.At(f.odd)).zero[x].open; {
	case closed && !was:
		z := &s.raritiesOf(s.oddOf(f)).zero[x]
		if z.frame == 0 || p.time-z.until > briefly {
			*z = zeroWindow{frame: p.frame}
		}
		z.open, z.since = true, p.time
	case !closed && was:
		z := &s.raritiesOf(s.odds.At(f.odd)).zero[x]
		z.open, z.until = false, p.time
		z.total += p.time - z.since
	}
}

// note counts a segment sent in vain.
func (q *silence) note(p *packet, counter *int32) {
	*counter++
	if q.first == 0 {
		q.first, q.since = p.frame, p.time
	}
	q.last, q.until = p.frame, p.time
	q.syn = q.syn || p.seg.Flags.Has(decode.SYN)
}

// outlived is a silence that ended.
type outlived struct {
	since int64 // time of the first segment sent in vain; 0: there was none
	heard int64 // when the peer was heard of again
	syn   bool  // as in silence
}

// answered ends the silence that y met.
func (s *shard) answered(o *oddities, y int, now int64) {
	q := &o.silent[y]
	if q.resent >= leastResent && now-q.since >= leastSilence {
		if past := &s.raritiesOf(o).past[y]; now-q.since > past.heard-past.since || past.syn && !q.syn {
			*past = outlived{q.since, now, q.syn}
		}
	}
	*q = silence{}
}

// earlyACK is an empty segment past what its sender had sent, as far as the capture knew. If a FIN that shows up later ends there,
// an earlier copy of it was lost before the capture point.
type earlyACK struct {
	valid    bool
	time     int64
	seq      reassembly.Seq
	ack      reassembly.Seq // what it acknowledged
	peerFINs int32          // how often the peer had sent its FIN by then
	stamp    identity       // of the segment: what carries an earlier one was sent before it
}
