package analyzer

import (
	"finscope/internal/decode"
	"finscope/reassembly"
)

// ordinary enters a segment of x that leaves both ends of f ESTABLISHED and does no more than move numbers on, as nearly every
// packet of a connection does. It is what apply does for such a segment, without asking what cannot be (TestOrdinary holds
// the two against each other). For any other segment it reports false and has changed nothing.
func (s *shard) ordinary(f *flow, x int, p *packet) bool {
	const noMarks = decode.BadChecksum | decode.HasSACK | decode.HasMPTCP
	e, peer, seg := &f.e[x&1], &f.e[x&1^1], &p.seg
	if f.flags&(settled|self) != settled || f.odd != 0 || seg.Flags&^decode.PSH != decode.ACK || seg.Marks&noMarks != 0 ||
		seg.Window == 0 || p.time < f.last || e.marks&sentACK == 0 || !e.out.Expects(seg.Seq, seg.Len) || s.plain {
		return false
	}
	sig, soon := signature(seg), p.time-e.lastTime <= twiceWithin
	if sig == e.recent[0]&^inBurst || soon && e.sentLately(sig) || !peer.out.Cover(seg.Ack) {
		return false
	}
	e.remember(sig, soon)
	s.current = f.birth
	f.last, f.lastFrame = p.time, p.frame
	e.packets++
	e.lastFrame, e.lastTime = p.frame, p.time
	e.ttls.note(seg.TTL)
	e.marks |= sentPlain
	if seg.Ack != e.lastAck {
		e.prevAck, e.lastAck, e.prevEnd, e.sentBefore = e.lastAck, seg.Ack, seg.Seq, e.out.Numbers()
	}
	if seg.Len > 0 {
		e.out.Continue(seg.Len)
		f.sentData(x)
	}
	if e.scaling == 0 {
		e.marks &^= edgeKnown
	} else if edge := seg.Ack + reassembly.Seq(uint32(seg.Window)<<(e.scaling-1)); e.marks&edgeKnown == 0 || e.edge.Before(edge) {
		e.edge = edge
		e.marks |= edgeKnown
	}
	return true
}
