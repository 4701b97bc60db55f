package analyzer

import (
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// TestSelfConnect is scenario 140: a socket that is connected to itself is both ends of its connection. Its SYN meets itself,
// which is a simultaneous open, and its FIN is acknowledged by itself, so that neither side was passive.
func TestSelfConnect(t *testing.T) {
	r, err := newRun(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := r.shards[0]
	send := func(flags decode.Flags, seq, ack uint32) {
		r.frames++
		r.end = int64(r.frames) * 1e6
		p := packet{frame: r.frames, time: r.end}
		addr := decode.Addr{Lo: 0xffff_0a00_0001}
		p.seg = decode.Segment{Src: addr, Dst: addr, SrcPort: 4000, DstPort: 4000, Flags: flags,
			Seq: reassembly.Seq(seq), Ack: reassembly.Seq(ack), IPID: uint32(r.frames), Window: 1000}
		enter(s, &p)
	}
	send(decode.SYN, 100, 0)
	send(decode.SYN|decode.ACK, 100, 101)
	send(decode.ACK, 101, 101)
	send(decode.FIN|decode.ACK, 101, 101)
	send(decode.ACK, 102, 102)

	for f := range r.report([]string{"test"}, 0, nil).Flows() {
		if f.Verdict != Simultaneous || f.Roles != RolesBoth || f.Client.State != TimeWait || f.Server.State != TimeWait {
			t.Errorf("got %s, roles %s, %v and %v; want simultaneous, both, TIME_WAIT twice", f.Verdict, f.Roles, f.Client.State, f.Server.State)
		}
		if f.Client.Port != 4000 || f.Server.Port != 4000 || f.Client.IP != f.Server.IP {
			t.Errorf("ends %v:%d and %v:%d, want the same", f.Client.IP, f.Client.Port, f.Server.IP, f.Server.Port)
		}
		if len(f.TimeWait) != 1 {
			t.Errorf("%d TIME_WAITs, want one: there is one socket", len(f.TimeWait))
		}
		if f.ClosedFirst != BothFirst {
			t.Errorf("closed first %s, want both", f.ClosedFirst)
		}
	}
}
