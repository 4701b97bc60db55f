package analyzer

import (
	"slices"
	"testing"
	"time"

	"finscope/internal/decode"
)

// A session keeps nothing of a connection that it has forgotten: all that side records refer to is referred to by one that is kept.
func TestSessionGivesBack(t *testing.T) {
	var made [7]int
	for seed := range uint64(12) {
		p := newPlay(seed)
		for port := range uint16(6) {
			u := &tuple{p: p, port: 40000 + port, now: p.rng.IntN(3000)}
			u.live(30000 + p.rng.IntN(30000))
		}
		for _, q := range p.packets {
			if q.seg.Flags.Has(decode.FIN) { // sent again, as if the acknowledgment were lost
				q.time += 3e8
				p.packets = append(p.packets, q)
			}
		}
		for i := range p.packets {
			if q := &p.packets[i].seg; i%7 == 0 && q.Flags == decode.ACK {
				q.Window = 0
			}
		}
		slices.SortStableFunc(p.packets, func(a, b packet) int { return int(a.time - b.time) })
		s, err := NewSession("test", Options{})
		if err != nil {
			t.Fatal(err)
		}
		sh := s.run.shards[0]
		frame := uint64(0)
		add := func(q *packet) {
			frame++
			q.frame = frame
			enter(sh, q)
		}
		for i := range p.packets {
			add(&p.packets[i])
		}
		last := p.packets[len(p.packets)-1]
		for i := range 100 { // time goes on, by SYNs of others
			q := packet{time: last.time + int64(i+1)*10e9}
			q.seg = decode.Segment{Src: decode.Addr{Lo: 0xffff_0a000001}, Dst: decode.Addr{Lo: 0xffff_0a000002}, SrcPort: uint16(i + 1), DstPort: 9, Flags: decode.SYN}
			add(&q)
			if err := s.Advance(time.Unix(0, q.time), func(Event) error { return nil }); err != nil { // their ends are told
				t.Fatal(err)
			}
		}
		got := [7]int{sh.notes.InUse(), sh.suspects.InUse(), sh.waitLog.InUse(), len(sh.pendings), sh.reuses.InUse(), sh.repeats.InUse(), sh.rarities.InUse()}
		if want := referred(sh); got != want {
			t.Errorf("seed %d: notes, suspects, waitLog, pendings, reuses, repeats, rarities %v, referred to are %v", seed, got, want)
		}
		for i, n := range []int32{sh.notes.Len(), sh.suspects.Len(), sh.waitLog.Len(), int32(len(sh.pendings)), sh.reuses.Len(), sh.repeats.Len(), sh.rarities.Len()} {
			made[i] += int(n) - got[i]
		}
	}
	if made[0] == 0 || made[2] == 0 || made[4] == 0 || made[5] == 0 || made[6] == 0 {
		t.Errorf("given back: %v; nothing was tested", made)
	}
}

// referred counts what the connections that are kept refer to.
func referred(s *shard) (n [7]int) {
	reuses := map[int32]bool{}
	for id := int32(1); id <= s.flows.Len(); id++ {
		f := s.flows.At(id)
		if f.id == 0 {
			continue
		}
		if f.flags&waiting != 0 {
			n[3]++
		}
		if f.flags&reused != 0 {
			reuses[s.reusers[id]] = true
		}
		if f.odd != 0 && s.odds.At(f.odd).rare != 0 {
			n[6]++
		}
		if f.closing == 0 {
			continue
		}
		c := s.closings.At(f.closing)
		for x := range f.e {
			n[0] += len(s.frames(nil, 1, s.repeatsOf(&c.fin[x]).more)) - 1
			n[5] += btoi(c.fin[x].repeats != 0)
			if c.resets != 0 {
				n[0] += len(s.frames(nil, 1, s.resets.At(c.resets).more[x])) - 1
			}
			if f.odd != 0 && s.odds.At(f.odd).suspect[x] != 0 {
				n[1]++
			}
			if more := c.timeWait[x].more; more != 0 {
				n[2]++
				if by := s.waitLog.At(more).by; by != 0 {
					reuses[by] = true
				}
			}
		}
	}
	n[4] = len(reuses)
	return n
}
