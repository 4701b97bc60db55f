package analyzer

import (
	"net/netip"
	"slices"

	"finscope/internal/arena"
	"finscope/internal/decode"
	"finscope/internal/timeline"
)

// book is what connections add up to, each entered once, when how it ended is decided. After that the connection itself
// is needed for its own record only. Its long lists have no pointers.
type book struct {
	s *shard

	index    map[socketKey]int32            // of accounts
	recent   [1 << recentBits]recentAccount // what was found there of late: connections to one service follow one another
	accounts []*account

	briefs  arena.List[brief]
	clients []decode.Addr // those of IPv6
	codes   map[Code]int
	found   []kind // in the connection entered last
	flows   int
	trouble trouble

	rest tally // of addresses and ports that nobody serves, in the sums of older books: a scan finds millions

	streams streams // known when the report is made
}

// socketKey is an address and port as a key of maps.
type socketKey struct{ hi, lo, port uint64 }

// brief is what services and hosts are judged by, of one connection.
type brief struct {
	start  int64
	closed int64    // when its server first sent a FIN, or a RST ended it; timeline.Never: neither
	heard  [2]int64 // when client and server were last heard of; 0: never
	client uint32   // an address of IPv4, or the index in book.clients
	birth  int32
	next   int32  // index in book.briefs of the next connection of its service; 0: there is none so far
	port   uint16 // of the client
	marks  briefMarks
}

// briefMarks are yes-or-no facts about a connection that was concluded.
type briefMarks uint16

const (
	attempted    briefMarks = 1 << iota // its client sent a SYN
	answeredSYN                         // its server sent a SYN-ACK
	refusedSYN                          // its server refused the SYN
	served                              // its server answered otherwise than by refusing
	tookPort                            // answeredSYN, and the answer arrived: its server had the port
	closedServer                        // it was the server that sent what closed stands for
	closedRST                           // which was a RST
	mute                                // its server sent nothing but a SYN-ACK
	synchronous                         // the handshake got through
	selfMade                            // a socket connected to itself
	overIPv6                            // its client has an address of IPv6
	waited                              // a TIME_WAIT began when its holder was last heard of, and lasts as long as it ought to
	waitedServer                        // the server holds it
)

func (m briefMarks) has(o briefMarks) bool { return m&o != 0 }

// heldWait is one TIME_WAIT. A book keeps those alone that its brief does not tell of: they ended early, started anew, or are
// the second of their connection.
type heldWait struct {
	since, until int64
	brief        int32
	server       bool // the server holds it
	reused       bool
	isn          bool // the holder is confirmed by the next connection's ISN
}

// newBook opens a book for connections of s. end is the time of the latest packet.
func newBook(s *shard, end int64, a *assumptions) *book {
	return &book{s: s, index: map[socketKey]int32{}, codes: map[Code]int{}, trouble: newTrouble(end, a), rest: newTally()}
}

// recentBits is how many bits of a hash of a service tell its place among those found of late.
const recentBits = 5

// recentAccount is where an account was found in book.accounts.
type recentAccount struct {
	key   socketKey
	after int32 // 1 more than its index; 0: none
}

// account returns the index of the account of a service.
func (b *book) account(addr decode.Addr, port uint16) int32 {
	k := socketKey{addr.Hi, addr.Lo, uint64(port)}
	recent := &b.recent[(spreadAddr(addr)+spreadAddr(decode.Addr{Lo: uint64(port)}))>>(64-recentBits)]
	if recent.after != 0 && recent.key == k {
		return recent.after - 1
	}
	i, ok := b.index[k]
	if !ok {
		i = int32(len(b.accounts))
		b.index[k] = i
		b.accounts = append(b.accounts, newAccount(netip.AddrPortFrom(addr.Netip(), port)))
	}
	*recent = recentAccount{k, i + 1}
	return i
}

// enter enters a connection that ended as o says, and reports whether it has findings.
func (b *book) enter(f *flow, o *outcome) (marked bool) {
	s, end, a := b.s, b.trouble.end, b.trouble.a
	server := f.peer(o.client)
	acc := b.accounts[b.account(s.host(f, server), f.port(server))]
	acc.tally.add(s, f, o, end, a.stuckAfter)
	b.flows++

	i := b.link(acc)
	r := b.briefs.At(i)
	*r = brief{start: f.start, closed: timeline.Never, birth: f.birth, port: f.port(o.client)}
	b.setClient(r, s.host(f, o.client))
	for side, x := range [2]int{o.client, server} {
		if e := &f.e[x]; e.packets > 0 {
			r.heard[side] = e.lastTime
			if o.cameBack(f, x) {
				r.heard[side] = f.start // what it sent last was no more of this connection
			}
		}
	}
	r.describe(f, o, server)
	if r.marks.has(refusedSYN) {
		acc.refused = append(acc.refused, i)
	}
	acc.bind(o, server)
	for x := range f.e {
		w, ok := s.waitOf(f, o, x, end, a)
		if !ok {
			continue
		}
		acc.hold(r, a.timeWait, heldWait{
			since: w.since, until: w.until, brief: i, server: x == server,
			reused: w.ended == WaitReused, isn: s.events(&o.c.timeWait[x]).proof == nextISN,
		})
	}
	b.trouble.look(s, f, o, acc)
	b.found = s.kinds(b.found, f, o, end, a)
	for i, k := range b.found {
		if !slices.ContainsFunc(b.found[:i], func(o kind) bool { return o.code == k.code }) {
			b.codes[k.code]++
		}
	}
	return len(b.found) > 0
}

// briefsAtOnce is for how many connections a service gets briefs at a time, once it has as many. They lie side by side, so that
// whoever looks at all of a service need not wait for each.
const briefsAtOnce = 64

// link adds a brief to those of a service, in which the connection is counted already, and returns its index.
func (b *book) link(acc *account) int32 {
	i := acc.last + 1
	if acc.room == 0 {
		acc.room = min(acc.flows, briefsAtOnce)
		i = b.briefs.AddSome(acc.room)
	}
	acc.room--
	if acc.last != 0 {
		b.briefs.At(acc.last).next = i
	} else {
		acc.first = i
	}
	acc.last = i
	return i
}

// hold enters a TIME_WAIT of the connection with the brief r. length is how long one lasts.
func (acc *account) hold(r *brief, length int64, w heldWait) {
	acc.held[btoi(w.server)]++
	if w.since != r.heard[btoi(w.server)] || w.until != w.since+length || w.reused || w.isn || r.marks.has(waited) {
		acc.waits = append(acc.waits, w)
		return
	}
	r.marks |= waited
	if w.server {
		r.marks |= waitedServer
	}
}

// setClient enters the address of a client.
func (b *book) setClient(r *brief, client decode.Addr) {
	if client.Is4() {
		r.client = uint32(client.Lo)
		return
	}
	r.client = uint32(len(b.clients))
	r.marks |= overIPv6
	b.clients = append(b.clients, client)
}

// clientOf returns the address of a client.
func (b *book) clientOf(r *brief) decode.Addr {
	if r.marks.has(overIPv6) {
		return b.clients[r.client]
	}
	return addr4(r.client)
}

// absorb adds the sums of another book, which is older than what services, hosts and ports are judged by.
func (b *book) absorb(from *book) {
	b.flows += from.flows
	for code, n := range from.codes {
		b.codes[code] += n
	}
	b.rest.merge(&from.rest)
	for k, i := range from.index {
		acc := from.accounts[i]
		if _, known := b.index[k]; !known && acc.tally.unserved() {
			b.rest.merge(&acc.tally)
			continue
		}
		to := b.accounts[b.account(decode.Addr{Hi: k.hi, Lo: k.lo}, uint16(k.port))]
		to.tally.merge(&acc.tally)
	}
}

// describe notes how the connection began and what its server did.
func (r *brief) describe(f *flow, o *outcome, server int) {
	e := &f.e[server]
	set := func(m briefMarks, is bool) {
		if is {
			r.marks |= m
		}
	}
	rst := &o.resets.rst
	refused := rst.accepted && rst.refusal && int(rst.by) == server
	set(attempted, f.e[o.client].has(sentBareSYN))
	set(answeredSYN, e.has(sentSYNACK))
	set(refusedSYN, refused)
	set(served, e.has(sentACK) && !refused)
	set(tookPort, e.has(sentSYNACK) && !o.verdict.unserved())
	set(mute, f.accepting(server))
	set(synchronous, f.synchronized())
	set(selfMade, f.flags&self != 0)
	if n := &o.c.fin[server]; n.sent && !n.inferred {
		r.closed = n.time
		r.marks |= closedServer
	}
	if rst.accepted && rst.time < r.closed {
		r.closed = rst.time
		r.marks &^= closedServer
		r.marks |= closedRST
		set(closedServer, int(rst.by) == server)
	}
}

// longCloseWait is from which time in CLOSE_WAIT on a connection counts as left behind.
const longCloseWait = 1e9 // ns

// bind notes what a bind to the port of a service depends on, besides TIME_WAITs.
func (acc *account) bind(o *outcome, server int) {
	if o.verdict.unserved() {
		return
	}
	n := &o.c.fin[o.client]
	left := timeline.Span{From: n.doneTime(), To: timeline.Never}
	switch {
	case o.state[server] == CloseWait:
		acc.left = append(acc.left, left)
	case o.resets.rst.accepted && o.resets.rst.before[server] == CloseWait:
		left.To = o.resets.rst.time
	case n.sent && o.c.fin[server].sent && n.acked:
		left.To = o.c.fin[server].doneTime()
	}
	if left.To != timeline.Never && left.To-left.From > longCloseWait {
		acc.left = append(acc.left, left)
	}
	if o.state[server] == Established || o.state[server] == CloseWait {
		acc.open++
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
