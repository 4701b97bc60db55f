package analyzer

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// tap enters segments of one connection into a shard. Endpoint 0 is the client.
type tap struct {
	s     *shard
	frame uint64
	time  int64 // of the next segment
	flow  int32 // index in the arena; 0 before the first segment
	port  uint16
	ids   [2]uint32 // IPv4 identifications: every packet sent has one of its own
	isn   [2]reassembly.Seq
}

// newTap returns a tap on a new connection of s.
func newTap(s *shard) *tap {
	return &tap{
		s: s, port: uint16(1024 + s.flows.Len()), time: 1e9, ids: [2]uint32{1, 1 << 12},
		isn: [2]reassembly.Seq{math.MaxUint32 - 1, 1<<31 - 2}, // FINs and data come just past 2^32 and 2^31
	}
}

// add enters a segment of x with relative numbers.
func (w *tap) add(x int, flags decode.Flags, seq, ack, length uint32) {
	w.frame++
	addrs := [2]decode.Addr{{Lo: 0xffff_0a00_0001}, {Lo: 0xffff_0a00_0002}}
	ports := [2]uint16{w.port, 80}
	p := packet{frame: w.frame, time: w.time, seg: decode.Segment{
		Src: addrs[x], Dst: addrs[1-x], SrcPort: ports[x], DstPort: ports[1-x], Flags: flags,
		Seq: w.isn[x] + reassembly.Seq(seq), Len: length, Window: 64240, TTL: 64, IPID: w.ids[x],
	}}
	if flags.Has(decode.ACK) {
		p.seg.Ack = w.isn[1-x] + reassembly.Seq(ack)
	}
	w.ids[x]++
	enter(w.s, &p)
	if w.flow == 0 {
		w.flow = w.s.flows.Len()
	}
}

// handshake enters the three segments that open a connection, 1 ms apart.
func (w *tap) handshake() {
	for _, p := range []struct {
		x        int
		flags    decode.Flags
		seq, ack uint32
	}{{0, decode.SYN, 0, 0}, {1, decode.SYN | decode.ACK, 0, 1}, {0, decode.ACK, 1, 1}} {
		w.add(p.x, p.flags, p.seq, p.ack, 0)
		w.time += 1e6
	}
}

// states returns the states of client and server as they stand.
func (w *tap) states() [2]State {
	f := w.s.flows.At(w.flow)
	return [2]State{f.e[0].state, f.e[1].state}
}

// end concludes the connection at the time of its last segment.
func (w *tap) end(t testing.TB) outcome {
	f := w.s.flows.At(w.flow)
	o := w.s.conclude(f, f.last)
	if o.client != 0 {
		t.Errorf("endpoint %d is the client", o.client)
	}
	return o
}

// The test below lets two endpoints written from RFC 9293 close a connection in every way that a few losses and
// retransmissions allow, shows the analyzer what passes a capture point between them, and compares.

// pkt is a packet of the close: all that endpoints without data can say.
type pkt uint8

const (
	finBit   pkt = 1 << iota // carries the sender's FIN
	acksBit                  // acknowledges the peer's FIN
	afterBit                 // without FIN, stands after the sender's FIN
	fromB

	pktBits = 4
)

func (p pkt) from() int { return int(p >> 3) }

func (p pkt) String() string {
	s := [...]string{"> ", "< "}[p.from()]
	switch {
	case p&finBit != 0:
		s += "F."
	case p&afterBit != 0:
		s += ". after the FIN"
	default:
		s += "."
	}
	if p&acksBit != 0 {
		s += " acks the FIN"
	}
	return s
}

// trace is a list of packets, the oldest in the highest bits, with a leading one.
type trace uint64

func (tr trace) add(p pkt) trace { return tr<<pktBits | trace(p) }

func (tr trace) len() int { return (bits.Len64(uint64(tr)) - 1) / pktBits }

// at returns the ith packet.
func (tr trace) at(i int) pkt { return pkt(tr >> (pktBits * (tr.len() - 1 - i)) & (1<<pktBits - 1)) }

// without returns the trace without its ith packet.
func (tr trace) without(i int) trace {
	out := trace(1)
	for j := range tr.len() {
		if j != i {
			out = out.add(tr.at(j))
		}
	}
	return out
}

func (tr trace) String() string {
	var lines []string
	for i := range tr.len() {
		lines = append(lines, "\t"+tr.at(i).String())
	}
	return strings.Join(lines, "\n")
}

// rfcEnd is an endpoint that follows RFC 9293, without data and RST.
type rfcEnd struct {
	state   State
	fin     bool // it has sent its FIN
	passive bool // and had received the peer's by then
	got     bool // RCV.NXT is past the peer's FIN
	una     bool // SND.UNA is past its FIN
	owes    bool // an acknowledgment is to be sent
}

// close is the CLOSE call, §3.10.4: "form a FIN segment and send it".
func (e *rfcEnd) close() pkt {
	e.fin, e.passive = true, e.got
	if e.state == CloseWait {
		e.state = LastAck
	} else {
		e.state = FinWait1
	}
	return e.send(finBit)
}

// send makes a packet: "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", which acknowledges all that was received.
func (e *rfcEnd) send(p pkt) pkt {
	e.owes = false
	if e.got {
		p |= acksBit
	}
	if e.fin && p&finBit == 0 {
		p |= afterBit
	}
	return p
}

// receive is SEGMENT ARRIVES, §3.10.7.4.
func (e *rfcEnd) receive(p pkt) {
	if e.state == Closed {
		return // a RST would be the answer; this test has none
	}
	// First, check sequence number: "If an incoming segment is not acceptable, an acknowledgment should be sent in reply".
	if p&finBit != 0 && e.got {
		e.owes = true
		return
	}
	// Fifth, check the ACK field.
	if p&acksBit != 0 && e.fin && !e.una {
		e.una = true
		switch e.state {
		case FinWait1:
			e.state = FinWait2
		case Closing:
			e.state = TimeWait
		case LastAck:
			e.state = Closed
		}
	}
	// Eighth, check the FIN bit: "advance RCV.NXT over the FIN, and send an acknowledgment for the FIN".
	if p&finBit != 0 {
		e.got, e.owes = true, true
		switch e.state {
		case Established:
			e.state = CloseWait
		case FinWait1:
			e.state = Closing
		case FinWait2:
			e.state = TimeWait
		}
	}
}

// world is both endpoints, what is on its way between them, and what was captured.
type world struct {
	end    [2]rfcEnd
	before [2]trace // on the way from a sender to the capture point, in order
	behind [2]trace // on the way from there to the receiver of what x sent; any of them may arrive next
	seen   trace

	unseenFIN [2]bool // the first transmission of its FIN was lost before the capture point
	losses    uint8
	resent    uint8
}

// most bounds what is explored.
type most struct{ seen, losses, resent int }

// next calls visit with every world that may come after w.
func (w world) next(limit most, visit func(world)) {
	const inFlight = 3
	for x := range w.end {
		y := 1 - x
		e := w.end[x]
		from := pkt(x << 3)
		if w.before[x].len() < inFlight {
			if e.state == Established || e.state == CloseWait {
				v := w
				v.before[x] = v.before[x].add(v.end[x].close() | from)
				visit(v)
			}
			if e.owes {
				v := w
				v.before[x] = v.before[x].add(v.end[x].send(0) | from)
				visit(v)
			} else if e.state != Closed && int(w.resent) < limit.resent { // a window update, for one
				v := w
				v.resent++
				v.before[x] = v.before[x].add(v.end[x].send(0) | from)
				visit(v)
			}
			if (e.state == FinWait1 || e.state == Closing || e.state == LastAck) && int(w.resent) < limit.resent {
				v := w
				v.resent++
				v.before[x] = v.before[x].add(v.end[x].send(finBit) | from)
				visit(v)
			}
		}
		if w.before[x].len() > 0 {
			p, rest := w.before[x].at(0), w.before[x].without(0)
			if w.seen.len() < limit.seen {
				v := w
				v.before[x], v.behind[x] = rest, v.behind[x].add(p)
				v.seen = v.seen.add(p)
				visit(v)
			}
			if int(w.losses) < limit.losses {
				v := w
				v.losses++
				v.before[x] = rest
				if p&finBit != 0 && !w.captured(x) {
					v.unseenFIN[x] = true
				}
				visit(v)
			}
		}
		for i := range w.behind[x].len() {
			p, rest := w.behind[x].at(i), w.behind[x].without(i)
			v := w
			v.behind[x] = rest
			v.end[y].receive(p)
			visit(v)
			if int(w.losses) < limit.losses {
				v := w
				v.losses++
				v.behind[x] = rest
				visit(v)
			}
		}
	}
}

// captured reports whether a FIN of x was captured.
func (w *world) captured(x int) bool {
	for i := range w.seen.len() {
		if p := w.seen.at(i); p.from() == x && p&finBit != 0 {
			return true
		}
	}
	return false
}

// order returns what the captured packets prove of endpoint x: that it closed before it had received the peer's FIN
// (something of it stands after its FIN and does not acknowledge the peer's), or after (something stands before its FIN
// and does). If they prove neither, all that was captured from its FIN on acknowledges the peer's.
func (w *world) order(x int) (active, passive bool) {
	for i := range w.seen.len() {
		p := w.seen.at(i)
		if p.from() != x {
			continue
		}
		if after := p&(finBit|afterBit) != 0; after && p&acksBit == 0 {
			active = true
		} else if !after && p&acksBit != 0 {
			passive = true
		}
	}
	return active, passive
}

// ackPassed reports whether an acknowledgment of the FIN of x was captured.
func (w *world) ackPassed(x int) bool {
	for i := range w.seen.len() {
		if p := w.seen.at(i); p.from() != x && p&acksBit != 0 {
			return true
		}
	}
	return false
}

// quiet reports whether nothing is on its way and nothing is owed, with both ends closed.
func (w *world) quiet() bool {
	over := func(e *rfcEnd) bool { return (e.state == Closed || e.state == TimeWait) && !e.owes }
	return over(&w.end[0]) && over(&w.end[1]) && w.before == [2]trace{1, 1} && w.behind == [2]trace{1, 1}
}

// firstCloser returns who closed first, in the words of outcome.closedFirst; both ends have closed.
func (w *world) firstCloser() int {
	switch {
	case w.end[0].passive:
		return 1
	case w.end[1].passive:
		return 0
	default:
		return bothSides
	}
}

// observation is what the analyzer makes of a trace.
type observation struct {
	states  [2]State // as shown with the last packet
	outcome outcome
}

// observer shows traces to the analyzer, and remembers what it made of them.
type observer struct {
	gap  int64 // between two packets
	seen map[trace]observation
	s    *shard
}

func (o *observer) observe(t testing.TB, tr trace) observation {
	if got, ok := o.seen[tr]; ok {
		return got
	}
	if o.s == nil || o.s.flows.Len() == 60_000 {
		o.s = newShard(newMachine(), 1)
	}
	w := newTap(o.s)
	w.handshake()
	for i := range tr.len() {
		w.time += o.gap
		p := tr.at(i)
		x := p.from()
		flags, seq, ack := decode.ACK, uint32(1), uint32(1)
		if p&finBit != 0 {
			flags |= decode.FIN
		}
		if p&afterBit != 0 {
			seq++
		}
		if p&acksBit != 0 {
			ack++
		}
		w.add(x, flags, seq, ack, 0)
	}
	got := observation{w.states(), w.end(t)}
	o.seen[tr] = got
	return got
}

// proofs are what a state says of its endpoint.
type proofs struct{ sentFIN, finAcked, gotFIN, active, passive bool }

func proofsOf(s State) proofs {
	switch s {
	case FinWait1:
		return proofs{sentFIN: true, active: true}
	case FinWait2:
		return proofs{sentFIN: true, finAcked: true, active: true}
	case Closing:
		return proofs{sentFIN: true, gotFIN: true, active: true}
	case TimeWait:
		return proofs{sentFIN: true, finAcked: true, gotFIN: true, active: true}
	case CloseWait:
		return proofs{gotFIN: true}
	case LastAck:
		return proofs{sentFIN: true, gotFIN: true, passive: true}
	case Closed:
		return proofs{sentFIN: true, finAcked: true, gotFIN: true, passive: true}
	}
	return proofs{}
}

// claimsTooMuch says what an inferred state claims of endpoint x that is not so; empty if nothing. That an
// acknowledgment which passed has arrived is a presumption, and not too much. Where the first transmission of the FIN
// never reached the capture point, and nothing else proves what its sender knew then, it may be told wrong.
func (w *world) claimsTooMuch(x int, s State) string {
	c, e := proofsOf(s), &w.end[x]
	active, passive := w.order(x)
	guess := w.unseenFIN[x] && !active && !passive
	switch {
	case c.sentFIN && !e.fin:
		return "it has sent no FIN"
	case c.gotFIN && !e.got:
		return "it has received no FIN"
	case c.finAcked && !e.una && !w.ackPassed(x):
		return "its FIN is not acknowledged"
	case c.passive && !e.passive && !guess:
		return "it closed before it received the peer's FIN"
	case c.active && e.passive && !guess:
		return "it closed after it received the peer's FIN"
	}
	return ""
}

// legal reports whether one packet may take an endpoint from one shown state to another: along the arrows of Figure 5,
// after a presumption was taken back if a retransmission disproved it.
func legal(next map[State][]State, from, to State) bool {
	back := map[State]State{FinWait2: FinWait1, TimeWait: Closing, Closed: LastAck}
	var reach func(s State) bool
	reach = func(s State) bool {
		if s == to {
			return true
		}
		for _, n := range next[s] {
			if reach(n) {
				return true
			}
		}
		return false
	}
	b, ok := back[from]
	return reach(from) || ok && reach(b)
}

func TestExhaustiveCloses(t *testing.T) {
	limits := []most{{seen: 8, losses: 0, resent: 2}, {seen: 7, losses: 2, resent: 2}, {seen: 4, losses: 1, resent: 3}}
	if testing.Short() {
		limits = limits[:1]
	}
	for _, limit := range limits {
		for _, gap := range []int64{300e6, 6e6} { // retransmissions by timer, and so soon that they cross their answers
			t.Run(fmt.Sprintf("%d losses %d repeats %d ms apart", limit.losses, limit.resent, gap/1e6), func(t *testing.T) {
				exploreCloses(t, limit, gap)
			})
		}
	}
}

// exploreCloses visits every world within the limit.
func exploreCloses(t *testing.T, limit most, gap int64) {
	next := map[State][]State{} // the arrows from one synchronized state to another
	for _, a := range arrows(t) {
		if a.from >= Established && a.from != TimeWait && a.from != Closed {
			next[a.from] = append(next[a.from], a.to)
		}
	}
	obs := observer{gap: gap, seen: map[trace]observation{}}
	start := world{before: [2]trace{1, 1}, behind: [2]trace{1, 1}, seen: 1}
	start.end[0].state, start.end[1].state = Established, Established
	visited := map[world]struct{}{start: {}}
	todo := []world{start}
	ends, proven, failures := 0, 0, 0
	fail := func(w *world, format string, args ...any) {
		t.Helper()
		if failures++; failures <= 5 {
			t.Errorf(format+"\ncaptured:\n%v\nendpoints: %+v", append(args, w.seen, w.end)...)
		}
	}
	for len(todo) > 0 && failures < 1000 {
		w := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		got := obs.observe(t, w.seen)
		for x := range w.end {
			if why := w.claimsTooMuch(x, got.states[x]); why != "" {
				fail(&w, "endpoint %d is shown in %v: %s", x, got.states[x], why)
			}
			if w.seen > 1 && !w.unseenFIN[x] { // a FIN that comes late may put right what was shown before
				if was := obs.observe(t, w.seen>>pktBits).states[x]; !legal(next, was, got.states[x]) {
					fail(&w, "endpoint %d goes from %v to %v", x, was, got.states[x])
				}
			}
		}
		if w.captured(0) && w.captured(1) {
			proven += checkOrder(&w, &got, fail)
		}
		if w.quiet() && w.losses == 0 {
			ends++
			checkEnd(&w, &got, fail)
		}
		w.next(limit, func(v world) {
			if _, ok := visited[v]; !ok {
				visited[v] = struct{}{}
				todo = append(todo, v)
			}
		})
	}
	t.Logf("%d worlds, %d traces, %d ends without loss, %d proofs of who closed first", len(visited), len(obs.seen), ends, proven)
	if ends == 0 || proven == 0 {
		t.Errorf("explored nothing")
	}
}

// checkOrder compares who closed first with what the captured packets prove of it, and returns 1 if they do.
func checkOrder(w *world, got *observation, fail func(w *world, format string, args ...any)) int {
	var active, passive [2]bool
	for x := range w.end {
		active[x], passive[x] = w.order(x)
		if active[x] && w.end[x].passive || passive[x] && !w.end[x].passive {
			fail(w, "the test's own proof is wrong for endpoint %d", x)
		}
	}
	first := got.outcome.closedFirst
	switch {
	case passive[0] && first != 1, passive[1] && first != 0, active[0] && active[1] && first != bothSides:
		fail(w, "closed first: %d, but the packets prove %d", first, w.firstCloser())
	case active[0] && first == 1, active[1] && first == 0:
		fail(w, "closed first: %d, but the packets prove that it did not", first)
	case passive[0] || passive[1] || active[0] && active[1]:
		return 1
	}
	return 0
}

// checkEnd compares the end of a close without losses with the endpoints' own account.
func checkEnd(w *world, got *observation, fail func(w *world, format string, args ...any)) {
	want := [2]State{w.end[0].state, w.end[1].state}
	if got.states != want || got.outcome.state != want {
		fail(w, "at the end the states are shown as %v and concluded to be %v", got.states, got.outcome.state)
	}
	if got.outcome.closedFirst != w.firstCloser() {
		fail(w, "closed first: %d, want %d", got.outcome.closedFirst, w.firstCloser())
	}
	verdict := Graceful
	if w.firstCloser() == bothSides {
		verdict = Simultaneous
	}
	if got.outcome.verdict != verdict {
		fail(w, "verdict %v, want %v", got.outcome.verdict, verdict)
	}
}

// A FIN sent again after its acknowledgment had passed disproves that it arrived, unless it may have crossed it; another
// acknowledgment starts anew.
func TestPresumptionIsTakenBack(t *testing.T) {
	const ack, fin = decode.ACK, decode.FIN | decode.ACK
	for _, tt := range []struct {
		name   string
		after  int64 // from the acknowledgment to the copy of the FIN, past what may cross (shard.delta)
		before bool  // the copy passes before the acknowledgment
		want   State
	}{
		{"as long as it can cross", 0, false, FinWait2},
		{"too late to have crossed", 1, false, FinWait1},
		{"by a retransmission timer", 200e6, false, FinWait1},
		{"before the acknowledgment", 200e6, true, FinWait2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTap(newShard(newMachine(), 1))
			w.handshake() // 1 ms from the capture point and back
			w.time += 1e9
			w.add(0, fin, 1, 1, 0)
			crosses := w.s.delta(&w.s.flows.At(w.flow).e[0])
			if crosses < 10e6 || crosses > 200e6 {
				t.Fatalf("copies cross for %d ns", crosses)
			}
			w.time += 300e6
			if tt.before {
				w.add(0, fin, 1, 1, 0)
				w.time += crosses + tt.after
			}
			w.add(1, ack, 1, 2, 0)
			w.time += crosses + tt.after
			if !tt.before {
				w.add(0, fin, 1, 1, 0)
			}
			if got := w.states(); got != [2]State{tt.want, CloseWait} {
				t.Errorf("%v, want %v", got, [2]State{tt.want, CloseWait})
			}
			w.time += 1e6
			w.add(1, ack, 1, 2, 0)
			if got := w.states(); got != [2]State{FinWait2, CloseWait} {
				t.Errorf("acknowledged again: %v", got)
			}
		})
	}
}
