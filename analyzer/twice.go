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

	// sentOnceWithin is the same where the timestamps agree too: their clock ticks once a second at least (RFC 7323 §5.4).
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

// signature condenses all that makes a segment the same packet as another.
func signature(seg *decode.Segment) uint32 {
	numbers := uint64(seg.Seq)<<32 | uint64(seg.Ack)
	stamps := uint64(seg.IPID)<<32 | uint64(seg.TSVal)
	rest := uint64(seg.Len)<<32 ^ uint64(seg.Window)<<16 ^ uint64(seg.Flags) ^ uint64(seg.SACKLeft)<<24
	h := fold(numbers^0xbf58476d1ce4e5b9, stamps^0x94d049bb133111eb)
	return uint32(fold(h^rest, 0xd6e8feb86659fd93))
}

// capturedTwice reports whether p is a copy of a packet that e sent just before, and remembers it otherwise.
func (s *shard) capturedTwice(e *endpoint, p *packet) bool {
	sig := signature(&p.seg)
	d := p.time - e.lastTime
	soon := d <= twiceWithin && d >= -twiceWithin && e.packets > 1
	if e.sentLately(sig) && (soon || e.merged(p, d)) {
		if p.seg.Occupies() > 0 || p.seg.IPID != 0 && p.seg.Src.Is4() {
			s.duplicates++
			return true
		}
		// An empty segment without an identification of its own may well have been sent twice. It repeats what its twin
		// said, so it does not matter which.
	}
	e.remember(sig, soon)
	return false
}

// merged reports whether p, which repeats a packet that e sent d before or a little earlier, was captured at two hosts: their
// captures, merged, are as far apart as the hosts are, and routers between them leave another TTL. What the network
// duplicated has the same one, and does arrive twice.
func (e *endpoint) merged(p *packet, d int64) bool {
	return d > 0 && e.packets > 1 && p.seg.TTL != e.ttls.latest && d <= identityOf(&p.seg).within()
}

// sentLately reports whether one of the latest packets of e had this signature.
func (e *endpoint) sentLately(sig uint32) bool {
	r := &e.recent
	return r[0] == sig || r[1] == sig || r[2] == sig || r[3] == sig
}

// remember takes up the signature of a packet; soon says that it follows the others closely. What is old must not take a
// retransmission for a copy.
func (e *endpoint) remember(sig uint32, soon bool) {
	r := &e.recent
	if soon {
		r[3], r[2], r[1] = r[2], r[1], r[0]
	} else {
		r[3], r[2], r[1] = 0, 0, 0
	}
	r[0] = sig
}
