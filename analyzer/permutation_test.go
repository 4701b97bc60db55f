package analyzer

import (
	"fmt"
	"testing"

	"finscope/internal/decode"
)

// sentPacket is a packet of a close in relative numbers; side 0 is the client.
type sentPacket struct {
	side     int
	flags    decode.Flags
	seq, ack uint32
	len      uint32
}

// orderlyClose is a close without loss, in the order in which its packets were sent.
type orderlyClose struct {
	name    string
	packets []sentPacket
	verdict Verdict
	first   int // 0 client, 1 server, or bothSides
	states  [2]State
}

// opening is how every close below starts.
func opening() []sentPacket {
	return []sentPacket{{0, decode.SYN, 0, 0, 0}, {1, decode.SYN | decode.ACK, 0, 1, 0}, {0, decode.ACK, 1, 1, 0}}
}

func orderlyCloses() []orderlyClose {
	const ack, fin = decode.ACK, decode.FIN | decode.ACK
	return []orderlyClose{
		{"client first, four segments", []sentPacket{
			{0, fin, 1, 1, 0}, {1, ack, 1, 2, 0}, {1, fin, 1, 2, 0}, {0, ack, 2, 2, 0},
		}, Graceful, 0, [2]State{TimeWait, Closed}},
		{"client first, three segments", []sentPacket{
			{0, fin, 1, 1, 0}, {1, fin, 1, 2, 0}, {0, ack, 2, 2, 0},
		}, Graceful, 0, [2]State{TimeWait, Closed}},
		{"server first, four segments", []sentPacket{
			{1, fin, 1, 1, 0}, {0, ack, 1, 2, 0}, {0, fin, 1, 2, 0}, {1, ack, 2, 2, 0},
		}, Graceful, 1, [2]State{Closed, TimeWait}},
		{"server first, three segments", []sentPacket{
			{1, fin, 1, 1, 0}, {0, fin, 1, 2, 0}, {1, ack, 2, 2, 0},
		}, Graceful, 1, [2]State{Closed, TimeWait}},
		{"simultaneous", []sentPacket{
			{0, fin, 1, 1, 0}, {1, fin, 1, 1, 0}, {0, ack, 2, 2, 0}, {1, ack, 2, 2, 0},
		}, Simultaneous, bothSides, [2]State{TimeWait, TimeWait}},
		{"simultaneous, with data in the FINs", []sentPacket{
			{0, fin, 1, 1, 100}, {1, fin, 1, 1, 50}, {0, ack, 102, 52, 0}, {1, ack, 52, 102, 0},
		}, Simultaneous, bothSides, [2]State{TimeWait, TimeWait}},
		{"client first, request and response in the FINs", []sentPacket{
			{0, fin, 1, 1, 100}, {1, ack, 1, 102, 0}, {1, fin, 1, 102, 500}, {0, ack, 102, 502, 0},
		}, Graceful, 0, [2]State{TimeWait, Closed}},
		{"server first, the response in its FIN", []sentPacket{
			{0, ack, 1, 1, 100}, {1, fin, 1, 101, 500}, {0, ack, 101, 502, 0}, {0, fin, 101, 502, 0}, {1, ack, 502, 102, 0},
		}, Graceful, 1, [2]State{Closed, TimeWait}},
		{"client half closes, the server sends on", []sentPacket{
			{0, fin, 1, 1, 10}, {1, ack, 1, 12, 0}, {1, ack, 1, 12, 100}, {0, ack, 12, 101, 0}, {1, ack, 101, 12, 100}, {1, fin, 201, 12, 0},
			{0, ack, 12, 202, 0},
		}, Graceful, 0, [2]State{TimeWait, Closed}},
		{"the server's FIN acknowledges the data but not the FIN after them", []sentPacket{
			{0, ack, 1, 1, 100}, {0, fin, 101, 1, 0}, {1, fin, 1, 101, 0}, {0, ack, 102, 2, 0}, {1, ack, 2, 102, 0},
		}, Simultaneous, bothSides, [2]State{TimeWait, TimeWait}},
	}
}

// A capture of two interfaces, or of two hosts, keeps the order of each direction and nothing else. Whatever the order, the
// end of a close is the same: what counts is what each packet says that its sender knew.
func TestCloseInEveryCaptureOrder(t *testing.T) {
	for _, c := range orderlyCloses() {
		t.Run(c.name, func(t *testing.T) {
			all := append(opening(), c.packets...)
			orders := 0
			for _, fixed := range []int{len(opening()), 0} { // the opening in its order, then in any
				for order := range interleavings(all, fixed) {
					orders++
					for _, timing := range []string{"captured at 1 ms intervals", "captured at 300 ms intervals", "sent at 1 ms intervals"} {
						checkOrderly(t, &c, all, order, timing)
					}
				}
			}
			if want := 2; orders < want {
				t.Errorf("%d orders, want at least %d", orders, want)
			}
		})
	}
}

// checkOrderly shows the packets of a close to the analyzer in an order.
func checkOrderly(t *testing.T, c *orderlyClose, all []sentPacket, order []int, timing string) {
	t.Helper()
	w := newTap(newShard(newMachine(), 1))
	for n, i := range order {
		switch timing {
		case "captured at 1 ms intervals":
			w.time = 1e9 + int64(n)*1e6
		case "captured at 300 ms intervals":
			w.time = 1e9 + int64(n)*300e6
		default:
			w.time = 1e9 + int64(i)*1e6
		}
		p := &all[i]
		w.add(p.side, p.flags, p.seq, p.ack, p.len)
	}
	if n := w.s.flows.Len(); n != 1 {
		t.Fatalf("order %v: %d connections", order, n)
	}
	f := w.s.flows.At(w.flow)
	o := w.s.conclude(f, f.last)
	states := [2]State{o.state[o.client], o.state[1-o.client]}
	shown := [2]State{f.e[o.client].state, f.e[1-o.client].state}
	first := o.closedFirst
	if first < bothSides && o.client == 1 {
		first = 1 - first
	}
	if o.verdict != c.verdict || first != c.first || states != c.states || shown != c.states {
		t.Errorf("order %v, %s: %v, closed first %d, states %v, shown %v\nwant %v, %d, %v", order, timing, o.verdict, first, states, shown, c.verdict, c.first, c.states)
	}
}

// interleavings yields every order of packets that keeps the order of each side, and the place of the first fixed ones.
func interleavings(all []sentPacket, fixed int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		var sides [2][]int
		var order []int
		for i, p := range all {
			if i < fixed {
				order = append(order, i)
			} else {
				sides[p.side] = append(sides[p.side], i)
			}
		}
		var visit func(a, b []int) bool
		visit = func(a, b []int) bool {
			if len(a)+len(b) == 0 {
				return yield(order)
			}
			for x, from := range [2][]int{a, b} {
				if len(from) == 0 {
					continue
				}
				order = append(order, from[0])
				rest := [2][]int{a, b}
				rest[x] = from[1:]
				ok := visit(rest[0], rest[1])
				order = order[:len(order)-1]
				if !ok {
					return false
				}
			}
			return true
		}
		visit(sides[0], sides[1])
	}
}

// The interleavings are those that combinatorics counts.
func TestInterleavings(t *testing.T) {
	all := append(opening(), orderlyCloses()[0].packets...)
	for _, tt := range []struct{ fixed, want int }{{0, 35}, {3, 6}, {7, 1}} {
		seen := map[string]bool{}
		for order := range interleavings(all, tt.fixed) {
			seen[fmt.Sprint(order)] = true
		}
		if len(seen) != tt.want {
			t.Errorf("with %d fixed: %d orders, want %d", tt.fixed, len(seen), tt.want)
		}
	}
}
