package analyzer

import (
	"math/rand/v2"
	"testing"

	"finscope/reassembly"
)

// plainOpening is what is known of the opening of e, whose peer is peer, without the detour over bits.
func plainOpening(e, peer *endpoint) facts {
	una, ok := e.out.Acked()
	covered := !e.sentSYN() || ok && e.isn.Before(una) && !e.has(ackMissed)
	return facts{
		seen:      e.packets > 0 || peer.has(sentACK),
		sentSYN:   e.has(sentBareSYN) || !e.sentSYN() && peer.has(sentSYNACK),
		gotSYN:    e.has(sentACK) || e.packets == 0 && peer.has(sentACK),
		synAcked:  peer.has(sentACK) && covered || e.has(sentData) || e.has(sentPlain) && (!e.has(sentSYNACK) || e.prevAck != e.lastAck),
		midStream: !e.sentSYN() && !peer.sentSYN() && (e.has(sentACK) || peer.has(sentACK)),
	}
}

// The bits tell all that the opening is inferred from, whatever other marks there are.
func TestOpeningBits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[openingBits]bool{}
	for range 100_000 {
		var ends [2]endpoint
		for x := range ends {
			e := &ends[x]
			e.marks = marks(rnd.Uint32())
			e.packets = rnd.Uint64N(3)
			e.isn = reassembly.Seq(rnd.Uint32())
			e.lastAck = e.prevAck + reassembly.Seq(rnd.IntN(2))
			e.out.Accept(new(reassembly.Gaps), e.isn, e.isn+2, reassembly.UnknownRoom)
			if rnd.IntN(2) == 0 {
				e.out.Ack(new(reassembly.Gaps), e.isn+reassembly.Seq(rnd.IntN(3)), reassembly.UnknownRoom)
			}
		}
		b := openingBitsOf(&ends[0], &ends[1])
		if b >= allOpenings {
			t.Fatalf("bits %#x: there are only %#x", b, allOpenings)
		}
		seen[b] = true
		if got, want := b.facts(), plainOpening(&ends[0], &ends[1]); got != want {
			t.Fatalf("%+v\nfacts by bits %+v\nwant          %+v", ends, got, want)
		}
	}
	if len(seen) != allOpenings {
		t.Errorf("%d of %d combinations were tried", len(seen), allOpenings)
	}
}

// What is looked up is what the machine says.
func TestAnswersAreTheMachines(t *testing.T) {
	m := newMachine()
	a := newAnswers(m)
	for o := range openingBits(allOpenings) {
		for c := range closingBits(allClosings) {
			f := c.facts(o.facts())
			if got, want := a.closed[a.opened[o]][c], m.state(f); got != want {
				t.Errorf("%+v: looked up %v, the machine says %v", f, got, want)
			}
		}
	}
}
