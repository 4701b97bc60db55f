package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// isnStep is how far past the old next number Linux puts the ISN of a connection that follows one in TIME_WAIT
// (tcp_timewait_state_process and tcp_twsk_unique: tw_snd_nxt + 65535 + 2).
const isnStep = 65537

// reuse is a SYN on the addresses and ports of a connection of which an end is in TIME_WAIT, and what came of it. The
// connection that the SYN starts begins with its first copy; as long as it is not answered, acknowledgments with the
// numbers of the old connection, and the RST that such a one draws, belong to the old connection.
type reuse struct {
	old   int32 // the flow whose TIME_WAIT it met; it may be gone once the SYN has been answered
	by    uint8 // the endpoint of old that sent it
	to    uint8 // the other one
	holds [2]bool

	holders uint8 // connections that refer to it: the one that it began, and old if it ended a TIME_WAIT of that

	doubtful bool // a RST had passed that ends a TIME_WAIT, if it arrived and its host does not ignore such

	syn   int64 // time of its first and its latest copy
	last  int64
	frame uint64
	sent  int32 // how often
	gap   int64 // from the last start of TIME_WAIT to the SYN

	rule reuseRule

	challenges   int32 // ACKs of the old connection that answered it
	challenge    uint64
	challengeAck reassembly.Seq
	resets       int32 // RSTs that answered those
	result       reuseResult
	answer       uint64 // frame
	answered     int64
	isn          isnSign // what the holder's new number says of its TIME_WAIT
	otherTTL     bool    // its TTL is not that of the old connection's packets
	absent       bool    // how it was refused shows that the holder was none any more
}

// isnSign is what the ISN with which a holder of TIME_WAIT begins the next connection says, if it runs Linux.
type isnSign uint8

const (
	isnNotSeen isnSign = iota
	isnHeld            // the old next number + isnStep: it held TIME_WAIT
	isnOther           // another one: it held none any more, or runs something else, or sent a SYN cookie
	isnByClock         // another one, on the clock of Linux: it held none any more
)

// isnSignOf reads the ISN in a segment of a connection that follows old, sent by the endpoint x of old.
func isnSignOf(old *flow, c *closing, x int, p *packet) isnSign {
	const tooSoon = 4 * isnSlack // until then the clocks of other systems are not far from that of Linux
	e, elapsed := &old.e[x], p.time-old.start
	switch isn := p.seg.Seq; {
	case isn == c.fin[x].end+isnStep:
		return isnHeld
	case e.sentSYN() && elapsed > tooSoon && followISN(e.isn, isn, elapsed) == isnContinues:
		return isnByClock
	}
	return isnOther
}

// reuseRule says how the numbers of the SYN stand to those of the old connection (RFC 9293 §3.6.1 MAY-2, RFC 6191 §2).
type reuseRule uint8

const (
	seqHigher   reuseRule = iota // its number is past the old connection's last: accepted
	tsNewer                      // it is not, but its timestamp is newer: accepted (RFC 6191 §2)
	seqLower                     // neither: not accepted
	tsOlder                      // its timestamp is older: rejected (RFC 7323 §5), whatever its number
	seqInWindow                  // it is past the last number, but the old connection would take data there: illumos refuses it
)

func (r reuseRule) String() string {
	return [...]string{"its sequence number is past the old ones", "its timestamp is newer", "its sequence number is among the old ones and no newer timestamp speaks for it",
		"its timestamp is older than the latest of the old connection", "its sequence number is still inside the window of the old connection"}[r]
}

// reuseResult is what became of a SYN.
type reuseResult uint8

const (
	unanswered reuseResult = iota
	accepted
	refused
)

// meet notes that p started a connection g on the addresses and ports of an old one, if that is in TIME_WAIT.
func (s *shard) meet(oldIndex int32, g *flow, p *packet) {
	old := s.flows.At(oldIndex)
	if old.flags&meeting != 0 { // an attempt that was not answered: what it met is still there
		old.flags &^= meeting
		oldIndex = s.reuseOf(old).old
		old = s.flows.At(oldIndex)
	}
	if old.closing == 0 {
		return
	}
	c := s.closings.At(old.closing)
	seg := &p.seg
	r := reuse{old: oldIndex, syn: p.time, last: p.time, frame: p.frame, sent: 1}
	if s.sameSender(old, g) {
		r.by = 0
	} else {
		r.by = uint8(old.peer(0))
	}
	r.to = uint8(old.peer(int(r.by)))
	by := int(r.by)
	if !s.stillHeld(&r, old, c) {
		return
	}
	r.otherTTL = old.e[by].ttls.deny(seg.TTL)
	r.judge(old, c, seg, &s.rules)
	index := s.reuses.Add()
	s.reusers[g.id] = index
	g.flags |= reused
	if r.holds[by] {
		r.isn = isnSignOf(old, c, by, p)
	}
	r.holders = 1
	*s.reuses.At(index) = r
	if r.holds[by] {
		s.takeOver(old, c, index, by, p)
	}
	if seg.Flags.Has(decode.ACK) {
		s.settleReuse(g, p, accepted)
		return
	}
	g.flags |= meeting
	old.flags |= met
	s.arrived(old, c, s.reuses.At(index))
}

// stillHeld notes which ends of old are in TIME_WAIT when the SYN r comes, and reports whether any is.
func (s *shard) stillHeld(r *reuse, old *flow, c *closing) bool {
	for x := range old.e {
		if old.e[x].state != TimeWait {
			continue
		}
		tw := &c.timeWait[x]
		since := tw.since
		if since == 0 {
			since = old.e[x].stateSince
		}
		ev := s.events(tw)
		if ev.denied != 0 || r.syn >= since+s.rules.length+s.rules.slack {
			continue
		}
		r.holds[x] = true
		r.doubtful = ev.killed != 0
		r.gap = r.syn - since
	}
	return r.holds != [2]bool{}
}

// reuseOf returns what came of the SYN of f, which met a TIME_WAIT.
func (s *shard) reuseOf(f *flow) *reuse { return s.reuses.At(s.reusers[f.id]) }

// sameSender reports whether endpoint 0 of two connections on the same addresses and ports is the same end.
func (s *shard) sameSender(a, b *flow) bool { return s.ends(a) == s.ends(b) }

// judge compares the numbers of the SYN with those of the old connection, as the system of the holder does.
func (r *reuse) judge(old *flow, c *closing, seg *decode.Segment, rules *timeWaitRules) {
	by := int(r.by)
	tw := &c.timeWait[old.peer(by)]
	last, recent, stamped := old.e[by].out.Next(), tw.recent, tw.stamped
	if n := &c.fin[by]; n.sent {
		last = n.end
		if !stamped { // the holder has had this at least
			recent, stamped = n.lastIdentity.tsVal, n.lastIdentity.stamped
		}
	}
	stamps := stamped && seg.Marks&decode.HasTimestamp != 0 && !rules.seqOnly
	switch d := int32(seg.TSVal - recent); {
	case stamps && d < 0:
		r.rule = tsOlder
	case rules.pastWindow && last.Before(seg.Seq) && uint32(seg.Seq-last) < old.e[old.peer(by)].room(&old.e[by]):
		r.rule = seqInWindow
	case last.Before(seg.Seq):
		r.rule = seqHigher
	case stamps && d > 0:
		r.rule = tsNewer
	default:
		r.rule = seqLower
	}
}

// against reports whether the SYN was sent once, and is one that a TIME_WAIT would have answered with an ACK of the old connection.
func (r *reuse) against() bool {
	return (r.rule == seqLower || r.rule == tsOlder) && r.challenges == 0 && r.sent == 1
}

// arrived notes that the SYN, or a copy of it, came to the holder.
func (s *shard) arrived(old *flow, c *closing, r *reuse) {
	x := old.peer(int(r.by))
	if !r.holds[x] {
		return
	}
	ev := s.eventsOf(old, &c.timeWait[x])
	switch r.rule {
	case tsOlder:
		ev.trigger = pawsSYN
	case seqLower:
		ev.trigger = oldSYN
	}
}

// takeOver notes that a SYN ended the TIME_WAIT of x, unless p, with which x begins the next connection, shows that there was none.
func (s *shard) takeOver(old *flow, c *closing, index int32, x int, p *packet) {
	r := s.reuses.At(index)
	ev := s.eventsOf(old, &c.timeWait[x])
	proven := r.isn == isnHeld && s.rules.linux
	if ev.reused != 0 || ev.denied != 0 || ev.killed != 0 && !proven {
		return
	}
	ev.by = index
	r.holders++
	if s.rules.linux && (r.isn == isnByClock || r.isn == isnOther && int(r.by) != x && r.against()) {
		ev.denied, ev.denyFrame = r.last, p.frame
		return
	}
	ev.reused = r.last
	if proven {
		ev.proof = nextISN
		ev.survived = ev.survived || ev.killed != 0
		ev.killed, ev.killFrame = 0, 0
	}
}

// meets finds out what a segment of x says of the SYN with which g began in a TIME_WAIT. It returns the old connection and
// the sender there if the segment belongs to that.
func (s *shard) meets(g *flow, x int, p *packet) (*flow, int) {
	r := s.reuseOf(g)
	old := s.flows.At(r.old)
	seg := &p.seg
	by := int(r.by)
	end := g.e[0].isn + 1
	holder := &old.e[old.peer(by)]
	if x == 0 {
		switch {
		case seg.Flags.Has(decode.SYN) && seg.Seq != g.e[0].isn:
		case seg.Flags.Has(decode.SYN):
			r.last = p.time
			r.sent++
			s.arrived(old, s.closings.At(old.closing), r)
		case seg.Flags.Has(decode.RST) && !seg.Flags.Has(decode.ACK) && r.challenges > 0 && seg.Seq == r.challengeAck:
			r.resets++
			return old, by
		case !seg.Flags.Has(decode.RST) && seg.Seq == end:
			s.settleReuse(g, p, accepted) // the SYN-ACK was not captured
		case seg.Flags.Has(decode.ACK) && !seg.Flags.Has(decode.RST) && seg.Ack == holder.out.Next():
			return old, by // a late segment of the old connection
		}
		return g, x
	}
	switch {
	case seg.Flags.Has(decode.SYN|decode.ACK) && (seg.Ack == end || seg.Ack == g.e[0].out.Next()):
		if y := old.peer(by); r.holds[y] {
			r.isn = isnSignOf(old, s.closings.At(old.closing), y, p)
		}
		s.settleReuse(g, p, accepted)
	case seg.Flags.Has(decode.RST|decode.ACK) && (seg.Ack == end || seg.Ack == g.e[0].out.Next()):
		s.settleReuse(g, p, refused)
	case seg.Flags.Has(decode.ACK) && !seg.Flags.Any(decode.SYN|decode.RST) && seg.Ack != end &&
		(seg.Seq == holder.out.Next() || seg.Flags.Has(decode.FIN) && seg.End() == holder.out.Next()):
		if r.challenges++; r.challenges == 1 {
			r.challenge, r.challengeAck = p.frame, seg.Ack
		}
		y := old.peer(by)
		if tw := &s.closings.At(old.closing).timeWait[y]; r.answersAfterRST(s.events(tw), p, s.delta(holder)) {
			s.survive(s.eventsOf(old, tw))
		}
		return old, y
	}
	return g, x
}

// answersAfterRST reports whether p, of the holder of TIME_WAIT, answers a SYN that came after a RST was thought to have ended that. delta
// is within what time after the RST it may have been on its way.
func (r *reuse) answersAfterRST(ev *waitEvents, p *packet, delta int64) bool {
	return ev.killed != 0 && r.last > ev.killed && p.time-ev.killed > delta
}

// settleReuse notes what became of the SYN of g.
func (s *shard) settleReuse(g *flow, p *packet, result reuseResult) {
	g.flags &^= meeting
	r := s.reuseOf(g)
	r.result, r.answer, r.answered = result, p.frame, p.time
	old := s.flows.At(r.old)
	old.flags &^= met
	x, c, index := old.peer(int(r.by)), s.closings.At(old.closing), s.reusers[g.id]
	switch {
	case !r.holds[x]:
	case result == accepted:
		s.takeOver(old, c, index, x, p)
	case result == refused && r.challenges == 0 && s.refusedByHolder(old, c, x, r, p):
		r.absent = true
		if ev := s.eventsOf(old, &c.timeWait[x]); ev.reused == 0 && ev.denied == 0 && ev.killed == 0 {
			ev.by, ev.denied, ev.denyFrame = index, r.last, p.frame
		}
	}
}

// refusedByHolder reports whether the RST p to a SYN shows that x held no TIME_WAIT any more: a Linux socket in TIME_WAIT answers a
// SYN that no listening socket takes with ACK (tcp_v4_rcv, TCP_TW_SYN). A packet filter before it answers with a TTL of its own.
func (s *shard) refusedByHolder(old *flow, c *closing, x int, r *reuse, p *packet) bool {
	t, since := old.e[x].ttls, c.timeWait[x].since
	return s.rules.linux && t.latest <= 64 && !t.denyHops(p.seg.TTL) && since != 0 && r.last < since+s.rules.length
}
