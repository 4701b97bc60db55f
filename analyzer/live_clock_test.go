package analyzer

import (
	"math"
	"testing"
	"time"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// liveFeed enters segments between two hosts into a session, as if they were captured.
type liveFeed struct {
	s *Session
	n uint64
}

func newLiveFeed(t *testing.T) *liveFeed {
	s, err := NewSession("test", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &liveFeed{s: s}
}

// send enters a segment of the client on a port, or of its server on port 80.
func (l *liveFeed) send(at int64, client bool, port uint16, flags decode.Flags, seq, ack reassembly.Seq, length uint32) {
	l.between(at, client, port, 80, flags, seq, ack, length)
}

// between enters a segment of the client or of the server on two ports.
func (l *liveFeed) between(at int64, client bool, port, service uint16, flags decode.Flags, seq, ack reassembly.Seq, length uint32) {
	l.n++
	p := packet{frame: l.n, time: at}
	p.seg.Src, p.seg.Dst, p.seg.SrcPort, p.seg.DstPort = addr4(0x0a000001), addr4(0x0a000002), port, service
	if !client {
		p.seg.Src, p.seg.Dst, p.seg.SrcPort, p.seg.DstPort = p.seg.Dst, p.seg.Src, p.seg.DstPort, p.seg.SrcPort
	}
	p.seg.Flags, p.seg.Seq, p.seg.Ack, p.seg.Len = flags, seq, ack, length
	p.seg.Window, p.seg.TTL, p.seg.IPID = 65000, 64, uint32(l.n%65535+1)
	r := l.s.run
	if r.frames = l.n; l.n == 1 {
		r.first = at
	}
	r.end = max(r.end, at)
	r.latest = r.end
	enter(r.shards[0], &p)
}

// open opens a connection from a port.
func (l *liveFeed) open(at int64, port uint16) {
	l.send(at, true, port, decode.SYN, 1000, 0, 0)
	l.send(at+1e6, false, port, decode.SYN|decode.ACK, 5000, 1001, 0)
	l.send(at+2e6, true, port, decode.ACK, 1001, 5001, 0)
}

// half has the client close its side.
func (l *liveFeed) half(at int64, port uint16) {
	l.send(at, true, port, decode.FIN|decode.ACK, 1001, 5001, 0)
	l.send(at+1e6, false, port, decode.ACK, 5001, 1002, 0)
}

const liveStart = 1772323200e9

// A packet from the future, or a clock that is set back, must not make what is new look old.
func TestClockSetBack(t *testing.T) {
	l := newLiveFeed(t)
	tell := func(e Event) error {
		if e.Kind == EventStuck || e.Kind == EventLeak {
			t.Errorf("%v: told of event %d, seconds after the FIN", e.Time, e.Kind)
		}
		return nil
	}
	advance := func(at int64) {
		if err := l.s.Advance(time.Unix(0, at), tell); err != nil {
			t.Fatal(err)
		}
	}
	l.open(liveStart+3600e9, 30000)
	advance(liveStart + 3600e9)
	for i := range int64(3) {
		l.open(liveStart+i*1e9, uint16(40000+i))
		l.half(liveStart+i*1e9+1e8, uint16(40000+i))
		advance(liveStart + i*1e9 + 2e8)
	}
	advance(liveStart + 4e9)
	for f := range l.s.Report().Flows() {
		if f.Client.State == FinWait2 && f.Age.Duration() > 5*time.Second {
			t.Errorf("stream %d is said to be %v old, at most 4 s ago its client closed", f.Stream, f.Age.Duration())
		}
	}
}

// Nor does it keep connections from being forgotten.
func TestWheelAfterAWrongTime(t *testing.T) {
	kept := func(wrong bool) int {
		l := newLiveFeed(t)
		if wrong {
			l.send(liveStart+86400e9, true, 9, decode.SYN, 1, 0, 0)
		}
		for i := range int64(5000) {
			at, port := liveStart+i*200e6, uint16(10000+i)
			l.open(at, port)
			l.half(at+1e7, port)
			l.send(at+2e7, false, port, decode.FIN|decode.ACK, 5001, 1002, 0)
			l.send(at+3e7, true, port, decode.ACK, 1002, 5002, 0)
			if i%100 == 0 {
				if err := l.s.Advance(time.Unix(0, at+4e7), func(Event) error { return nil }); err != nil {
					t.Fatal(err)
				}
			}
		}
		return l.s.run.shards[0].flows.InUse()
	}
	if without, with := kept(false), kept(true); with > without+100 {
		t.Errorf("%d connections are kept, %d if one packet has a wrong time", without, with)
	}
}

// Stream numbers of a session that has seen 2^31 connections begin anew.
func TestStreamNumbersEnd(t *testing.T) {
	l := newLiveFeed(t)
	l.s.run.shards[0].births.n = math.MaxInt32 - 2
	for i := range int64(6) {
		l.open(liveStart+i*1e9, uint16(40000+i))
	}
	for k := range int64(5) { // three that are not answered any more: a host in trouble
		for i := range int64(3) {
			l.send(liveStart+20e9+k*2e9+i, true, uint16(40003+i), decode.ACK|decode.PSH, 1001, 5001, 100)
		}
	}
	n := 0
	for f := range l.s.Report().Flows() {
		if n++; f.Stream < 0 {
			t.Errorf("stream %d", f.Stream)
		}
	}
	if n != 6 {
		t.Errorf("%d connections in the report, want 6", n)
	}
}

// A scan leaves no service for each port that refused, but the counts of the whole stay right.
func TestScanLeavesNoServices(t *testing.T) {
	l := newLiveFeed(t)
	const probes = 20_000
	for i := range int64(probes) {
		at := liveStart + i*200e6
		port := uint16(1 + i%60_000)
		l.between(at, true, 40000, port, decode.SYN, 1000, 0, 0)
		l.between(at+1e5, false, 40000, port, decode.RST|decode.ACK, 0, 1001, 0)
		if i%100 == 0 {
			if err := l.s.Advance(time.Unix(0, at+1e6), func(Event) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := l.s.Report()
	if n := len(r.Services); n > probes/4 {
		t.Errorf("%d services are left of %d refused SYNs", n, probes)
	}
	if got := r.Summary.Verdicts[Refused]; got != probes || r.Summary.Flows != probes {
		t.Errorf("%d refused of %d, want %d", got, r.Summary.Flows, probes)
	}
}
