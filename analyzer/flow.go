package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// flow is one connection while its packets pass. Endpoint 0 sent the first packet seen; who is the client is decided
// when the record is made. It has no pointers: a million of them cost the garbage collector nothing. It takes five lines of
// memory, one and two for each endpoint, of which ordinary packets touch four.
type flow struct {
	key   key
	flags flowFlags

	last  int64 // highest time of any packet
	id    int32 // its number in shard.flows; 0: this is none
	birth int32 // index in shard.births, which gives the stream number

	// From here on it is packed while flags has folded.

	lastFrame  uint64
	start      int64
	firstFrame uint64

	closing int32 // index in shard.closings; 0: no FIN and no RST so far
	odd     int32 // index in shard.odds; 0: nothing rare happened

	e [2]endpoint
}

// flowFlags are yes-or-no facts about a connection.
type flowFlags uint32

const (
	self          flowFlags = 1 << iota // both ends are the same socket; 1, see peer
	wide                                // its addresses are in shard.wides
	settled                             // both ends ESTABLISHED, no FIN, no RST: ordinary segments change no state
	ended                               // nothing can reopen it: a SYN starts the next connection
	disorder                            // timestamps go backwards
	replaced                            // a later connection took over its ports before its end was seen
	dataBy1                             // the latest payload came from endpoint 1
	dataBy0                             // the latest payload came from endpoint 0
	meeting                             // its SYN met a TIME_WAIT and is not answered so far
	met                                 // the other side of that: a SYN that is not answered so far met its TIME_WAIT
	finishedEarly                       // too many connections were open: see bound.go
	strays                              // it met SYNs that started nothing: Wireshark counts them as streams of their own
	waiting                             // a SYN waits to be explained: it is in shard.pendings
	reused                              // its SYN met a TIME_WAIT: what came of it is in shard.reusers
	entered                             // it is over and in a book, and kept as an example
	folded                              // its record is packed, together with its side record: see fold.go
	succeeded                           // a later connection has its addresses and ports, whatever shows of this one
)

// peer returns the index of the other endpoint: the same one if a socket is connected to itself.
func (f *flow) peer(x int) int { return x ^ int(self&^f.flags) }

// sentData notes that x sent payload.
func (f *flow) sentData(x int) {
	f.e[x].marks |= sentData
	f.flags = f.flags&^(dataBy0|dataBy1) | dataBy0>>x
}

// packet is one TCP segment with its place in the capture.
type packet struct {
	frame uint64
	time  int64 // ns since the epoch
	seg   decode.Segment
}

// disorderTolerance is how far timestamps may go backwards inside a connection without a doubt: captures of several
// queues or interfaces are merged with errors of about this size.
const disorderTolerance = 1e6 // ns

// apply enters a segment of endpoint x into its connection.
func (s *shard) apply(f *flow, x int, p *packet) {
	e, peer := &f.e[x&1], &f.e[f.peer(x)&1]
	if p.time >= f.last {
		f.last = p.time
	} else if f.last-p.time > disorderTolerance {
		f.flags |= disorder
	}
	f.lastFrame = p.frame
	if e.packets == 0 && peer.packets > 0 {
		s.sawBothEnds = true
	}
	e.packets++
	switch {
	case p.seg.Marks&decode.BadChecksum != 0 && e.has(soundSYN):
		// Checksums are trusted once the sender's SYN had a right one: captures with rewritten addresses have none.
		s.badChecksums++ // its receiver drops it unread
		s.say("wrong TCP checksum: dropped by its receiver")
	case s.capturedTwice(e, peer, p):
		e.ttls.note(p.seg.TTL)
		s.say("the same packet captured again")
	default:
		s.enter(f, x, e, peer, p)
		e.lastFrame, e.lastTime = p.frame, p.time
		e.ttls.note(p.seg.TTL)
		if f.flags&settled == 0 {
			s.settle(f, p)
		}
	}
	if s.tracing {
		s.trace(f, x, p)
	}
}

// enter enters a segment that its receiver gets to see. It is of x, which is e.
func (s *shard) enter(f *flow, x int, e, peer *endpoint, p *packet) {
	seg := &p.seg
	switch {
	case seg.Flags.Has(decode.RST):
		s.reset(f, x, p)
		return
	case seg.Flags.Has(decode.SYN):
		s.noteSYN(f, x, p)
	case s.unusable(e, peer, seg):
		return
	case f.odd != 0:
		s.chooseSYNACK(f, x, seg)
	}
	sent := e.out.Numbers()
	kind := s.accept(e, peer, seg)
	if seg.Flags.Has(decode.SYN) {
		e.out.Open(seg.Seq)
	}
	if s.tracing {
		s.sayKind(kind, p)
	}
	if kind == reassembly.Suspect {
		if seg.Flags.Has(decode.FIN) {
			s.suspectFIN(f, x, p)
		}
		return
	}
	if f.odd != 0 || kind >= reassembly.Fill || seg.Window == 0 {
		s.noteOdd(f, x, p, kind)
	}
	if f.closing != 0 {
		s.noteDuringClose(f, x, p, kind)
	}
	if !seg.Flags.Any(decode.SYN | decode.FIN) {
		e.marks |= sentPlain
		s.sawPlain = true
		if kind == reassembly.Ahead && seg.Len == 0 {
			s.noteBeyond(f, x, p)
		}
	}
	if seg.Len > 0 && !seg.Flags.Has(decode.SYN) {
		f.sentData(x)
	}
	if seg.Flags.Has(decode.ACK) {
		s.acknowledge(f, x, e, peer, p, sent)
	}
	if seg.Flags.Has(decode.FIN) {
		if s.passedBefore(f, x, seg, kind) {
			s.say("FIN at a number that its receiver had passed: left of an earlier connection, and dropped (RFC 9293 §3.10.7.4, first)")
			return
		}
		if kind == reassembly.Ahead {
			s.oddOf(f).ahead[x] = p.frame
		}
		s.sawFIN = true
		s.noteFIN(f, x, p)
	}
}

// unusable reports whether the receiver of a segment of e, which has no SYN, drops it without looking at its numbers.
func (s *shard) unusable(e, peer *endpoint, seg *decode.Segment) bool {
	if seg.Flags.Has(decode.FIN) {
		switch {
		case !seg.Flags.Has(decode.ACK):
			s.say("FIN without ACK: dropped by its receiver (RFC 9293 §3.10.7.4, fifth)")
			return true
		case peer.inSYNSent() && !e.sentSYN() && peer.unsent(seg.Ack): // another one shows that the capture lacks a SYN-ACK
			s.say("FIN to an endpoint in SYN_SENT: dropped (RFC 9293 §3.10.7.4, eighth)")
			return true
		}
	}
	if peer.inSYNSent() && seg.Flags.Has(decode.ACK) && peer.unsent(seg.Ack) {
		s.say("acknowledges what the SYN's sender has not sent: left of an earlier connection, and answered with a RST (RFC 9293 §3.10.7.3, first)")
		return true
	}
	return false
}

// noteDuringClose notes a segment of x on a connection that is closing or has seen a RST.
func (s *shard) noteDuringClose(f *flow, x int, p *packet, kind reassembly.Kind) {
	if f.odd != 0 {
		s.resolveSuspect(f, x)
	}
	c := s.closings.At(f.closing)
	if c.resets != 0 {
		s.wentOn(f, c, x, p, kind)
	}
	if p.seg.Len > 0 {
		s.noteLate(f, c, x, p, kind)
	}
}

// acknowledge enters the acknowledgment, the window and the options of a segment of x, which is e. sent is how many numbers
// that had sent before it.
func (s *shard) acknowledge(f *flow, x int, e, peer *endpoint, p *packet, sent uint64) {
	seg := &p.seg
	if una, ok := e.out.Acked(); ok && seg.End().Before(una) && peer.packets > 0 {
		if seg.Len > 0 || seg.End()+1 != una { // a probe is where its kind was said
			s.say("old: its receiver had all of it, and drops its acknowledgment too (RFC 9293 §3.10.7.4, first)")
		}
		return
	}
	if !peer.out.Cover(seg.Ack) && !s.acked(peer, seg.Ack, e.room(peer)) {
		s.say("implausible acknowledgment: ignored")
		return
	}
	if !e.has(sentACK) && peer.sentSYN() && peer.lastTime != 0 && p.time > peer.lastTime {
		e.rtt = uint32(min((p.time-peer.lastTime)/1000+1, 1<<31))
	}
	if seg.Flags.Has(decode.SYN) && peer.has(sentBareSYN) && (peer.isn + 1).Before(seg.Ack) {
		f.sentData(f.peer(x)) // with the SYN (RFC 7413)
	}
	e.noteACK(seg, sent)
	e.offer(seg)
	peer.marks &^= ackMissed
	if seg.Marks&(decode.HasSACK|decode.HasMPTCP) != 0 {
		s.noteOptions(f, x, e, seg)
	}
	if f.closing != 0 {
		y := f.peer(x)
		if f.odd != 0 {
			s.resolveSuspect(f, y)
		}
		c := s.closings.At(f.closing)
		if c.fin[y&1].covers(seg.Ack) {
			s.noteCovered(f, c, y, p)
		}
		if c.resets != 0 {
			s.disproveReset(f, c, x, p)
		}
	}
}

// closingOf returns the side record of a connection, and makes it if there is none.
func (s *shard) closingOf(f *flow) *closing {
	if f.closing == 0 {
		f.closing = s.closings.Add()
		f.flags &^= settled
		if s.closes != nil {
			s.closes(f)
		}
	}
	return s.closings.At(f.closing)
}
