package analyzer

// doubts is a set of doubts; their order in a record is that of allDoubts.
type doubts uint32

func allDoubts() []Doubt {
	return []Doubt{DoubtMidStream, DoubtOneSided, DoubtGap, DoubtFirstFIN, DoubtInferredFIN, DoubtBehindData, DoubtKernelDrops,
		DoubtDisorder, DoubtMPTCP, DoubtLastPacket, DoubtAckNotSeen, DoubtGivenUp, DoubtRSTUnproven, DoubtRSTForeign,
		DoubtRSTStrict, DoubtStateLost, DoubtFinishedEarly}
}

const (
	midStream doubts = 1 << iota
	oneSided
	gap
	firstFIN
	inferredFIN
	behindData
	kernelDrops
	timeDisorder
	mptcpDoubt
	lastPacket
	ackNotSeen
	givenUp
	rstUnproven
	rstForeign
	rstStrict
	stateLost
	early
)

// ambiguous are the doubts under which another reading of the packets fits as well.
const ambiguous = firstFIN | rstUnproven | rstForeign

// captureDoubts notes what the capture lacks of a connection.
func (s *shard) captureDoubts(f *flow) (d doubts) {
	a, b := &f.e[0], &f.e[1]
	if !a.sentSYN() && !b.sentSYN() {
		d |= midStream
	}
	if f.flags&self == 0 && (b.packets == 0 && a.has(sentACK) || a.packets == 0 && b.has(sentACK)) && f.synchronized() {
		d |= oneSided
	} else if s.unseenAcked(f) {
		d |= gap
	}
	if f.flags&finishedEarly != 0 && f.flags&(ended|replaced) == 0 {
		d |= early
	}
	if f.flags&disorder != 0 || s.endInDoubt && f.flags&ended == 0 { // how old the state of an open one is rests on the end
		d |= timeDisorder
	}
	if a.has(sentMPTCP) || b.has(sentMPTCP) {
		d |= mptcpDoubt
	}
	return d
}

// confidence sums the doubts up.
func (o *outcome) confidence() Confidence {
	switch {
	case o.doubts&ambiguous != 0 || o.verdict == Indeterminate:
		return Ambiguous
	case o.verdict == NoReply && o.doubts&oneSided != 0: // or refused: the answer would have gone the way that was not captured
		return Ambiguous
	case o.doubts != 0:
		return Likely
	default:
		return Certain
	}
}
