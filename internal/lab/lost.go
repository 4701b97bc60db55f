package lab

import "slices"

// What passes a tap and is lost behind it looks like what arrives, until its receiver sends something that shows the
// difference. The rules here find out that it sent nothing more: then nothing on the wire tells, and finscope's
// presumption that packets arrive is all there is to go by.

// sameFrame is more than the time of a frame loses in a capture.
const sameFrame Moment = 1e3 // ns

// lostReset reports whether a side never got the RST by which a record says that it was closed, nor a later one that it believed, or
// not all that stood before it, so that it could not believe it; and sent nothing since that passed the tap.
func (x *comparison) lostReset(side Side) bool {
	r := x.v.Flow.Reset
	if r == nil || !r.Accepted || x.v.Tap.own(side) || x.v.named(x.t, string(r.By)) != string(side.other()) {
		return false
	}
	at := Moment(r.Time.UnixNano())
	came, any := map[uint64]bool{}, false
	for _, p := range x.w.packets[side] {
		passed := x.w.at[x.v.Tap][p.seg.hash]
		if p.out && p.time > at && passed > at {
			return false
		}
		if !p.out {
			came[p.seg.hash] = true
			any = any || p.seg.has(flagRST) && passed >= at && (passed-at < sameFrame || len(x.c.life(side).RSTIn) > 0)
		}
	}
	return !any || slices.ContainsFunc(x.w.packets[side.other()], func(p wirePacket) bool {
		passed := x.w.at[x.v.Tap][p.seg.hash]
		return p.out && p.seg.Payload > 0 && passed != 0 && passed <= at && !came[p.seg.hash]
	})
}

// lostHandshake reports whether a side waits for the last packet of the handshake, or for what follows it: that passed the
// tap and never came, and the side sent nothing since.
func (x *comparison) lostHandshake(side Side) bool {
	l := x.c.life(side)
	if x.v.Tap.own(side) || l.state() != "SYN_RECEIVED" {
		return false
	}
	var last Moment
	for _, p := range x.w.packets[side.other()] {
		if at := x.w.at[x.v.Tap][p.seg.hash]; p.out && p.time >= l.Start && !p.seg.has(flagSYN) {
			last = max(last, at)
		}
	}
	return last != 0 && !slices.ContainsFunc(x.w.packets[side], func(p wirePacket) bool {
		return p.out && p.time > last || !p.out && p.time >= l.Start && !p.seg.has(flagSYN)
	})
}

// lostAck reports whether a side waits for the acknowledgment of its FIN, which passed the tap and never came, and sent
// nothing since that passed there.
func (x *comparison) lostAck(side Side) bool {
	l := x.c.life(side)
	state := l.state()
	if n := len(l.Visits); n > 1 && state == "CLOSED" {
		state = l.Visits[n-2].State // until it gave up, or believed a RST
	}
	if x.v.Tap.own(side) || !slices.Contains([]string{"FIN_WAIT_1", "LAST_ACK", "CLOSING"}, state) {
		return false
	}
	var fin uint32
	found := false
	for _, p := range x.w.packets[side] {
		if p.out && p.seg.has(flagFIN) && p.time >= l.Start {
			fin, found = p.seg.end(), true
		}
	}
	var acked Moment
	for _, p := range x.w.packets[side.other()] {
		if at := x.w.at[x.v.Tap][p.seg.hash]; p.out && found && p.seg.has(flagACK) && p.seg.Ack == fin && at != 0 && (acked == 0 || at < acked) {
			acked = at
		}
	}
	return acked != 0 && !slices.ContainsFunc(x.w.packets[side], func(p wirePacket) bool {
		return p.out && p.time > acked && x.w.at[x.v.Tap][p.seg.hash] > acked || !p.out && p.seg.has(flagACK) && p.seg.Ack == fin
	})
}

// anyReset reports whether a RST ended what Linux keeps of a closed socket in FIN_WAIT_2: that takes one anywhere in its
// window (tcp_timewait_state_process), the socket itself only one at the number it expects. Which of them there was
// shows on no wire.
func (l *Life) anyReset() bool {
	n := len(l.Visits)
	return n > 1 && l.Visits[n-2].State == "FIN_WAIT_2" && l.Visits[n-1].Why == whyRSTIn && len(l.RSTIn) == 0
}
