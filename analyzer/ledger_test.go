package analyzer

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"finscope/internal/decode"
	"finscope/internal/timeline"
	"finscope/reassembly"
)

// tick is the resolution of the model: everything happens at multiples of it.
const tick = 10 * int64(time.Millisecond)

// ticksOfWait is how many ticks a TIME_WAIT lasts.
const ticksOfWait = int(60 * int64(time.Second) / tick)

// play is a random capture of one service and what its TIME_WAITs do, in the plainest terms: when one starts or starts
// anew, and when one is ended. Nothing of the analyzer is used to make it.
type play struct {
	rng     *rand.Rand
	packets []packet
	starts  [2]map[int][]uint16 // by side (0 the client) and tick: the ports whose TIME_WAIT starts or starts anew then
	stops   [2]map[int][]uint16 // and those whose TIME_WAIT is ended
	last    int                 // tick of the last packet
	id      uint32
}

func newPlay(seed uint64) *play {
	p := &play{rng: rand.New(rand.NewPCG(seed, 0))}
	for side := range p.starts {
		p.starts[side], p.stops[side] = map[int][]uint16{}, map[int][]uint16{}
	}
	return p
}

// tuple is the conversation on one client port: what both sides send next.
type tuple struct {
	p    *play
	port uint16

	now   int               // tick
	since int               // when TIME_WAIT started, or started anew
	next  [2]reassembly.Seq // 0: the client
}

// send adds a packet of a side at the next tick.
func (u *tuple) send(side int, flags decode.Flags, seq reassembly.Seq, length uint32) {
	u.now++
	client, server := decode.AddrFrom(netip.MustParseAddr("10.0.0.7")), decode.AddrFrom(netip.MustParseAddr("192.0.2.5"))
	seg := decode.Segment{Src: client, Dst: server, SrcPort: u.port, DstPort: 80, Flags: flags, Seq: seq, Len: length, Window: 65535, TTL: 64}
	if side == 1 {
		seg.Src, seg.Dst, seg.SrcPort, seg.DstPort = server, client, 80, u.port
	}
	if flags.Has(decode.ACK) {
		seg.Ack = u.next[1-side]
	}
	u.p.id++
	seg.IPID = u.p.id&0xfff + 1
	u.p.packets = append(u.p.packets, packet{time: int64(u.now) * tick, seg: seg})
	if end := seg.End(); seg.Occupies() > 0 && u.next[side].Before(end) {
		u.next[side] = end
	}
	u.p.last = max(u.p.last, u.now)
}

func (u *tuple) start(side int) {
	u.since = u.now
	u.p.starts[side][u.now] = append(u.p.starts[side][u.now], u.port)
}

func (u *tuple) stop(side int) { u.p.stops[side][u.now] = append(u.p.stops[side][u.now], u.port) }

// connect opens a connection and exchanges data; the SYN is at the next tick.
func (u *tuple) connect(isn [2]reassembly.Seq) {
	u.next[0] = isn[0]
	u.send(0, decode.SYN, isn[0], 0)
	u.next[1] = isn[1]
	u.send(1, decode.SYN|decode.ACK, isn[1], 0)
	for _, side := range []int{0, 1} {
		u.send(side, decode.ACK|decode.PSH, u.next[side], 100)
		u.send(1-side, decode.ACK, u.next[1-side], 0)
	}
}

// close closes first on one side, and returns that.
func (u *tuple) close() int {
	x := u.p.rng.IntN(2)
	y := 1 - x
	u.send(x, decode.FIN|decode.ACK, u.next[x], 0)
	if u.p.rng.IntN(2) == 0 {
		u.send(y, decode.ACK, u.next[y], 0)
	}
	u.send(y, decode.FIN|decode.ACK, u.next[y], 0)
	u.send(x, decode.ACK, u.next[x], 0)
	u.start(x)
	return x
}

// live plays connections on one port, one after the other, and what happens in their TIME_WAITs, until a tick.
func (u *tuple) live(until int) {
	rng := u.p.rng
	isn := [2]reassembly.Seq{reassembly.Seq(rng.Uint32()), reassembly.Seq(rng.Uint32())}
	for again := true; again || u.now < until; {
		u.connect(isn)
		u.now += rng.IntN(200)
		x := u.close()
		y := 1 - x
		running := true
		for again = false; !again; {
			at := u.now + 50 + rng.IntN(ticksOfWait-100)
			if running && at < u.since+ticksOfWait-200 {
				u.now = at
			} else {
				// Past the slack of the timer: what the holder sends before that shows that it still waits.
				u.now = max(u.now, u.since+ticksOfWait) + 250 + rng.IntN(1000)
				running = false
			}
			if !running {
				break
			}
			switch op := rng.IntN(8); op {
			case 0: // the FIN again
				u.send(y, decode.FIN|decode.ACK, u.next[y]-1, 0)
				u.send(x, decode.ACK, u.next[x], 0)
				u.start(x)
			case 1: // an ACK that needs no answer
				u.send(y, decode.ACK, u.next[y], 0)
				u.start(x)
			case 2: // old data
				u.send(y, decode.ACK, u.next[y]-31, 30)
				u.send(x, decode.ACK, u.next[x], 0)
				u.start(x)
			case 3: // a RST that counts
				u.send(y, decode.RST, u.next[y], 0)
				u.stop(x)
				running = false
			case 4: // RSTs that do not
				u.send(y, decode.RST, u.next[y]+1, 0)
				u.send(y, decode.RST, u.next[y]-1, 0)
			default: // a SYN that is accepted
				if op == 5 && x == 1 && u.now < until { // not at first: its number is old
					next := u.next[y]
					u.send(y, decode.SYN, u.next[y]-80, 0)
					u.next[y] = next
					u.send(x, decode.ACK, u.next[x], 0)
					u.now += 100
				}
				if again = u.now < until+200; again {
					u.now++
					u.stop(x)
					u.now--
				}
			}
		}
		for side := range isn { // past the old numbers; Linux takes them from the holder's
			isn[side] = u.next[side] + isnStep
			if !running || rng.IntN(2) == 0 {
				isn[side] += reassembly.Seq(1 + rng.IntN(1<<20))
			}
		}
	}
}

// counts returns the number of TIME_WAITs of a side at each tick, by counting each down.
func (p *play) counts(side, ticks int) []int {
	left := map[uint16]int{}
	out := make([]int, ticks)
	for t := range out {
		for port := range left {
			if left[port]--; left[port] == 0 {
				delete(left, port)
			}
		}
		for _, port := range p.stops[side][t] {
			delete(left, port)
		}
		for _, port := range p.starts[side][t] {
			left[port] = ticksOfWait
		}
		out[t] = len(left)
	}
	return out
}

// The ledger agrees with a model that counts every TIME_WAIT down tick by tick: at every moment, in the peak, and in what
// is left at the end.
func TestLedgerAgreesWithCountdown(t *testing.T) {
	trials := 60
	if testing.Short() {
		trials = 6
	}
	ended := map[WaitEnd]int{}
	for seed := range uint64(trials) {
		p := newPlay(seed)
		for port := range uint16(12) {
			u := &tuple{p: p, port: 40000 + port, now: p.rng.IntN(3000)}
			u.live(6000 + p.rng.IntN(30000))
		}
		slices.SortStableFunc(p.packets, func(a, b packet) int { return int(a.time - b.time) })
		rep := analyzePackets(t, p.packets)
		for f := range rep.Flows() {
			for _, w := range f.TimeWait {
				ended[w.Ended]++
			}
		}
		l := ledgerOf(rep)
		acc := l.account(netip.MustParseAddrPort("192.0.2.5:80"))
		s := l.survey(acc, nil, nil)
		for side, c := range []*timeline.Course{s.client, s.server} {
			want := p.counts(side, p.last+1)
			var steps []timeline.Level
			c.Each(func(l timeline.Level) bool { steps = append(steps, l); return true })
			got, next, peak := 0, 0, 0
			for tck, n := range want {
				for next < len(steps) && steps[next].Time <= int64(tck)*tick {
					got = steps[next].N
					next++
				}
				if got != n {
					t.Fatalf("seed %d, side %d, after %v: %d TIME_WAITs, the model has %d", seed, side, time.Duration(int64(tck)*tick), got, n)
				}
				peak = max(peak, n)
			}
			if c.Peak != peak || c.Now != want[p.last] {
				t.Errorf("seed %d, side %d: peak %d, at the end %d; the model has %d and %d", seed, side, c.Peak, c.Now, peak, want[p.last])
			}
			if thin := c.Thin(20); len(thin) > 20 || len(steps) > 0 && thin[len(thin)-1] != steps[len(steps)-1] ||
				slices.MaxFunc(append(thin, timeline.Level{}), func(a, b timeline.Level) int { return a.N - b.N }).N != peak {
				t.Errorf("seed %d, side %d: thinned to %v", seed, side, thin)
			}
		}
	}
	for _, how := range []WaitEnd{"expired", "reused", "killed", "running"} {
		if ended[how] == 0 {
			t.Errorf("no TIME_WAIT was %s: %v", how, ended)
		}
	}
	t.Log(ended)
}

// analyzePackets does with ready segments what run.read does with a capture; frames are numbered here.
func analyzePackets(t *testing.T, packets []packet) *Report {
	t.Helper()
	return analyzePacketsAs(t, packets, Options{})
}

func analyzePacketsAs(t *testing.T, packets []packet, opts Options) *Report {
	t.Helper()
	r, err := newRun(opts)
	if err != nil {
		t.Fatal(err)
	}
	r.first = packets[0].time
	for i := range packets {
		p := packets[i]
		r.frames++
		r.tcp++
		p.frame = r.frames
		r.end = max(r.end, p.time)
		r.latest = r.end
		enter(r.shards[0], &p)
	}
	return r.report(nil, 0, nil)
}

// ledgerOf makes the ledger of a report once more: the report does not keep it.
func ledgerOf(r *Report) *ledger { return newLedger(r, r.keepBooks(rank(r.run.shards))) }
