package analyzer

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// Tuples that somebody chose so that they collide under one seed are spread evenly under another: no search gets long.
func TestCollidingTuples(t *testing.T) {
	s := newShard(newMachine(), rand.Uint64())
	var frame uint64
	chosen := 0
	for n := uint32(0); chosen < 4_000; n++ {
		seg := decode.Segment{Src: decode.AddrFrom4([]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), Dst: decode.AddrFrom4([]byte{192, 0, 2, 1}), SrcPort: 1, DstPort: 80, Flags: decode.SYN}
		if k := endsOf(&seg); k.hash(12345)>>32%64 != 7 { // seed 12345 puts all that remain into every 64th slot
			continue
		}
		chosen++
		frame++
		enter(s, &packet{frame: frame, time: 1e9, seg: seg})
	}
	mask := len(s.table.slots) - 1
	for i, sl := range s.table.slots {
		if sl.flow == 0 {
			continue
		}
		if d := (i - int(sl.hash>>32)) & mask; d > 100 {
			t.Fatalf("a connection is %d slots from where its search begins", d)
		}
	}
}

// However a sender reorders, and however many holes it leaves, a connection takes no more than its records.
func TestEndlessReordering(t *testing.T) {
	const rare = 1 << 20 // the first chunks of records that are made when they are needed
	for name, next := range map[string]func(i uint32, rnd *rand.Rand) reassembly.Seq{
		"reordering": func(i uint32, rnd *rand.Rand) reassembly.Seq { return reassembly.Seq(101 + rnd.Uint32N(1<<16)) },
		"holes":      func(i uint32, _ *rand.Rand) reassembly.Seq { return reassembly.Seq(101 + 2*i) },
		"backwards":  func(i uint32, _ *rand.Rand) reassembly.Seq { return reassembly.Seq(101 - 2*i) },
		"anywhere":   func(_ uint32, rnd *rand.Rand) reassembly.Seq { return reassembly.Seq(rnd.Uint32()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShard(newMachine(), 1)
			w := lineUp(s, 1, 1e9)
			rnd := rand.New(rand.NewPCG(1, 2))
			before := 0
			for i := range uint32(1_000_000) {
				w.next = next(i, rnd)
				if w.p.seg.Flags = decode.ACK; i%5 == 4 && name != "holes" {
					w.p.seg.Flags |= decode.FIN
				}
				w.say(t, s)
				if i == 1000 {
					before = heldBy(s)
				}
			}
			if after := heldBy(s); after > before+rare {
				t.Errorf("%d octets after a thousand segments, %d after a million", before, after)
			}
		})
	}
}

// A RST or FIN a packet, from a different address each: what a flood leaves behind is bounded for each connection.
func TestTinyFlows(t *testing.T) {
	const n = 1_000_000
	s := newShard(newMachine(), 1)
	s.foldBeyond = n / 16
	for i := range uint32(n) {
		p := packet{frame: uint64(i + 1), time: 1e9 + int64(i)*1e6, seg: decode.Segment{
			Src: decode.AddrFrom4([]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Dst: decode.AddrFrom4([]byte{192, 0, 2, 1}),
			SrcPort: uint16(i*7 + 1), DstPort: 80, Flags: []decode.Flags{decode.SYN, decode.RST, decode.FIN | decode.ACK}[i%3], Seq: reassembly.Seq(i * 12345),
		}}
		enter(s, &p)
	}
	if got := s.flows.InUse(); got != n {
		t.Fatalf("%d connections, want %d", got, n)
	}
	if got := heldBy(s) / n; got > 700 {
		t.Errorf("%d octets for each connection, want at most 700", got)
	}
	// The first of them stay as they are, others for a minute after their last packet and until their turn, if they have not ended.
	if got := s.closings.Len(); got > n/8 {
		t.Errorf("%d connections were held unfolded at a time", got)
	}
}

// Connections that are unfolded again and again take no more room.
func TestFoldedAgainAndAgain(t *testing.T) {
	s := newShard(newMachine(), 1)
	s.foldBeyond = 0
	var lines []*line
	for i := range 1000 {
		w := lineUp(s, i, 1e9)
		w.p.seg.Flags |= decode.FIN
		enter(s, &w.p)
		w.p.seg.Flags &^= decode.FIN
		lines = append(lines, w)
	}
	before, most := 0, 0
	for round := range 200 {
		for _, w := range lines {
			w.p.time += foldAfter + 10e9
			w.say(t, s)
			most = max(most, 1000-s.closings.InUse())
		}
		if round == 20 {
			before = heldBy(s)
		}
	}
	if after := heldBy(s); after != before {
		t.Errorf("%d octets after 20 rounds, %d after 200", before, after)
	}
	if most < 900 {
		t.Errorf("%d connections were folded at a time", most)
	}
}

func sizeOf[T any]() uintptr {
	var v T
	return unsafe.Sizeof(v)
}
