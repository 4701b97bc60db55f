package analyzer

import "finscope/reassembly"

// closing is the side record of a connection of which a FIN or a RST was seen. Like flow it has no pointers.
type closing struct {
	fin      [2]finFacts
	rst      rstFacts
	rsts     [2]noteList // frames of all RSTs, by sender
	suspect  [2]int32    // FINs outside the window, in shard.suspects; 0: none
	early    [2]earlyACK
	timeWait [2]timeWaitFacts
	gone     [2]goneFacts // by sender of a RST
	latest   [2]stamp     // by sender: of what passed since the first RST
	lateRSTs int32        // RSTs after the end: they changed nothing
	ignored  int32        // RSTs that their receiver did not believe
	lastData [2]int64     // when each side last sent new data since the first FIN or RST
	pause    [2]int64     // the longest time without new data of each side between its peer's FIN and lastData
}

// finFacts is what is known of one endpoint's FIN.
type finFacts struct {
	sent         bool
	inferred     bool // not captured: the peer's acknowledgments show it
	acked        bool // an acknowledgment that covers it passed
	first        bool // it is the first packet that was captured of its sender
	guessed      bool // whether early is true cannot be told from the packets
	early        bool // it had been sent before the peer's FIN arrived, whatever the copy in hand acknowledges
	withData     bool // the peer acknowledged it together with data before it: they arrived together
	peerInFlight bool // the peer had unacknowledged data in flight when it first acknowledged this FIN

	end reassembly.Seq // the number just past it
	ack reassembly.Seq // the lowest ACK number on any copy: what its sender knew when it closed

	copies   int32 // transmissions, those captured or duplicated on the way counted once
	acking   int32 // of these, copies that acknowledged the peer's FIN for the first time: a stack in CLOSING sends such
	afterAck int32 // of these, copies sent although an acknowledgment had passed here
	frames   noteList

	frame, lastFrame uint64 // first and latest transmission
	time, lastTime   int64
	gap              int64 // between the latest two transmissions
	idle             int64 // how long nobody had sent anything before the first
	lastIdentity     identity

	ackedAt     reassembly.Seq // lowest end of a segment that acknowledged it; valid iff ackedFrame is not 0
	ackedFrame  uint64         // first frame that acknowledged it
	ackedTime   int64
	lastCovered int64 // time of the latest frame that acknowledged it

	peerNumbers uint64 // how many numbers the peer had sent before it first acknowledged this FIN
}

// covers reports whether ack acknowledges the FIN: exactly. A larger number is an anomaly and proves nothing.
func (n *finFacts) covers(ack reassembly.Seq) bool { return n.sent && ack == n.end }

// rstFacts is the RST that ended a connection.
type rstFacts struct {
	accepted bool
	by       uint8 // the endpoint in whose name it was sent
	refusal  bool  // it answered a SYN
	live     bool  // with ACK: a socket sent it, and not a stack without one
	crossed  bool  // both sides sent one, neither knowing of the other's
	foreign  bool  // it fits nothing that endpoint would send
	strict   bool  // accepted by Linux only
	unproven bool  // its number cannot be judged
	answered bool  // the receiver answered the next segment of its supposed sender with a RST of its own

	frame     uint64
	time      int64
	idle      int64 // silence before it, ns
	heard     int64 // when its supposed sender was heard of before
	seq       reassembly.Seq
	point     reassembly.Seq // of the RST that counts: this one, or an answer of the same sender that followed it; and its time
	ack       reassembly.Seq // valid iff live
	pointTime int64
	before    [2]State
	next      [2]reassembly.Seq // what both sides had sent by then

	peerDataLast   bool  // the last payload before it came from its receiver
	ttl, usualTTL  uint8 // its TTL, and that of its supposed sender's packet before; 0: none
	probes, resent int32 // what its sender had sent in vain: probes; what its receiver had: data sent again
	probed         int32 // and probes of its receiver
}

// earlyACK is an empty segment one number past what its sender had sent, as far as the capture knew. If that number turns
// out to be a FIN that shows up later, an earlier copy of it was lost before the capture point.
type earlyACK struct {
	valid    bool
	seq      reassembly.Seq
	ack      reassembly.Seq // what it acknowledged
	peerFINs int32          // how often the peer had sent its FIN by then
	stamp    identity       // of the segment: what carries an earlier one was sent before it
}

// noteList is a list of frames: the first, and those after it in shard.notes, by their first and last element. 0 is none.
// Nearly all lists have one frame.
type noteList struct {
	frame       uint64
	first, last int32
}

// note is an element of a noteList.
type note struct {
	frame uint64
	next  int32
}

// maxNotes bounds the frames that a record lists.
const maxNotes = 64

// addNote appends a frame to a list; how many it holds is counted by the caller.
func (s *shard) addNote(l *noteList, frame uint64, held int32) {
	if held >= maxNotes {
		return
	}
	if l.frame == 0 {
		l.frame = frame
		return
	}
	n := s.notes.add()
	s.notes.at(n).frame = frame
	if l.first == 0 {
		l.first = n
	} else {
		s.notes.at(l.last).next = n
	}
	l.last = n
}

// frames returns the frames of a list.
func (s *shard) frames(l noteList) []uint64 {
	if l.frame == 0 {
		return []uint64{}
	}
	out := []uint64{l.frame}
	for n := l.first; n != 0; n = s.notes.at(n).next {
		out = append(out, s.notes.at(n).frame)
	}
	return out
}
