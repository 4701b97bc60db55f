package analyzer

import (
	"fmt"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// A router that cannot deliver a segment says so to its sender by ICMP, and a host may refuse one in the same way: the only answer there
// is to what otherwise looks like silence. No state of an open connection hangs on it (RFC 1122 §4.2.3.9), but an opening may.

// returned is a segment that an ICMP message returned to its sender.
type returned struct {
	frame uint64 // of the message
	time  int64
	decode.Returned
}

// segment is what the message quotes of the segment.
func (r *returned) segment() decode.Segment {
	return decode.Segment{Src: r.Src, Dst: r.Dst, SrcPort: r.SrcPort, DstPort: r.DstPort, Seq: r.Seq}
}

// hash is that of the segment's ends.
func (r *returned) hash(seed uint64) uint64 {
	seg := r.segment()
	return hashOf(&seg, seed)
}

// returned is the segment that the packet decoded last, which has ICMP, returns; ok is false if it returns none.
func (r *run) returned(frame uint64, time int64) (ret returned, ok bool) {
	d := r.decoder.Returned()
	if d == nil {
		return ret, false
	}
	return returned{frame, time, *d}, true
}

// noteReturned notes the segment that the packet decoded last, which has ICMP, returns, if there is one; after packets with TCP came before
// it of those at hand.
func (r *run) noteReturned(frame uint64, time int64, after int) {
	if ret, ok := r.returned(frame, time); ok {
		r.came = append(r.came, returnedAt{ret, after, ret.hash(r.seed)})
	}
}

// putReturned gives what was noted to its shards, with the packets that came before it, and returns how many these are.
func (r *run) putReturned(packets []packet) (put int) {
	for i := range r.came {
		ret := &r.came[i]
		r.batch.put(packets[put:ret.after], r.seed)
		r.batch.putReturned(&ret.returned, ret.hash)
		put = ret.after
	}
	r.came = r.came[:0]
	return put
}

// addReturned enters the segment that an ICMP message returns, if it is one which does.
func (r *run) addReturned(raw *capture.Packet) error {
	ret, ok := r.returned(r.frames, raw.Time)
	if !ok {
		return nil
	}
	h := ret.hash(r.seed)
	if r.opts.Packet == nil && r.batch != nil {
		r.batch.putReturned(&ret, h)
		return nil
	}
	s := r.shards[0]
	if s.enterReturned(&ret, h) && r.opts.Packet != nil {
		return r.shown(r.opts.Packet(int(s.current), raw))
	}
	return nil
}

// undelivered is what ICMP messages said of an endpoint's segments.
type undelivered struct {
	by    decode.Addr // who sent the latest of them
	first uint64      // frame of the first one; 0: there was none
	last  uint64      // of the latest
	time  int64       // when that passed
	why   decode.Why  // by that
}

// since reports whether there was one at some moment or later.
func (u *undelivered) since(moment int64) bool { return u.first != 0 && u.time >= moment }

// undelivered returns what ICMP messages said of the segments of x, to be read.
func (s *shard) undelivered(o *oddities, x int) *undelivered { return &s.raritiesIn(o).returned[x] }

// enterReturned enters a segment that was returned, of which h is the hash of the ends, and reports whether it is one of a connection
// that waits for it to be acknowledged: no other counts, so that nobody disturbs connections of which he has not seen the numbers (RFC
// 5927 §4.1; Linux, tcp_v4_err).
func (s *shard) enterReturned(r *returned, h uint64) bool {
	seg := r.segment()
	_, f, x := s.find(&seg, h)
	if s.lost(f, r.time) || !f.e[x].out.Outstanding(r.Seq) {
		return false
	}
	s.watch(f)
	f.e[x].endBurst()
	u := &s.raritiesOf(s.oddOf(f)).returned[x]
	if u.first == 0 {
		u.first = r.frame
	}
	u.by, u.why, u.last, u.time = r.By, r.Why, r.frame, r.time
	if s.tracing {
		s.traced[f.birth] = append(s.traced[f.birth], step{
			p: packet{frame: r.frame, time: r.time}, x: uint8(f.peer(x)), states: [2]State{f.e[0].state, f.e[1].state},
			text: fmt.Sprintf("ICMP %v from %v", r.Why, r.By.Netip()), why: fmt.Sprintf("returns what was sent at %d", r.Seq.Diff(f.e[x].out.Start())),
		})
	}
	return true
}

// toldToGiveUp reports whether x, whose SYN or SYN-ACK was returned, is closed by that. RFC 1122 §4.2.3.9 has an opening end where the
// port, the protocol or a filter is the reason; Linux ends connect() for each reason but packets that are too long. It forgets a SYN-ACK
// that cannot be routed over IPv4 (tcp_v4_err), and over IPv6 one that is refused or wrong (tcp_v6_err, icmpv6_err_convert). One who sends
// it again did neither.
func (s *shard) toldToGiveUp(f *flow, o *outcome, x int) bool {
	u := s.undelivered(o.odd, x)
	if !u.since(f.e[x].lastTime) || u.why == decode.TooBig {
		return false
	}
	refused := false
	switch u.why {
	case decode.PortUnreachable, decode.ProtocolUnreachable, decode.Prohibited, decode.NetProhibited:
		refused = true
	}
	forgotten := !refused
	if !u.by.Is4() {
		forgotten = refused || u.why == decode.OtherReason
	}
	return o.state[x] == SynSent && (refused || s.rules.linux) || o.state[x] == SynReceived && forgotten && s.rules.linux
}
