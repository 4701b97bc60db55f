package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// Who sends a RST holds the connection no longer, whether its receiver believes the RST or not: a socket that aborts is
// gone (RFC 9293 §3.10.5), and a stack answers with RST where it has no socket (§3.10.7.1). In TIME_WAIT, CLOSING and the
// other states it would have answered with an ACK (§3.10.7.4). If the endpoint goes on, another host sent the RST.

// goneFacts is what the RSTs of one endpoint say of itself.
type goneFacts struct {
	valid    bool
	prompted bool  // the first one came soon enough to be an answer to something; any of a live socket counts
	abort    bool  // one came from a live socket: seq and ack are valid
	past     bool  // that one stands one past all that was seen of its sender, as after a FIN
	left     State // the state that its sender left

	seq  reassembly.Seq // where its sender stood, with all that was lost before the capture point
	ack  reassembly.Seq // what its sender had received
	time int64          // of the first RST

	abortFrame uint64
	abortTime  int64
	id         identity // of the abort
}

// noteGone notes a RST of x, r, if x can have sent it; answers says that it did, in answer to something.
func (s *shard) noteGone(f *flow, q *resets, x int, p *packet, r *rstFacts, answers bool) {
	e, peer := &f.e[x], &f.e[f.peer(x)]
	if r.refusal || r.foreign && !answers || r.usual.deny(r.ttl) {
		return
	}
	abort := r.live && s.byAbort(r, e, peer)
	if !abort && !answers && e.out.Started() && !s.fits(r, e, peer, &q.latest[f.peer(x)]) {
		return
	}
	g := &q.gone[x]
	if !g.valid {
		g.valid, g.time, g.left = true, p.time, r.before[x]
		g.prompted = s.prompted(r, e, peer)
	}
	if abort && !g.abort {
		g.abort, g.seq, g.ack, g.abortTime, g.abortFrame, g.id = true, r.seq, r.ack, p.time, p.frame, identityOf(&p.seg)
		g.past = e.out.Started() && r.seq == e.out.Next()+1
	}
}

// prompted reports whether a RST of e comes soon enough to answer something of peer; that of a live socket need not.
func (s *shard) prompted(r *rstFacts, e, peer *endpoint) bool {
	return r.live || r.time-peer.lastTime <= s.delta(e)+upset
}

// byAbort reports whether a live socket of e may have sent the RST: at the number that it would send next, past what was
// lost before the capture point, and with an acknowledgment that it may have got to.
func (s *shard) byAbort(r *rstFacts, e, peer *endpoint) bool {
	if !e.out.Started() {
		return true
	}
	ahead := r.seq.Diff(e.out.Next())
	if ahead < 0 || ahead > 0 && uint32(ahead) > peer.room(e) {
		return false
	}
	if e.has(sentACK) && r.ack.Before(e.lastAck) {
		return false
	}
	beyond, ok := peer.out.AckedBeyond(s.gapsOf(peer))
	return !peer.out.Started() || r.ack.AtOrBefore(peer.out.Next()) || ok && r.ack.AtOrBefore(beyond) || uint32(r.ack-peer.out.Next()) <= e.room(peer)
}

// stamp is when a segment passed and what its sender had stamped on it. The zero value is none.
type stamp struct {
	time  int64
	tsVal uint32
	ack   reassembly.Seq // of the segment that passed last
	seen  bool           // ack is valid
	valid bool           // time and tsVal are
}

// noteLatest notes a segment of x on a connection that has seen a RST.
func (q *resets) noteLatest(x int, p *packet) {
	t := &q.latest[x]
	t.ack, t.seen = p.seg.Ack, true
	if p.seg.Marks&decode.HasTimestamp != 0 && (!t.valid || int32(p.seg.TSVal-t.tsVal) >= 0) {
		t.time, t.tsVal, t.valid = p.time, p.seg.TSVal, true
	}
}

// sentSince reports whether a segment of x was sent after a moment and was not merely held up on its way: by its timestamp,
// held against one that passed before and counting ms at most (RFC 7323 §5.4 allows no more than one a ms), or because
// it comes later than packets are held up.
func (s *shard) sentSince(q *resets, n *finFacts, x int, p *packet, moment int64) bool {
	if p.time <= moment {
		return false
	}
	t := q.latest[x]
	if !t.valid && n.frame != 0 && s.lastFrame(n) != p.frame {
		t = stamp{time: n.last, tsVal: n.lastIdentity.tsVal, valid: n.lastIdentity.stamped}
	}
	if t.valid && p.seg.Marks&decode.HasTimestamp != 0 {
		return t.time+int64(int32(p.seg.TSVal-t.tsVal))*1e6 > moment
	}
	return p.time-moment > sameIDWithin
}

// wentOn notes an ordinary segment of x on a connection that has seen a RST. If a RST in the name of x had passed before it was
// sent, another host sent that one. If x had received a RST before, it did not believe that.
func (s *shard) wentOn(f *flow, c *closing, x int, p *packet, kind reassembly.Kind) {
	q := s.resets.At(c.resets)
	r, y := &q.rst, f.peer(x)
	if g := &q.gone[x]; g.valid && s.goesOn(f, c, q, x, p) {
		*g = goneFacts{}
		if r.frame != 0 && int(r.by) == x {
			s.disown(f, q, p)
		}
	} else if r.accepted && int(r.by) == x && !r.refusal && s.goesOn(f, c, q, x, p) {
		s.disown(f, q, p)
	}
	if r.accepted && int(r.by) == y && !r.refusal && y != x && p.seg.Occupies() > 0 && kind != reassembly.Fill &&
		s.sentSince(q, &c.fin[x], x, p, r.pointTime+s.delta(&f.e[x])) {
		s.takeBack(f, q, "its receiver sends on: it did not get the RST, or did not believe it")
	}
	q.noteLatest(x, p)
}

// upset is how long the order of packets, or an answer, may be late on top of the round trip. ns.
const upset = 20e6

// goesOn reports whether a segment of x shows that a RST in its name was not its own.
func (s *shard) goesOn(f *flow, c *closing, q *resets, x int, p *packet) bool {
	r, g := &q.rst, &q.gone[x]
	since, seq := g.time, f.e[x].out.Next()
	switch {
	case g.abort:
		since, seq = g.abortTime, g.seq
		if after, known := identityOf(&p.seg).sentAfter(g.id); known && !after {
			return false
		}
	case r.frame != 0 && int(r.by) == x:
		since, seq = r.time, r.next[x]
	}
	late := p.time - since
	return p.seg.Seq-seq < 1<<31 && late > s.delta(&f.e[x]) && (s.sentSince(q, &c.fin[x], x, p, since) || !g.prompted && late > upset)
}

// disown marks a RST as one that its supposed sender did not send.
func (s *shard) disown(f *flow, q *resets, p *packet) {
	r := &q.rst
	if !r.accepted {
		s.ignore(f, q, r.frame)
		s.oddOf(f).disproved = r.frame
		*r = rstFacts{}
		return
	}
	r.foreign = true
	if o := s.oddOf(f); o.wentOn == 0 {
		o.wentOn = p.frame
	}
	s.say("its sender goes on after its RST: another host sent that one")
}

// takeBack notes that the RST which was thought to have ended the connection was not believed. Its sender is gone all the
// same, if it was one of the two ends.
func (s *shard) takeBack(f *flow, q *resets, why string) {
	s.say(why)
	if q.gone[q.rst.by].valid {
		q.rst.accepted = false
		return
	}
	s.ignore(f, q, q.rst.frame)
	s.oddOf(f).disproved = q.rst.frame
	q.rst = rstFacts{}
}

// noteLateReset notes a RST that came after the close.
func (s *shard) noteLateReset(f *flow, q *resets, frame uint64) {
	if q.late++; q.late == 1 {
		s.oddOf(f).late = frame
	}
}

// ignore notes a RST that nobody believed and whose sender, if it was one of the two ends, has not gone.
func (s *shard) ignore(f *flow, q *resets, frame uint64) {
	if q.ignored++; q.ignored == 1 {
		s.oddOf(f).ignored = frame
	}
}
