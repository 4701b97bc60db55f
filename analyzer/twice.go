package analyzer

import "finscope/internal/decode"

// The same packet may be captured twice: by a mirror port that sees both directions of a router, by `-i any`, on two
// VLANs, inside and outside a tunnel. Such a copy is no retransmission. A real one differs in what its sender stamps on
// each packet anew: the IPv4 identification, or the timestamp (RFC 7323). TTL, VLAN and tunnel may differ in copies.

const (
	// twiceWithin is how far apart the copies of a mirror port or of two interfaces of one host are at most. No stack
	// sends again so soon: the shortest retransmission timeout in use is 30 ms (FreeBSD).
	twiceWithin = 5e6 // ns

	// sameIDWithin is how far apart two FINs with the same IPv4 identification are taken for one packet that the network
	// duplicated. Retransmission timers of Linux start at 200 ms.
	sameIDWithin = 100e6 // ns

	// sentOnceWithin is the same where the timestamps agree too: their clock ticks once a second at least (RFC 7323 §5.4). It is
	// also how far apart merged captures may be.
	sentOnceWithin = 1e9 // ns
)

// identity is what a sender stamps on one packet. Two segments with equal numbers and equal identities are one packet if
// they are close enough in time.
type identity struct {
	ipID    uint32
	tsVal   uint32
	window  uint16
	stamped bool // tsVal is set
	strong  bool // the IPv4 identification is set: equal identities mean the same packet
}

func identityOf(seg *decode.Segment) identity {
	id := identity{ipID: seg.IPID, window: seg.Window, strong: seg.IPID != 0 && seg.Src.Is4()}
	if seg.Marks&decode.HasTimestamp != 0 {
		id.tsVal, id.stamped = seg.TSVal, true
	}
	return id
}

// sentAfter reports whether a packet of this identity was sent after one of identity other by the same sender, by the
// timestamps or the IPv4 identifications that count up; known is false if neither tells.
func (id identity) sentAfter(other identity) (after, known bool) {
	if id.stamped && other.stamped && id.tsVal != other.tsVal {
		return int32(id.tsVal-other.tsVal) > 0, true
	}
	if id.strong && other.strong && id.ipID != other.ipID {
		return int16(id.ipID-other.ipID) > 0, true
	}
	return false, false
}

// within returns how far apart in ns two segments of this identity are taken for one packet.
func (id identity) within() int64 {
	switch {
	case id.strong && id.stamped:
		return sentOnceWithin
	case id.strong:
		return sameIDWithin
	}
	return twiceWithin
}

// signature condenses all that makes a segment the same packet as another. Its lowest bit is left to remember.
func signature(seg *decode.Segment) uint32 {
	numbers := uint64(seg.Seq)<<32 | uint64(seg.Ack)
	stamps := uint64(seg.IPID)<<32 | uint64(seg.TSVal)
	rest := uint64(seg.Len)<<32 ^ uint64(seg.Window)<<16 ^ uint64(seg.Flags) ^ uint64(seg.SACKLeft)<<24
	h := fold(numbers^0xbf58476d1ce4e5b9, stamps^0x94d049bb133111eb)
	return uint32(fold(h^rest, 0xd6e8feb86659fd93)) &^ 1
}

// capturedTwice reports whether p is a copy of a packet that e sent just before, and remembers it otherwise.
func (s *shard) capturedTwice(e, peer *endpoint, p *packet) bool {
	sig := signature(&p.seg)
	d := p.time - e.lastTime
	soon := d <= twiceWithin && d >= -twiceWithin && e.packets > 1
	if e.sentLately(sig) && (soon && e.mirrored(peer, p, sig) || e.merged(p, sig, d)) {
		s.duplicates++
		return true
	}
	if !e.ttls.changes(p.seg.TTL) || !e.late(peer, &p.seg) {
		e.remember(sig, soon)
	}
	return false
}

// late reports whether a segment, captured at another host than the latest packet of e, was sent before that. More such come from
// merged captures than can be remembered, and none is worth the place of the latest.
func (e *endpoint) late(peer *endpoint, seg *decode.Segment) bool {
	una, acked := peer.out.Acked()
	return seg.End().Before(e.out.Next()) || acked && seg.Flags.Has(decode.ACK) && seg.Ack.Before(una)
}

// mirrored reports whether p, which follows the latest packet of e closely, repeats that or one just before it. An empty segment
// without an identification of its own may well have been sent twice. It repeats what its twin said, so it does not matter which.
// A SYN-ACK is sent twice at once where its timer and the SYN that comes again meet, in either order: both run out after a second.
func (e *endpoint) mirrored(peer *endpoint, p *packet, sig uint32) bool {
	switch {
	case !e.sentInBurst(sig):
		return false
	case p.seg.IPID != 0 && p.seg.Src.Is4():
		return true
	}
	asked := p.seg.Flags.Has(decode.SYN) && p.seg.Flags.Has(decode.ACK) && peer.has(synAgain) &&
		(peer.lastFrame > e.lastFrame || p.time-peer.lastTime <= twiceWithin)
	return p.seg.Occupies() > 0 && !asked
}

// merged reports whether p, d later than the latest packet of e, repeats one of late that was captured at another host: merged captures
// are as far apart as the hosts are, and as their clocks, and routers between them leave another TTL. What the network duplicated has the
// same one, and does arrive twice.
func (e *endpoint) merged(p *packet, sig uint32, d int64) bool {
	if d < 0 || e.packets == 1 {
		return false
	}
	if id := identityOf(&p.seg); id.strong || id.stamped {
		return d <= sentOnceWithin && e.ttls.changes(p.seg.TTL)
	}
	// What is sent again may look like this, on another route: only of a sender that is known by both TTLs does it not.
	return d <= sameIDWithin && e.ttls.two() && !e.ttls.deny(p.seg.TTL) && e.sentInBurst(sig)
}

// inBurst marks a signature in endpoint.recent: the packet came within twiceWithin of the one before.
const inBurst = 1

// sentLately reports whether one of the latest packets of e had this signature.
func (e *endpoint) sentLately(sig uint32) bool {
	r := &e.recent
	return r[0]&^inBurst == sig || r[1]&^inBurst == sig || r[2]&^inBurst == sig || r[3]&^inBurst == sig
}

// sentInBurst reports whether the latest packet of e had this signature, or one just before it: a retransmission is no copy of what
// is old.
func (e *endpoint) sentInBurst(sig uint32) bool {
	for _, r := range e.recent {
		if r&^inBurst == sig {
			return true
		}
		if r&inBurst == 0 {
			return false
		}
	}
	return false
}

// endBurst has what e sends next be no copy of what passed before, as of a mirror port: that was returned to e, which sends it again at
// once where it was too long (RFC 1191 §6.4), with the same timestamp, and over IPv6 with nothing else to tell it by.
func (e *endpoint) endBurst() {
	r := &e.recent
	r[3], r[2], r[1], r[0] = r[2], r[1], r[0], 0
}

// remember takes up the signature of a packet; soon says that it follows the others closely. What is old matters only if captures of
// two hosts are merged: the one before is enough until another TTL shows that, and is little to keep.
func (e *endpoint) remember(sig uint32, soon bool) {
	r := &e.recent
	if soon || e.ttls.two() {
		r[3], r[2] = r[2], r[1]
	} else {
		r[3], r[2] = 0, 0
	}
	r[1], r[0] = r[0], sig|uint32(btoi(soon))
}
