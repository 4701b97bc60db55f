package analyzer

import "finscope/reassembly"

// resets is the side record of a connection of which a RST was seen: most closes have none. Like flow it has no pointers.
type resets struct {
	rst     rstFacts
	frame   [2]uint64    // of the first RST, by sender
	more    [2]noteList  // frames of the others
	gone    [2]goneFacts // by sender of a RST
	latest  [2]stamp     // by sender: of what passed since the first RST
	late    int32        // RSTs after the end: they changed nothing
	ignored int32        // RSTs that their receiver did not believe
}

// resetsOf returns the record of the RSTs of a connection, and makes it if there is none.
func (s *shard) resetsOf(c *closing) *resets {
	if c.resets == 0 {
		c.resets = s.resets.Add()
	}
	return s.resets.At(c.resets)
}

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
	stamped  bool  // it has timestamps, as the RST of a socket has, and that of a stack without one has not
	again    uint8 // how often it was lost, and another one answered its receiver, up to 2: see point
	answered bool  // the receiver answered the next segment of its supposed sender with a RST of its own

	frame     uint64
	time      int64
	idle      int64 // silence before it, ns
	heard     int64 // when its supposed sender was heard of before
	peerHeard int64 // and its receiver
	seq       reassembly.Seq
	point     reassembly.Seq // of the RST that counts: this one, or an answer of the same sender that followed it; and its time
	ack       reassembly.Seq // valid iff live
	pointTime int64
	before    [2]State
	since     int64             // when its supposed sender had come to its state
	next      [2]reassembly.Seq // what both sides had sent by then

	peerDataLast   bool  // the last payload before it came from its receiver
	ttl            uint8 // its TTL
	usual          ttls  // those of its supposed sender's packets before
	probes, resent int32 // what its sender had sent in vain: probes; what its receiver had: data sent again
	probed         int32 // and probes of its receiver
}
