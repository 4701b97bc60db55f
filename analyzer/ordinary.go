package analyzer

import "finscope/internal/decode"

// ordinary enters a segment of x that leaves both ends ESTABLISHED and does no more than move numbers on, as nearly every
// packet of a connection does. It is what apply does for such a segment, without asking what cannot be (TestOrdinary holds
// the two against each other). For any other segment it reports false and has changed nothing.
func (s *shard) ordinary(f *flow, x int, p *packet) bool {
	const (
		noFlags = self | meeting | waiting
		noMarks = decode.BadChecksum | decode.HasSACK | decode.HasMPTCP
	)
	e, peer, seg := &f.e[x], &f.e[1-x], &p.seg
	if f.flags&(settled|noFlags) != settled || f.odd != 0 || seg.Flags&^decode.PSH != decode.ACK || seg.Marks&noMarks != 0 ||
		seg.Window == 0 || p.time < f.last || !e.has(sentACK) || !e.out.Expects(seg.Seq, seg.Len) || s.plain || s.traced != nil {
		return false
	}
	sig, soon := signature(seg), p.time-e.lastTime <= twiceWithin
	if soon && e.sentLately(sig) || !peer.out.Cover(seg.Ack) {
		return false
	}
	e.remember(sig, soon)
	s.current = f.birth
	f.last, f.lastFrame = p.time, p.frame
	e.packets++
	sent := e.out.Numbers()
	e.out.Continue(s.gapsOf(e), seg.Len)
	e.marks |= sentPlain
	if seg.Len > 0 {
		f.sentData(x)
	}
	e.noteACK(seg, sent)
	e.offer(seg, peer)
	e.lastFrame, e.lastTime, e.ttl = p.frame, p.time, seg.TTL
	return true
}
