package analyzer

import (
	"reflect"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// What a packet says of a connection that a later one has followed does not make that the latest again for the packets looked up
// together: they come to the same as one by one.
func TestSucceededConnection(t *testing.T) {
	const ms = int64(1e6)
	type sent struct {
		after int64 // since the packet before
		x     int
		flags decode.Flags
		seq   reassembly.Seq
		ack   reassembly.Seq
		len   uint32
	}
	for _, tt := range []struct {
		name     string
		before   []sent // looked up before
		together []sent
	}{
		{
			"after a simultaneous close a holder of TIME_WAIT sends its FIN again in answer to the next SYN",
			[]sent{
				{0, 0, decode.SYN, 1000, 0, 0}, {ms, 1, decode.SYN | decode.ACK, 5000, 1001, 0}, {ms, 0, decode.ACK, 1001, 5001, 0},
				{ms, 1, decode.FIN | decode.ACK, 5001, 1001, 0}, {ms / 100, 0, decode.FIN | decode.ACK, 1001, 5001, 0},
				{ms, 0, decode.ACK, 1002, 5002, 0}, {ms, 1, decode.ACK, 5002, 1002, 0},
			},
			[]sent{
				{300 * ms, 0, decode.SYN, 500, 0, 0}, {30 * ms, 1, decode.FIN | decode.ACK, 5001, 1002, 0}, {ms, 0, decode.SYN, 500, 0, 0},
				{ms, 1, decode.SYN | decode.ACK, 70539, 501, 0}, {ms, 0, decode.ACK, 501, 70540, 0}, {ms, 0, decode.ACK, 501, 70540, 100},
				{ms, 1, decode.ACK, 70540, 601, 0},
			},
		},
		{
			"the clock makes the next SYN come after the end of what it was sent again for, and steps back",
			[]sent{{0, 0, decode.SYN, 1000, 0, 0}},
			[]sent{
				{ms, 0, decode.SYN, 1000, 0, 0}, {1000_000 * ms, 0, decode.SYN, 1000, 0, 0}, {-1000_000 * ms, 0, decode.ACK, 1001, 5001, 10},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			batches, single := newShard(newMachine(), 1), newShard(newMachine(), 1)
			as := assumptions{timeWait: 60e9, finTimeout: 60e9, stuckAfter: 60e9}
			for _, s := range []*shard{batches, single} {
				s.rules.length, s.rules.linux = 60e9, true
				s.retires(&as)
			}
			q := newQueue(batches)
			now := int64(1_700_000_000e9)
			for i, m := range append(tt.before, tt.together...) {
				now += m.after
				p := packet{frame: uint64(i + 1), time: now}
				p.seg.Src, p.seg.Dst, p.seg.SrcPort, p.seg.DstPort = addr4(0x0a000001), addr4(0x0a000002), 40000, 80
				if m.x == 1 {
					p.seg.Src, p.seg.Dst, p.seg.SrcPort, p.seg.DstPort = p.seg.Dst, p.seg.Src, 80, 40000
				}
				p.seg.Flags, p.seg.Seq, p.seg.Ack, p.seg.Len = m.flags, m.seq, m.ack, m.len
				p.seg.Window, p.seg.TTL, p.seg.IPID = 65000, 64, uint32(i+1)
				one := p
				enter(single, &one)
				if i == len(tt.before) {
					q.flush()
				}
				q.add(&p, batches.seed)
			}
			q.flush()
			latest := func(s *shard) *Flow {
				for id := s.flows.Len(); id > 0; id-- {
					if f := s.flows.At(id); f.birth == int32(s.begun)-1 {
						return s.record(f, int(f.birth), now, &as)
					}
				}
				t.Fatalf("of %d connections the latest is not there", s.begun)
				return nil
			}
			got, want := latest(batches), latest(single)
			if batches.begun != 2 || single.begun != 2 || !reflect.DeepEqual(got, want) {
				t.Errorf("the latest of %d: %s with %d packets in a batch; of %d: %s with %d one by one", batches.begun, got.Verdict, got.Packets, single.begun, want.Verdict, want.Packets)
			}
		})
	}
}
