package analyzer

import (
	"testing"

	"finscope/reassembly"
)

// Who closed passively shows in the ACK number on the first FIN: it covers the peer's FIN.
func TestPassive(t *testing.T) {
	const peerEnd reassembly.Seq = 3 // just past 2^32
	fin := finFacts{sent: true, end: 1000}
	peer := finFacts{sent: true, end: peerEnd}
	with := func(change func(n, m *finFacts)) [2]finFacts {
		n, m := fin, peer
		change(&n, &m)
		return [2]finFacts{n, m}
	}
	tests := []struct {
		name string
		fins [2]finFacts
		want bool
	}{
		{"it acknowledges the peer's FIN", with(func(n, m *finFacts) { n.ack = peerEnd }), true},
		{"it acknowledges all but the peer's FIN", with(func(n, m *finFacts) { n.ack = peerEnd - 1 }), false},
		{"it acknowledges what the peer had sent long before", with(func(n, m *finFacts) { n.ack = 0xffff0000 }), false},
		{"it acknowledges more than there is", with(func(n, m *finFacts) { n.ack = peerEnd + 1 }), true},
		{"it was not sent", with(func(n, m *finFacts) { n.ack, n.sent = peerEnd, false }), false},
		{"the peer has sent none", with(func(n, m *finFacts) { n.ack, m.sent = peerEnd, false }), false},
		{"a copy, and the first one was sent before", with(func(n, m *finFacts) { n.ack, n.early = peerEnd, true }), false},
		{"it was not captured", with(func(n, m *finFacts) { n.ack, n.inferred = peerEnd, true }), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.fins[0].passive(&tt.fins[1]); got != tt.want {
				t.Errorf("passive: %v, want %v", got, tt.want)
			}
		})
	}
}

// An acknowledgment of a FIN arrived unless a copy of the FIN came later than could have crossed it, or if its receiver acknowledged
// what came with it or behind it.
func TestFINAcked(t *testing.T) {
	const ms = 1e6
	covered := finFacts{sent: true, acked: true, ackedFrame: 7, ackedAt: 500, last: 1000 * ms, lastCovered: 1000 * ms}
	after := func(ns int64) finFacts { n := covered; n.last += ns; return n }
	tests := []struct {
		name string
		n    finFacts
		e    endpoint
		want bool
	}{
		{"no acknowledgment passed", finFacts{sent: true, last: 1000 * ms}, endpoint{}, false},
		{"the FIN was sent once", covered, endpoint{}, true},
		{"a copy crossed it", after(10 * ms), endpoint{}, true},
		{"a copy came too late to have crossed it", after(10*ms + 1), endpoint{}, false},
		{"a copy crossed it on a way of 30 ms", after(40 * ms), endpoint{rtt: 30_000}, true},
		{"a copy came too late on a way of 30 ms", after(40*ms + 1), endpoint{rtt: 30_000}, false},
		{"a copy came late, and its sender got what was sent behind it", after(300 * ms), endpoint{marks: sentACK, lastAck: 501}, true},
		{"a copy came late, and its sender got nothing from behind it", after(300 * ms), endpoint{marks: sentACK, lastAck: 500}, false},
	}
	s := newShard(newMachine(), 0)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.finAcked(&tt.n, &tt.e); got != tt.want {
				t.Errorf("acknowledged: %v, want %v", got, tt.want)
			}
		})
	}
}
