package decode

import (
	"encoding/binary"
	"math/bits"
)

const (
	fragmentTimeout = 30e9 // ns of capture time; Linux gives a datagram 30 s too (net.ipv4.ipfrag_time)
	maxSpans        = 32   // separate pieces of one datagram; more are no accident
	// headLen is what is kept of a datagram's first bytes: enough for a TCP header behind the deepest tunnel headers
	// that occur. Payload is not needed, only counted.
	headLen = 256
)

// MaxDatagrams is how many datagrams wait for fragments at most: one is given up when so many newer ones have begun.
const MaxDatagrams = 1024

// fragmentKey tells datagrams apart: RFC 791 §3.2 (identification, source, destination, protocol) and RFC 8200 §4.5,
// where the protocol does not belong to it and is protoFragment here. VLAN and tunnel do not belong to it: a datagram
// that is captured once on each of two VLANs counts as one with repeated fragments.
type fragmentKey struct {
	src, dst Addr
	id       uint32
	proto    uint8
}

// fragments are the datagrams that wait for missing pieces.
type fragments struct {
	begun uint64 // datagrams so far
	now   uint64 // number of the one at hand
	byKey map[fragmentKey]*datagram
	ring  [MaxDatagrams]*datagram // in the order in which they began; slots are filled when first needed
	next  int                     // where the next one goes
	lost  int                     // fragments of datagrams that were given up
	head  [headLen]byte           // of the datagram that has just become complete
}

type span struct{ from, to int }

// datagram is one that is not complete yet.
type datagram struct {
	number uint64 // in the order in which they began, from 1
	key    fragmentKey
	since  int64 // capture time of the fragment that came first
	proto  uint8 // by the fragment at offset 0
	total  int   // 0 until the last fragment is there
	frames int
	used   int // of spans
	spans  [maxSpans]span
	head   [headLen]byte
	have   [headLen / 64]uint64 // which bytes of head are there
}

// fragment takes one fragment of a datagram: b is what the capture kept of the wire bytes that belong at offset. If it
// completes the datagram (its last byte is known, and no byte before it missing), decoding goes on behind the IP
// header with the bytes that were kept of the whole. Where fragments overlap the first to arrive wins, as in Wireshark;
// most hosts drop the datagram (RFC 5722, Linux since 4.19 for IPv4 too), so a report on such a packet is about what
// somebody tried.
func (d *Decoder) fragment(key fragmentKey, proto uint8, offset int, last bool, b []byte, wire int, seg *Segment) Outcome {
	switch proto {
	case protoICMP, protoICMPv6, protoSCTP, protoESP, protoIPComp:
		return d.transport(proto, nil, 0, seg) // no need to see the whole
	}
	if wire == 0 || offset+wire > 0xffff || !last && wire%8 != 0 {
		return FragmentIncomplete
	}
	g := d.frags.find(key, d.now)
	if !g.fits(offset+wire, last) {
		return FragmentIncomplete
	}
	g.frames++
	d.frags.now = g.number
	if offset == 0 {
		g.proto = proto
	}
	if last {
		g.total = offset + wire
	}
	g.keep(offset, b)
	if !g.cover(span{offset, offset + wire}) {
		g.frames-- // this one is counted by its outcome
		d.frags.drop(g)
		return FragmentIncomplete
	}
	if g.total == 0 || g.spans[0] != (span{0, g.total}) {
		return Fragment
	}
	delete(d.frags.byKey, key)
	// The slot may be taken again by a fragment inside this very datagram.
	head := d.frags.head[:copy(d.frags.head[:], g.head[:min(g.kept(), g.total)])]
	d.marks |= FromFragments
	seg.Marks |= FromFragments
	if key.proto == protoFragment {
		return d.ip6Extension(g.proto, head, g.total, seg)
	}
	return d.transport(g.proto, head, g.total, seg)
}

// Incomplete returns how many fragments so far belong to datagrams that were given up or are still waiting, and may
// have been TCP. At the end of a capture these are packets that could not be decoded, on top of those with the outcome
// [FragmentIncomplete].
func (d *Decoder) Incomplete() int {
	n := d.frags.lost
	for _, g := range d.frags.byKey {
		n += g.loss()
	}
	return n
}

// Datagram returns the number of the datagram that the latest packet is a fragment of, counted from 1 as they begin: valid after
// the outcome [Fragment], and for a segment with [FromFragments]. Of a fragmented packet inside another one it is the inner one.
func (d *Decoder) Datagram() uint64 { return d.frags.now }

// find returns the datagram of a key, a new one if none is waiting.
func (f *fragments) find(key fragmentKey, now int64) *datagram {
	if g := f.byKey[key]; g != nil {
		// Capture times may step back, so both directions count.
		if age := now - g.since; -fragmentTimeout <= age && age <= fragmentTimeout {
			return g
		}
		f.drop(g)
	}
	if f.byKey == nil {
		f.byKey = make(map[fragmentKey]*datagram)
	}
	g := f.ring[f.next]
	switch {
	case g == nil:
		g = new(datagram)
		f.ring[f.next] = g
	case f.byKey[g.key] == g:
		f.drop(g)
	}
	f.next = (f.next + 1) % MaxDatagrams
	f.begun++
	*g = datagram{number: f.begun, key: key, since: now, proto: key.proto}
	f.byKey[key] = g
	return g
}

// drop gives a datagram up.
func (f *fragments) drop(g *datagram) {
	f.lost += g.loss()
	delete(f.byKey, g.key)
}

// loss returns how many fragments are lost with g: none if it is known to be UDP that is no tunnel.
func (g *datagram) loss() int {
	if g.proto == protoUDP && g.kept() >= 4 &&
		udpTunnel(binary.BigEndian.Uint16(g.head[0:]), binary.BigEndian.Uint16(g.head[2:])) == nil {
		return 0
	}
	return g.frames
}

// fits reports whether a fragment up to end agrees with what is known of the length.
func (g *datagram) fits(end int, last bool) bool {
	if last && g.used > 0 && g.spans[g.used-1].to > end {
		return false
	}
	return g.total == 0 || end == g.total || !last && end < g.total
}

// keep stores the bytes of b that belong to the head and are not there yet.
func (g *datagram) keep(offset int, b []byte) {
	for i := offset; i < headLen && i-offset < len(b); i++ {
		if bit := uint64(1) << (i % 64); g.have[i/64]&bit == 0 {
			g.have[i/64] |= bit
			g.head[i] = b[i-offset]
		}
	}
}

// kept returns how many bytes of the head are there without a gap.
func (g *datagram) kept() int {
	n := 0
	for _, word := range g.have {
		ones := bits.TrailingZeros64(^word)
		n += ones
		if ones < 64 {
			break
		}
	}
	return n
}

// cover adds s to the spans, which are sorted and neither overlap nor touch. It reports whether there was room.
func (g *datagram) cover(s span) bool {
	i := 0
	for i < g.used && g.spans[i].to < s.from {
		i++
	}
	j := i
	for j < g.used && g.spans[j].from <= s.to {
		s.from, s.to = min(s.from, g.spans[j].from), max(s.to, g.spans[j].to)
		j++
	}
	used := g.used - (j - i) + 1
	if used > maxSpans {
		return false
	}
	copy(g.spans[i+1:], g.spans[j:g.used])
	g.spans[i], g.used = s, used
	return true
}
