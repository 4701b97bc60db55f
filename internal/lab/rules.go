package lab

import (
	"net/netip"
	"time"
)

// A match tells by a segment, and by what the forwarder knows of its connection, whether a rule is meant.
type match struct {
	name string
	f    func(s *Segment, k *known) bool
}

// known is what the forwarder has seen of one direction of a connection and of the other.
type known struct {
	nxt     uint32 // the highest number sent, plus one
	ack     uint32 // the latest acknowledgment
	fin     uint32 // the number just past its FIN; valid iff hasFIN
	hasFIN  bool
	started bool
	tsVal   uint32
	peer    *known
}

// What rules can mean.
func anyPacket() match { return match{"a packet", func(*Segment, *known) bool { return true }} }

func aFIN() match { return match{"FIN", func(s *Segment, _ *known) bool { return s.has(flagFIN) }} }

func aRST() match { return match{"RST", func(s *Segment, _ *known) bool { return s.has(flagRST) }} }

func data() match { return match{"data", func(s *Segment, _ *known) bool { return s.Payload > 0 }} }

func bareACK() match {
	return match{"ACK", func(s *Segment, _ *known) bool {
		return s.Flags&(flagSYN|flagFIN|flagRST|flagACK) == flagACK && s.Payload == 0
	}}
}

// ackOfFIN means a segment, other than a FIN or RST, that acknowledges the other side's FIN.
func ackOfFIN() match {
	return match{"ACK of the FIN", func(s *Segment, k *known) bool {
		return k.peer != nil && k.peer.hasFIN && s.Ack == k.peer.fin && s.Flags&(flagFIN|flagRST|flagACK) == flagACK
	}}
}

// A rule does something to the packets of one side that match it.
type rule struct {
	from  Side
	what  match
	times int // so many matches are dealt with; 0: all
	do    verb
	by    time.Duration

	met int
}

type verb string

const (
	verbLose   verb = "lost"
	verbLate   verb = "late"
	verbTwice  verb = "twice"
	verbReturn verb = "returned"
)

// lose loses the first n matching packets of a side; 0: all.
func lose(from Side, what match, n int) *rule {
	return &rule{from: from, what: what, times: n, do: verbLose}
}

// reject returns the first n matching packets of a side to it as ICMP errors of whom they are for: port unreachable, as a firewall there
// does; 0: all.
func reject(from Side, what match, n int) *rule {
	return &rule{from: from, what: what, times: n, do: verbReturn}
}

// late holds the first n matching packets back, so that later ones overtake them.
func late(from Side, what match, n int, by time.Duration) *rule {
	return &rule{from: from, what: what, times: n, do: verbLate, by: by}
}

// twice sends the first n matching packets and, somewhat later, the same packets again.
func twice(from Side, what match, n int, by time.Duration) *rule {
	return &rule{from: from, what: what, times: n, do: verbTwice, by: by}
}

// meets reports whether the rule deals with a packet, and counts it.
func (r *rule) meets(from Side, s *Segment, k *known) bool {
	if r.from != from || !r.what.f(s, k) {
		return false
	}
	r.met++
	return r.times == 0 || r.met <= r.times
}

// direction names the packets that one end sends to the other.
type direction struct{ from, to netip.AddrPort }

// note enters a segment into what is known of its direction.
func (k *known) note(s *Segment) {
	if s.has(flagRST) {
		return
	}
	if s.has(flagSYN) {
		*k = known{peer: k.peer}
	}
	if end := s.end(); !k.started || before(k.nxt, end) {
		k.nxt = end
	}
	k.started = true
	if s.has(flagFIN) {
		k.fin, k.hasFIN = s.end(), true
	}
	if s.has(flagACK) {
		k.ack = s.Ack
	}
	if s.TSVal != 0 {
		k.tsVal = s.TSVal
	}
}
