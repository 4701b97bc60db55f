package analyzer

import "finscope/internal/decode"

// This file follows each TIME_WAIT through the packets that come while it runs: what starts it anew, what ends it early,
// what shows that it was there or that it never was. Who holds one is decided by the close machine (machine.go); what a
// SYN does to one is in reuse.go, what systems do differently in timewait_rules.go, how many there are at a time in course.go.

// timeWaitFacts is the TIME_WAIT of one endpoint.
type timeWaitFacts struct {
	since   int64  // when it started, or last started anew, as the holder's packets show; 0: never seen
	recent  uint32 // TS.Recent (RFC 7323 §4.3): the latest timestamp that the holder had of its peer; valid iff stamped
	more    int32  // index in shard.waitLog: what happened while it ran; 0: nothing
	stamped bool
}

// waitEvents is what happened while a TIME_WAIT ran. Most run out in silence and have none.
type waitEvents struct {
	began    int64  // when it first started
	restarts int32  // how often it started anew, later than packets on their way explain
	frame    uint64 // in which the latest of these showed
	cause    trigger
	trigger  trigger // what the peer sent last that the holder has not answered

	proof     proof
	survived  bool // it answered after a RST that would have ended it: its host ignores them (tcp_rfc1337)
	killed    int64
	killFrame uint64 // of the RST
	denied    int64  // when a RST of the supposed holder, or how it took a SYN, showed that there was none, or none any more
	denyFrame uint64

	reused int64 // when a SYN ended it
	by     int32 // index in shard.reuses of that SYN, or of the one for which denied is set; 0: there is none
}

// trigger is a segment that arrives in TIME_WAIT.
type trigger uint8

const (
	nothing   trigger = iota
	finCopy           // the peer's FIN again
	otherACK          // any other segment with ACK that has to be answered: old data, a keep-alive
	silentACK         // a segment without data just where the holder expects the next one: nothing to answer
	oldSYN            // a SYN that RFC 6191 does not let pass
	pawsSYN           // a SYN whose timestamp is older than the latest of the old connection (RFC 7323 §5)
)

func (t trigger) String() string {
	return [...]string{"nothing", "the FIN of its peer came again", "an old segment of its peer came", "an empty segment of its peer came",
		"an old SYN came", "a SYN with an older timestamp came"}[t]
}

// proof says what shows that a TIME_WAIT was held, besides the close itself.
type proof uint8

const (
	noProof  proof = iota
	answered       // it answered a segment with an ACK of the old connection
	mini           // that ACK had IPv4 identification 0: a socket of Linux in TIME_WAIT sends such
	nextISN        // the next connection's ISN is the old next number + 65537: Linux takes that from TIME_WAIT
)

// eventsOf returns the record of what happened to a TIME_WAIT of f, for more to be entered, and makes it if there is none.
func (s *shard) eventsOf(f *flow, tw *timeWaitFacts) *waitEvents {
	if s.waited != nil {
		s.waited(f)
	}
	if tw.more == 0 {
		tw.more = s.waitLog.Add()
		s.waitLog.At(tw.more).began = tw.since
	}
	return s.waitLog.At(tw.more)
}

// events returns the record of what happened to a TIME_WAIT; an empty one if there is none.
func (s *shard) events(tw *timeWaitFacts) *waitEvents {
	if tw.more == 0 {
		return new(waitEvents)
	}
	return s.waitLog.At(tw.more)
}

// followTimeWaits enters the packet p, already entered in its connection, into the TIME_WAITs of both ends.
func (s *shard) followTimeWaits(f *flow, c *closing, p *packet) {
	for x := range f.e {
		if f.e[x].state != TimeWait || f.flags&self != 0 && x == 1 {
			continue
		}
		tw := &c.timeWait[x]
		switch {
		case f.e[x].lastFrame == p.frame:
			s.holderSent(f, c, x, tw, p)
		case tw.since != 0:
			s.holderGot(f, x, tw, p)
		}
	}
}

// holderSent enters a packet that the holder x sent: an acknowledgment, for a segment that came in TIME_WAIT.
func (s *shard) holderSent(f *flow, c *closing, x int, tw *timeWaitFacts, p *packet) {
	seg := &p.seg
	if seg.Flags.Any(decode.RST | decode.SYN) {
		return // the RST of a stack that has no such socket is dealt with in denies
	}
	if seg.Marks&decode.HasTimestamp != 0 {
		tw.recent, tw.stamped = seg.TSEcr, true // a Linux socket echoes TS.Recent
	}
	m := &c.fin[f.peer(x)]
	if tw.since == 0 {
		tw.since = p.time
		return
	}
	again := m.last > tw.since
	if !again && tw.more == 0 && p.time-tw.since <= s.delta(&f.e[x]) {
		tw.since = max(tw.since, p.time)
		return
	}
	if m.sent && !m.inferred && seg.Ack.Before(m.end) {
		return // sent before the FIN came, and late
	}
	ev := s.eventsOf(f, tw)
	if ev.killed != 0 {
		if ev.trigger == nothing && m.last <= ev.killed || p.time-ev.killed <= s.delta(&f.e[x]) {
			return // it answers nothing that passed after the RST: it was sent before that came, and is late
		}
		s.survive(ev)
	}
	cause := ev.trigger
	if again {
		cause = finCopy
	}
	ev.trigger = nothing
	if cause != nothing {
		ev.proof = max(ev.proof, answered)
		if s.rules.linux && seg.IPID == 0 && seg.Src.Is4() {
			ev.proof = max(ev.proof, mini)
		}
	}
	if cause == nothing || s.rules.restarts(cause) {
		s.restart(f, tw, p, cause)
	}
}

// survive notes that a TIME_WAIT answers after a RST that was thought to have ended it.
func (s *shard) survive(ev *waitEvents) {
	ev.killed, ev.killFrame, ev.survived = 0, 0, true
	s.say("TIME_WAIT answers after the RST: its host ignores RSTs there (RFC 1337)")
}

// holderGot enters a packet that the peer of the holder x sent while TIME_WAIT ran.
func (s *shard) holderGot(f *flow, x int, tw *timeWaitFacts, p *packet) {
	seg := &p.seg
	y := f.peer(x)
	e := &f.e[y]
	switch {
	case seg.Flags.Has(decode.RST) || !seg.Flags.Has(decode.ACK):
	case seg.Flags.Has(decode.FIN):
		s.eventsOf(f, tw).trigger = finCopy
	case seg.Len == 0 && !seg.Flags.Has(decode.SYN) && seg.Seq == e.out.Next() && !tw.older(seg):
		if s.rules.silent && p.time < tw.since+s.rules.length+s.rules.slack && s.events(tw).killed == 0 {
			// Linux, tcp_timewait_state_process: "In window segment, it may be only reset or bare ack."
			if p.time-tw.since > s.delta(e) {
				s.restart(f, tw, p, silentACK)
			}
		}
	default:
		s.eventsOf(f, tw).trigger = otherACK
	}
}

// older reports whether PAWS rejects a segment of the holder's peer (RFC 7323 §5).
func (tw *timeWaitFacts) older(seg *decode.Segment) bool {
	return tw.stamped && seg.Marks&decode.HasTimestamp != 0 && int32(seg.TSVal-tw.recent) < 0
}

// restart starts a TIME_WAIT anew. What follows the start within the time that packets take, such as two copies of
// a FIN and their two acknowledgments, does not count.
func (s *shard) restart(f *flow, tw *timeWaitFacts, p *packet, cause trigger) {
	if p.time <= tw.since {
		return
	}
	ev := s.eventsOf(f, tw)
	if cause != nothing {
		ev.restarts++
		ev.cause, ev.frame = cause, p.frame
		s.say("TIME_WAIT starts anew")
	}
	tw.since = p.time
}

// lateReset enters a RST in the name of x, r, that comes after the close of f.
func (s *shard) lateReset(f *flow, c *closing, q *resets, x int, r *rstFacts, p *packet) {
	y := f.peer(x)
	states := r.before
	if tw := &c.timeWait[y]; states[y] == TimeWait && s.kills(f, c, x, tw, p) {
		ev := s.eventsOf(f, tw)
		ev.killed, ev.killFrame, ev.trigger = p.time, p.frame, nothing
		s.say("ends the TIME_WAIT of its receiver (RFC 1337)")
	}
	tw := &c.timeWait[x]
	if states[x] == TimeWait && (s.events(tw).killed != 0 || tw.since != 0 && p.time >= tw.since+s.rules.length) {
		return // it had ended, and RST is what comes then
	}
	if states[x] == TimeWait && !s.prompted(r, &f.e[x], &f.e[y]) {
		return // it answers nothing: no stack sends that
	}
	ev := s.events(tw)
	s.noteGone(f, q, x, p, r, !r.live && (ev.trigger == finCopy || ev.trigger == otherACK))
	s.deny(f, c, q, x, r)
}

// deny notes what the RST r of x says of the TIME_WAIT where the close leads x: a host that holds one answers with ACK, one without
// such a socket with RST. It was not there, or not any more.
func (s *shard) deny(f *flow, c *closing, q *resets, x int, r *rstFacts) {
	tw := &c.timeWait[x]
	if r.before[x] != TimeWait || !q.gone[x].valid || tw.since == 0 {
		return
	}
	if ev := s.eventsOf(f, tw); ev.denied == 0 {
		ev.denied, ev.denyFrame = r.time, r.frame
		s.say("answers as a host without TIME_WAIT does")
	}
}

// resetFoundTimeWait enters a RST that was thought to have ended FIN_WAIT_2 of x. The packet p of x shows that the FIN before it had
// arrived: it came after the close.
func (s *shard) resetFoundTimeWait(f *flow, c *closing, x int, p *packet) {
	q, tw := s.resets.At(c.resets), &c.timeWait[x]
	if tw.since = max(tw.since, p.time); s.rules.kill != killNever {
		ev := s.eventsOf(f, tw)
		ev.killed, ev.killFrame = p.time, q.rst.frame
	}
	s.noteLateReset(f, q, q.rst.frame)
	s.takeBack(f, q, "the RST came after the close: its receiver had the FIN by then")
}

// kills reports whether a RST of x ends the TIME_WAIT of its peer.
func (s *shard) kills(f *flow, c *closing, x int, tw *timeWaitFacts, p *packet) bool {
	if tw.since != 0 && p.time >= tw.since+s.rules.length+s.rules.slack {
		return false
	}
	if ev := s.events(tw); ev.killed != 0 || ev.survived || ev.denied != 0 {
		return false
	}
	next := f.e[x].out.Next()
	if n := &c.fin[x]; n.sent && !n.inferred {
		next = n.end
	}
	switch s.rules.kill {
	case killExact:
		return p.seg.Seq == next
	case killWindow:
		return next.AtOrBefore(p.seg.Seq) && uint32(p.seg.Seq-next) < f.e[f.peer(x)].room(&f.e[x])
	}
	return false
}

// deniedTimeWait reports whether x was shown to hold no TIME_WAIT where the close leads there.
func (s *shard) deniedTimeWait(c *closing, x int) bool { return s.events(&c.timeWait[x]).denied != 0 }

// timeWaitSpan returns the TIME_WAIT of endpoint x, if it holds or held one. end is the time of the last packet of the
// capture.
func (s *shard) timeWaitSpan(f *flow, o *outcome, x int, end int64, a *assumptions) (TimeWaitSpan, bool) {
	w, ok := s.waitOf(f, o, x, end, a)
	if !ok {
		return TimeWaitSpan{}, false
	}
	return TimeWaitSpan{Holder: o.side(x), Since: at(w.since), Until: at(w.until), Ended: w.ended}, true
}

// wait is a TIME_WAIT from its start to its end, as the ledger keeps it.
type wait struct {
	since, until int64
	ended        WaitEnd
}

// waitOf is timeWaitSpan in numbers.
func (s *shard) waitOf(f *flow, o *outcome, x int, end int64, a *assumptions) (wait, bool) {
	tw := &o.c.timeWait[x]
	ev := s.events(tw)
	if o.twin(f, x) || o.state[x] != TimeWait && ev.denied == 0 {
		return wait{}, false
	}
	since := tw.since
	if since == 0 { // presumed: its acknowledgment was not captured
		since = o.since[x]
	}
	w := wait{since: since, until: since + a.timeWait, ended: WaitRunning}
	if ev.began != 0 {
		w.since = min(ev.began, since)
	}
	switch {
	case ev.denied != 0 && ev.killed == 0:
		switch {
		case w.until <= ev.denied:
			w.ended = WaitExpired
		case ev.proof == noProof:
			return wait{}, false
		default:
			w.until, w.ended = ev.denied, WaitKilled
		}
	case ev.reused != 0 && (ev.reused < w.until || ev.proof == nextISN) && (ev.killed == 0 || ev.killed > ev.reused):
		w.until, w.ended = ev.reused, WaitReused
	case ev.killed != 0 && ev.killed < w.until:
		w.until, w.ended = ev.killed, WaitKilled
	case w.until <= end:
		w.ended = WaitExpired
	}
	w.until = max(w.until, w.since) // where time went backwards, or is at its end
	return w, true
}
