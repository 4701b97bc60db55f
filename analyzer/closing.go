package analyzer

import "finscope/reassembly"

// closing is the side record of a connection of which a FIN or a RST was seen: what an ordinary close needs. Like flow it
// has no pointers.
type closing struct {
	fin      [2]finFacts
	timeWait [2]timeWaitFacts
	resets   int32 // index in shard.resets; 0: no RST so far
}

// finFacts is what is known of one endpoint's FIN.
type finFacts struct {
	lastIdentity identity // of the latest transmission

	end     reassembly.Seq // the number just past it
	ack     reassembly.Seq // the lowest ACK number on any copy: what its sender knew when it closed
	ackedAt reassembly.Seq // lowest end of a segment that acknowledged it; valid iff ackedFrame is not 0

	repeats int32 // index in shard.repeats: that it was sent more than once; 0: it was not

	sent         bool
	inferred     bool // not captured: the peer's acknowledgments show it
	acked        bool // an acknowledgment that covers it passed
	first        bool // it is the first packet that was captured of its sender
	guessed      bool // whether early is true, or not, cannot be told from the packets
	early        bool // it had been sent before the peer's FIN arrived, whatever the copy in hand acknowledges
	withData     bool // the peer acknowledged it together with data before it: they arrived together
	peerInFlight bool // it did not acknowledge all that the peer had sent when that first acknowledged it

	frame uint64 // first transmission; 0: it was not captured
	time  int64
	last  int64 // time of the latest one
	idle  int64 // how long nobody had sent anything before the first

	ackedFrame  uint64 // first frame that acknowledged it
	ackedTime   int64
	lastCovered int64 // time of the latest frame that acknowledged it

	peerNumbers uint64 // how many numbers the peer had sent before it first acknowledged this FIN, those that were missing then included
}

// repeats is what is known of the transmissions of a FIN after the first one, those captured or duplicated on the way counted once.
type repeats struct {
	n        int32    // how many
	more     noteList // their frames
	frame    uint64   // of the latest
	gap      int64    // between the latest two transmissions
	acking   bool     // one acknowledged the peer's FIN for the first time: a stack in CLOSING sends such
	afterAck uint8    // how many were sent although an acknowledgment had passed here; 2: that many or more
}

// repeatsOf returns what is known of the later transmissions of a FIN; nothing if there was one, or none.
func (s *shard) repeatsOf(n *finFacts) *repeats { return s.repeats.At(n.repeats) }

// copies returns how many transmissions of a FIN were captured.
func (s *shard) copies(n *finFacts) int32 {
	if n.frame == 0 {
		return 0
	}
	return 1 + s.repeatsOf(n).n
}

// lastFrame returns the frame of the latest transmission.
func (s *shard) lastFrame(n *finFacts) uint64 {
	if n.repeats != 0 {
		return s.repeatsOf(n).frame
	}
	return n.frame
}

// finFrames appends the frames of all transmissions to a list.
func (s *shard) finFrames(list []uint64, n *finFacts) []uint64 {
	return s.frames(list, n.frame, s.repeatsOf(n).more)
}

// doneTime returns when the sender of a FIN knew that it had arrived, or sent it.
func (n *finFacts) doneTime() int64 {
	if n.acked {
		return n.ackedTime
	}
	return n.time
}

// covers reports whether ack acknowledges the FIN: exactly. A larger number is an anomaly and proves nothing.
func (n *finFacts) covers(ack reassembly.Seq) bool { return n.sent && ack == n.end }

// noteList is a list of frames in shard.notes, by its first and last element. 0 is none. It holds those after the first
// one, which is kept beside it: nearly always that is the only one.
type noteList struct{ first, last int32 }

// note is an element of a noteList.
type note struct {
	frame uint64
	next  int32
}

// maxNotes bounds the frames that a record lists.
const maxNotes = 64

// addNote appends a frame to a list; how many it holds, with the first one, is counted by the caller.
func (s *shard) addNote(l *noteList, frame uint64, held int32) {
	if held >= maxNotes {
		return
	}
	n := s.notes.Add()
	s.notes.At(n).frame = frame
	if l.first == 0 {
		l.first = n
	} else {
		s.notes.At(l.last).next = n
	}
	l.last = n
}

// frames appends a frame, if it is not 0, and those noted after it to a list.
func (s *shard) frames(list []uint64, first uint64, more noteList) []uint64 {
	if first == 0 {
		return list
	}
	list = append(list, first)
	for n := more.first; n != 0; n = s.notes.At(n).next {
		list = append(list, s.notes.At(n).frame)
	}
	return list
}
