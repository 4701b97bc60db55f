package analyzer

import (
	"net/netip"
	"slices"

	"finscope/internal/decode"
	"finscope/internal/durations"
	"finscope/internal/timeline"
)

// ledger is what the books of all shards say of services, their TIME_WAITs and ports: what occupancy, port ranges and bind
// windows are computed from once the capture is read.
type ledger struct {
	services map[netip.AddrPort]*account
	ports    PortRange
	length   int64 // of a TIME_WAIT, ns
	first    int64 // of the capture
	end      int64
	linux    bool
	jobs     int // how many services are judged at a time
}

// account is what is known of one service. In a book, streams are births.
type account struct {
	at netip.AddrPort
	tally

	held [2]int // how many TIME_WAITs the clients and the server held
	open int    // connections that the server still has at the end

	// In a book alone.
	first, last int32             // its connections in book.briefs, linked by brief.next; 0: none
	room        int               // how many briefs behind the last one are its own
	refused     []int32           // and those of which it refused the SYN
	waits       []heldWait        // TIME_WAITs that are not in a brief
	left        []timeline.Span   // CLOSE_WAITs of the server that lasted long
	idle        [2]durations.List // how long nobody had sent anything before a close, by the server and by its clients; where that is long
	late        [2][]lateData     // and of closes that data met

	pages []page // where the books have the service; in the ledger
}

func newAccount(at netip.AddrPort) *account {
	return &account{at: at, tally: newTally()}
}

// hold is a TIME_WAIT that a client holds.
type hold struct {
	start        int64 // of the connection: from then on its port was taken
	since, until int64
	holder       decode.Addr
	stream       int32
	port         uint16
	reused       bool
	isn          bool // the holder is confirmed by the next connection's ISN
}

// account returns the account of a service, and opens it if there is none.
func (l *ledger) account(at netip.AddrPort) *account {
	acc := l.services[at]
	if acc == nil {
		acc = newAccount(at)
		l.services[at] = acc
	}
	return acc
}

// enter adds what a book has.
func (l *ledger) enter(b *book) {
	for i, from := range b.accounts {
		acc := l.account(from.at)
		acc.pages = append(acc.pages, page{b, int32(i)})
		acc.tally.merge(&from.tally)
		acc.open += from.open
		for side, n := range from.held {
			acc.held[side] += n
		}
	}
}

// finGaps returns the times between the two FINs of its connections, as the books have them.
func (acc *account) finGaps() [][]int64 {
	var lists [][]int64
	for _, p := range acc.pages {
		lists = append(lists, p.account().gaps...)
	}
	return lists
}

// all returns the accounts, in order of their addresses and ports.
func (l *ledger) all() []*account {
	out := make([]*account, 0, len(l.services))
	for _, acc := range l.services {
		out = append(out, acc)
	}
	slices.SortFunc(out, func(a, b *account) int { return a.at.Compare(b.at) })
	return out
}
