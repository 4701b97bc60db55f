package analyzer

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// at converts a capture time.
func at(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// sheet is a record and room for what nearly every record points to, so that one allocation makes it all. It may be written on again
// when nobody looks at the record any more.
type sheet struct {
	Flow
	closedBy ClosedBy
	fin      [2]finSheet // of the client, of the server
	waits    [2]TimeWaitSpan
}

type finSheet struct {
	FIN
	frame      [1]uint64
	ackedFrame uint64
	ackedTime  time.Time
}

// Clone returns a copy of f that may be kept where f may not: see [Report.Scan].
func (f *Flow) Clone() *Flow {
	c := *f // what is not on a sheet is never written over
	c.ClosedBy = clone(f.ClosedBy)
	c.TimeWait = slices.Clone(f.TimeWait)
	for _, e := range [...]*Endpoint{&c.Client, &c.Server} {
		if n := clone(e.FIN); n != nil {
			n.Frames, n.AckedFrame, n.AckedTime = slices.Clone(n.Frames), clone(n.AckedFrame), clone(n.AckedTime)
			e.FIN = n
		}
	}
	return &c
}

// clone copies what p points to, if anything.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// record makes the record of a connection. end is the time of the last packet of the capture.
func (s *shard) record(f *flow, stream int, end int64, a *assumptions) *Flow {
	o := s.conclude(f, end)
	return s.recordOf(new(sheet), f, &o, stream, end, a)
}

// recordOf makes the record of a connection that ended with o on a sheet, and keeps nothing of o.
func (s *shard) recordOf(room *sheet, f *flow, o *outcome, stream int, end int64, a *assumptions) *Flow {
	if a.kernelDropped > 0 {
		o.doubts |= kernelDrops
	}
	room.closedBy = o.closedBy
	r := &room.Flow
	*r = Flow{
		Stream: stream, Roles: o.roles,
		Start: at(f.start), End: at(f.last), FirstFrame: f.firstFrame, LastFrame: f.lastFrame,
		Packets: f.e[0].packets + f.e[1].packets,
		Verdict: o.verdict, ClosedFirst: o.closedFirstName(), Confidence: o.confidence(), Doubts: o.doubtNames(),
		Age:      seconds(end - max(o.since[0], o.since[1])),
		TimeWait: room.waits[:0], Codes: []Code{},
		DisplayFilter: s.displayFilter(f, stream),
	}
	if o.closedBy != "" {
		r.ClosedBy = &room.closedBy
	}
	s.endpoint(&r.Client, &room.fin[0], f, o, o.client)
	s.endpoint(&r.Server, &room.fin[1], f, o, f.peer(o.client))
	r.HalfClose = s.halfClose(f, o, end)
	if r.Reset = o.reset(); r.Reset != nil {
		if cause := s.resetCause(f, o, a); cause != causeUnknown {
			r.Reset.Cause = &cause
		}
	}
	r.Findings = s.findings(f, o, end, a)
	for _, fd := range r.Findings {
		if !slices.Contains(r.Codes, fd.Code) {
			r.Codes = append(r.Codes, fd.Code)
		}
	}
	for _, x := range []int{o.client, 1 - o.client} {
		if span, ok := s.timeWaitSpan(f, o, x, end, a); ok {
			r.TimeWait = append(r.TimeWait, span)
		}
	}
	return r
}

// seconds converts a duration in ns; time that went backwards counts as none.
func seconds(ns int64) Seconds { return Seconds(float64(max(ns, 0)) / 1e9) }

// side names endpoint x.
func (o *outcome) side(x int) Side {
	if x == o.client {
		return ClientSide
	}
	return ServerSide
}

func (o *outcome) closedFirstName() ClosedFirst {
	switch o.closedFirst {
	case bothSides:
		return BothFirst
	case noSide:
		return NoneFirst
	case unknownSide:
		return UnknownFirst
	default:
		return ClosedFirst(o.side(o.closedFirst))
	}
}

func (o *outcome) doubtNames() []Doubt {
	out := []Doubt{}
	for i, d := range allDoubts() {
		if o.doubts&(1<<i) != 0 {
			out = append(out, d)
		}
	}
	return out
}

// addr returns the address of endpoint x.
func (s *shard) addr(f *flow, x int) netip.Addr { return s.host(f, x).Netip() }

// endpoint makes the record of endpoint x in r, with its FIN in room.
func (s *shard) endpoint(r *Endpoint, room *finSheet, f *flow, o *outcome, x int) {
	e, n := &f.e[x], &o.c.fin[x]
	*r = Endpoint{
		IP: s.addr(f, x), Port: f.port(x),
		State: o.state[x], StateSince: at(o.since[x]), StateFrame: o.frame[x],
		Packets: e.packets, Bytes: e.payload(n), RSTFrames: s.frames([]uint64{}, o.resets.frame[x], o.resets.more[x]),
	}
	if o.since[x] == 0 { // never heard of
		r.StateSince, r.StateFrame = at(f.start), f.firstFrame
	}
	if n.sent && !n.inferred {
		room.FIN = FIN{
			Frame: n.frame, Time: at(n.time), Seq: uint32(n.end - 1), Ack: uint32(n.ack),
			Sent: int(s.copies(n)), Frames: s.finFrames(room.frame[:0], n),
		}
		if n.acked && n.ackedFrame != 0 {
			room.ackedFrame, room.ackedTime = n.ackedFrame, at(n.ackedTime)
			room.AckedFrame, room.AckedTime = &room.ackedFrame, &room.ackedTime
		}
		r.FIN = &room.FIN
	}
}

// payload returns how many octets of payload e sent, each counted once.
func (e *endpoint) payload(n *finFacts) uint64 {
	b := e.out.Numbers()
	if e.sentSYN() && b > 0 {
		b--
	}
	if n.sent && !n.inferred && b > 0 {
		b--
	}
	return b
}

// halfClose describes the time in which one side had closed and the other went on; nil if the other sent no new data
// then and closed as well.
func (s *shard) halfClose(f *flow, o *outcome, end int64) *HalfClose {
	x := o.closedFirst
	if x > 1 {
		return nil
	}
	y := f.peer(x)
	n, m := &o.c.fin[x], &o.c.fin[y]
	if !n.sent || n.inferred || n.ackedFrame == 0 || f.flags&self != 0 {
		return nil
	}
	sent := s.newAfter(n, m, &f.e[y])
	if sent == 0 && o.verdict != HalfClosed {
		return nil
	}
	until := end
	switch {
	case m.sent:
		until = m.time
	case o.resets.rst.accepted:
		until = o.resets.rst.time
	}
	return &HalfClose{By: o.side(x), Seconds: seconds(until - n.time), Bytes: sent}
}

// reset describes the RST that ended the connection.
func (o *outcome) reset() *Reset {
	r := &o.resets.rst
	if r.frame == 0 || o.verdict != ResetVerdict && o.verdict != Refused {
		return nil
	}
	return &Reset{
		By: o.side(int(r.by)), Frame: r.frame, Time: at(r.time), Accepted: r.accepted,
		ClientState: r.before[o.client], ServerState: r.before[1-o.client],
	}
}

// displayFilter selects the connection in Wireshark. Where a SYN started nothing, Wireshark counts a stream all the same
// and puts what follows there; then addresses, ports and frames select it.
func (s *shard) displayFilter(f *flow, stream int) string {
	if f.flags&strays == 0 {
		return "tcp.stream == " + strconv.Itoa(stream)
	}
	ip := "ip"
	if s.addr(f, 0).Is6() {
		ip = "ipv6"
	}
	return fmt.Sprintf("%s.addr == %v && %s.addr == %v && tcp.port == %d && tcp.port == %d && frame.number >= %d && frame.number <= %d",
		ip, s.addr(f, 0), ip, s.addr(f, 1), f.port(0), f.port(1), f.firstFrame, f.lastFrame)
}
