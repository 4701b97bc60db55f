package analyzer

// This file gathers what is known of an endpoint in the terms of the close machine. States are inferred with every packet
// of a handshake and of a close, so they are looked up: all that matters fits into a few bits, and each combination of them
// is spelled out as facts and replayed by the machine once, at the start.

// openingBits are what the opening of an endpoint is inferred from: its marks, those of its peer, and three more.
type openingBits uint16

const (
	openingMarks = sentBareSYN | sentSYNACK | sentACK | sentPlain | sentData // 5 bits
	peerMarks    = sentBareSYN | sentSYNACK | sentACK                        // and 3

	peerShift               = 5
	heardOf     openingBits = 1 << 8  // a packet of the endpoint was seen
	synCovered  openingBits = 1 << 9  // its peer acknowledged more than its SYN's number; valid iff it sent a SYN
	movedACK    openingBits = 1 << 10 // it acknowledged several numbers
	allOpenings             = 1 << 11
)

func openingBitsOf(e, peer *endpoint) openingBits {
	b := openingBits(e.marks&openingMarks) | openingBits(peer.marks&peerMarks)<<peerShift
	if e.packets > 0 {
		b |= heardOf
	}
	// While the SYN-ACKs of a simultaneous open cross, the acknowledgments of the peer do not cover the SYN.
	if una, ok := e.out.Acked(); ok && e.isn.Before(una) && !e.has(ackMissed) {
		b |= synCovered
	}
	if e.prevAck != e.lastAck {
		b |= movedACK
	}
	return b
}

// facts spells the bits out.
func (b openingBits) facts() facts {
	e, peer := marks(b)&openingMarks, marks(b>>peerShift)&peerMarks
	heard, sentSYN, peerSYN := b&heardOf != 0, e.sentSYN(), peer.sentSYN()
	covered := !sentSYN || b&synCovered != 0
	// More than the SYN-ACK acknowledged was taken with an acknowledgment of that: data that come with a SYN are in what the SYN-ACK
	// acknowledges, or are not taken (RFC 7413 §4.2.2).
	tookMore := b&movedACK != 0
	return facts{
		seen:      heard || peer.has(sentACK),
		sentSYN:   e.has(sentBareSYN) || !sentSYN && peer.has(sentSYNACK),
		gotSYN:    e.has(sentACK) || !heard && peer.has(sentACK), // who is acknowledged has sent its SYN
		synAcked:  peer.has(sentACK) && covered || e.has(sentData) || e.has(sentPlain) && (!e.has(sentSYNACK) || tookMore),
		midStream: !sentSYN && !peerSYN && (e | peer).has(sentACK),
	}
}

// closingBits are what the close of an endpoint is inferred from: the facts of the machine.
type closingBits uint8

const (
	sentFIN closingBits = 1 << iota
	finAcked
	gotFIN
	gotFINFirst

	allClosings = 1 << iota
)

// closingBitsOf returns what is known of the close of e with the FIN n, whose peer has the FIN m.
func (s *shard) closingBitsOf(e *endpoint, n, m *finFacts) (b closingBits) {
	if m.acked {
		b = gotFIN
	}
	if !n.sent {
		return b
	}
	b |= sentFIN
	if s.finAcked(n, e) {
		b |= finAcked
	}
	if !m.sent {
		if n.inferred {
			b |= gotFINFirst
		}
		return b
	}
	passive, peerPassive := n.passive(m), m.passive(n)
	if m.acked && peerPassive { // acknowledging the FIN of a passive closer proves more than the acknowledgment in that FIN
		b |= finAcked
	}
	if passive && !(peerPassive && n.frame < m.frame) || n.inferred && !peerPassive {
		b |= gotFINFirst
	}
	return b
}

// facts adds what is known of the close to what is known of the opening.
func (b closingBits) facts(f facts) facts {
	f.sentFIN, f.finAcked, f.gotFIN, f.gotFINFirst = b&sentFIN != 0, b&finAcked != 0, b&gotFIN != 0, b&gotFINFirst != 0
	return f
}

// answers are what the machine says to all of these.
type answers struct {
	opened [allOpenings]State
	closed [numStates][allClosings]State // by the state at which the opening ended
}

// opening returns the state at which the opening of e ended, or stands.
func (a *answers) opening(e, peer *endpoint) State {
	return a.opened[openingBitsOf(e, peer)%allOpenings]
}

func newAnswers(m *machine) *answers {
	a := new(answers)
	for b := range a.opened {
		a.opened[b] = m.open(openingBits(b).facts())
	}
	for s := range a.closed {
		for b := range a.closed[s] {
			a.closed[s][b] = m.close(State(s), closingBits(b).facts(facts{}))
		}
	}
	return a
}
