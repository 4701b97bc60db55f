package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// marks are yes-or-no facts about an endpoint, one bit each.
type marks uint16

const (
	sentBareSYN   marks = 1 << iota // a SYN without ACK: it opened actively
	sentSYNACK                      // a SYN with ACK
	sentACK                         // any segment with ACK and without RST: it is synchronized
	sentPlain                       // a segment without SYN, FIN and RST: the capture is not of control packets only
	sentData                        // payload after the SYN
	offeredWScale                   // its SYN carried a window scale (RFC 7323 §2.2)
	optionsCut                      // the capture cut the options off its SYN
	edgeKnown                       // edge is valid
	sentSACK                        // oddities.sackMax is valid
	sentMPTCP
	permitsSACK // its SYN offered selective acknowledgments (RFC 2018)
	soundSYN    // its SYN had a checksum that was not wrong
	synAgain    // it sent its SYN more than once
	ackMissed   // it sent its SYN-ACK again although the peer's ACK had passed, and none has passed since
	ackLost     // it did so at some time
)

// endpoint is what is kept of one end of a connection while its packets pass: no pointers, and no more than ordinary
// packets need, the line of memory first that they need of the peer too. What closes need is in closing.
type endpoint struct {
	out reassembly.Stream // what it sends, and how much of that the peer acknowledged

	packets   uint64
	lastFrame uint64 // its latest packet
	lastTime  int64
	lastAck   reassembly.Seq // the latest acknowledgment number it sent; valid iff sentACK
	edge      reassembly.Seq // highest right window edge it offered

	recent     [4]uint32 // signatures of its latest packets; see twice.go
	sentBefore uint64    // how many numbers it had sent before it first acknowledged lastAck

	prevAck reassembly.Seq // the acknowledgment before lastAck that differed, or the same
	prevEnd reassembly.Seq // where its sequence space stood when it went from prevAck to lastAck
	isn     reassembly.Seq // valid iff it sent a SYN
	rtt     uint32         // microseconds from the capture point to it and back, by the handshake; 0: unknown

	marks    marks
	wscale   uint8
	scaling  uint8 // one more than how far its windows are shifted; 0: that is not known
	ttls     ttls
	rstCount uint8 // RSTs noted, at most maxNotes
	state    State

	stateSince int64
	stateFrame uint64
}

func (e *endpoint) has(m marks) bool { return e.marks.has(m) }

// has reports whether any of some marks is set.
func (m marks) has(any marks) bool { return m&any != 0 }

// sentSYN reports whether a SYN of this endpoint was seen.
func (e *endpoint) sentSYN() bool { return e.marks.sentSYN() }

func (m marks) sentSYN() bool { return m.has(sentBareSYN | sentSYNACK) }

// onlySYNACK reports whether its SYN-ACK is all that was seen of this endpoint, or all but a FIN without data or a RST.
func (m marks) onlySYNACK() bool { return m.has(sentSYNACK) && !m.has(sentPlain|sentData) }

// mostUnread is more than a socket that nobody reads takes by default: Linux offers 64 KiB at first, and no more until its
// application reads (tcp_rcv_space_adjust); others offer up to 256.
const mostUnread = 1 << 18

// accepting reports whether the application of x may not have accepted the connection so far: x answered a SYN, sent no data, and took
// no more of them than an unread socket does.
func (f *flow) accepting(x int) bool {
	e := &f.e[x]
	return e.has(sentSYNACK) && !e.has(sentData|sentBareSYN) && f.e[f.peer(x)].out.Numbers() <= mostUnread
}

// inSYNSent reports whether e has sent a SYN and nothing that shows that it received one.
func (e *endpoint) inSYNSent() bool { return e.has(sentBareSYN) && !e.has(sentACK) }

// unsent reports whether e, in SYN_SENT, knows that it has not sent what an acknowledgment says: SEG.ACK =< ISS or SEG.ACK > SND.NXT (RFC
// 9293 §3.10.7.3, first). A little beyond is what the capture may lack.
func (e *endpoint) unsent(ack reassembly.Seq) bool {
	return ack.AtOrBefore(e.isn) || ack.Diff(e.out.Next()) > reassembly.UnknownRoom
}

// maxRoom is the largest window there is (RFC 7323 §2.3).
const maxRoom = 1 << 30

// room returns how far past the peer's next number the window reaches that e offers: RCV.NXT + RCV.WND by the highest
// offer seen, and one more, as a FIN may stand just beyond the edge (Linux, tcp_sequence).
func (e *endpoint) room(peer *endpoint) uint32 {
	if (e.marks|peer.marks)&sentPlain == 0 {
		// Nothing but SYN, FIN and RST so far: people capture just these, with all that passed between them left out.
		return maxRoom
	}
	if !e.has(edgeKnown) {
		return reassembly.UnknownRoom
	}
	if d := e.edge.Diff(peer.out.Next()); d > 0 {
		return uint32(d) + 1
	}
	return 1
}

// offer notes the window of a segment with ACK that e sent.
func (e *endpoint) offer(seg *decode.Segment) {
	shift := e.scaling - 1
	switch {
	case seg.Flags.Has(decode.SYN):
		shift = 0 // RFC 7323 §2.2: the window of a SYN is never scaled
	case e.scaling == 0:
		e.marks &^= edgeKnown
		return
	}
	if edge := seg.Ack + reassembly.Seq(uint32(seg.Window)<<shift); !e.has(edgeKnown) || e.edge.Before(edge) {
		e.edge = edge
		e.marks |= edgeKnown
	}
}

// scale notes by how much e's windows are shifted, as far as the SYNs tell. Both have to offer scaling; one without the
// offer is enough to know that there is none (RFC 7323 §2.2).
func (e *endpoint) scale(peer *endpoint) {
	switch {
	case e.sentSYN() && !e.has(offeredWScale|optionsCut), peer.sentSYN() && !peer.has(offeredWScale|optionsCut):
		e.scaling = 1
	case e.has(offeredWScale) && (peer.has(offeredWScale) || e.has(sentSYNACK)):
		e.scaling = 1 + e.wscale
	default:
		e.scaling = 0
	}
}

// noteACK notes the acknowledgment number of a segment that e sent after so many sequence numbers.
func (e *endpoint) noteACK(seg *decode.Segment, sent uint64) {
	switch {
	case !e.has(sentACK):
		e.prevAck, e.lastAck, e.prevEnd, e.sentBefore = seg.Ack, seg.Ack, seg.Seq, sent
		e.marks |= sentACK
	case seg.Ack != e.lastAck:
		e.prevAck, e.lastAck, e.prevEnd, e.sentBefore = e.lastAck, seg.Ack, seg.Seq, sent
	}
}

// noteOptions notes what the options of a segment with ACK tell about its sender x, which is e. Those of a SYN without are
// no more than offers.
func (s *shard) noteOptions(f *flow, x int, e *endpoint, seg *decode.Segment) {
	if seg.Marks&decode.HasSACK != 0 {
		if o := s.oddOf(f); !e.has(sentSACK) || o.sackMax[x].Before(seg.SACKMax) {
			o.sackMax[x] = seg.SACKMax
			e.marks |= sentSACK
		}
	}
	if seg.Marks&decode.HasMPTCP != 0 {
		e.marks |= sentMPTCP
	}
}
