package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"finscope/internal/timeline"
	"finscope/internal/units"
	"finscope/reassembly"
)

// troubled is a service of which SYNs were refused, or connections reset before it ever answered.
type troubled struct {
	pending []pendingReset
	refused int

	// Filled in when its connections are looked at.
	refusals []timeline.Incident // by time
	accepted *timeline.NextAfter // when it accepted a SYN, of the ends of bursts and what else is asked for
	lulls    *timeline.Lulls     // at refusals
	ends     []lifetime          // by end; only if there are lulls
}

// pendingReset is an established connection that the server reset without ever having sent anything.
type pendingReset struct {
	stream     int
	start, end int64 // when it was set up, and when reset
	data       bool  // the client had sent data
	isns       [2]reassembly.Seq
}

// attempt is a SYN and what came of it.
type attempt struct {
	time     int64
	accepted bool
	refused  bool
}

// lifetime is a connection of a service from its start to the first FIN or RST of its server, or to its end without one.
type lifetime struct {
	start, end int64
	stream     int32
	server     bool // the server ended it
	rst        bool
	pending    bool // the server had sent nothing but its SYN-ACK
}

func (t *trouble) serviceOf(at netip.AddrPort) *troubled {
	sv := t.services[at]
	if sv == nil {
		sv = new(troubled)
		t.services[at] = sv
	}
	return sv
}

// lookReset takes up a connection of acc that a RST ended.
func (t *trouble) lookReset(s *shard, f *flow, o *outcome, acc *account) {
	stream := int(f.birth)
	r := &o.resets.rst
	server := f.peer(o.client)
	x := int(r.by)
	if r.refusal {
		if x == server {
			t.serviceOf(s.service(f, server)).refused++
		}
		return
	}
	c := casefile{s: s, f: f, o: o, end: t.end, a: t.a}
	switch cause := c.cause(); cause {
	case causeAbort, causeUnread:
		if x == server && f.accepting(server) && f.e[o.client].has(sentACK) && !o.c.fin[server].sent {
			sv := t.serviceOf(s.service(f, server))
			sv.pending = append(sv.pending, pendingReset{
				stream: stream, start: r.setUp(f), end: r.time, data: f.e[o.client].has(sentData),
				isns: [2]reassembly.Seq{f.e[o.client].isn, f.e[server].isn},
			})
		}
	case causeStateLost:
		if c.closedBehind(r, x) || c.gaveUpSending(r, x) {
			return // its process may have ended, or its socket timed out, and nothing else
		}
		host := s.addr(f, x)
		t.lost[host] = append(t.lost[host], lostState{stream: stream, start: f.start, time: r.time, heard: r.heard, inVain: r.resent >= leastResent})
	case causeHalfOpen:
		if o.odd.isn == isnContinues {
			host := s.addr(f, x)
			t.ran[host] = append(t.ran[host], timeline.Span{From: f.start, To: r.time})
		}
	case causeLate:
		if n := &o.c.fin[x]; n.idle >= minIdle && o.closedFirst == x {
			side := btoi(x == o.client)
			acc.late[side] = append(acc.late[side], lateData{stream: f.birth, time: n.time, idle: n.idle})
		}
	}
}

// begin prepares for a look at all connections of the service. refusals are the SYNs that it refused.
func (t *troubled) begin(refusals []timeline.Incident) {
	slices.SortFunc(refusals, timeline.Incident.Compare)
	t.refusals = refusals
	timeline.SortBy(t.pending, func(p *pendingReset) int64 { return p.end }, func(a, b pendingReset) int { return cmp.Compare(a.stream, b.stream) })
	t.accepted = timeline.NewNextAfter(timeline.MomentsOf(t.burstEnds()))
	if t.refused > 0 {
		times := make([]int64, len(refusals))
		for i, e := range refusals {
			times[i] = e.Time
		}
		t.lulls = timeline.NewLulls(timeline.MomentsOf(times))
	}
}

// enter notes a connection of the service.
func (t *troubled) enter(r *brief, stream int32) {
	if r.marks.has(attempted) && r.marks.has(answeredSYN) {
		t.accepted.Add(timeline.Incident{Time: r.start, Stream: stream})
	}
	if t.lulls != nil && r.marks.has(served) {
		t.lulls.Add(r.start, r.closed)
	}
}

// meet takes up the connections of the service once more, after lulls were found that follow on these ends.
func (t *troubled) meet(pages []page, ends []int64) {
	t.accepted = timeline.NewNextAfter(timeline.MomentsOf(append(ends, t.burstEnds()...)))
	for _, p := range pages {
		t.ends = slices.Grow(t.ends, p.account().flows)
		p.eachBrief(func(r *brief) {
			stream := p.streams.of(r.birth)
			switch {
			case r.marks.has(selfMade):
				return
			case r.marks.has(attempted) && r.marks.has(answeredSYN):
				t.accepted.Add(timeline.Incident{Time: r.start, Stream: stream})
			}
			if r.marks.has(served) {
				t.ends = append(t.ends, lifetime{
					stream: stream, start: r.start, end: r.closed,
					server: r.marks.has(closedServer), rst: r.marks.has(closedRST), pending: r.marks.has(mute),
				})
			}
		})
	}
	t.accepted.End()
	timeline.SortBy(t.ends, func(l *lifetime) int64 { return l.end }, func(a, b lifetime) int { return cmp.Compare(a.stream, b.stream) })
}

// next returns the first attempt after a moment that was answered, and whether there is one.
func (t *troubled) next(after int64) (attempt, bool) {
	a := t.accepted.After(after)
	accepted := a.Time != timeline.Never
	i := t.firstRefusal(after)
	if i < len(t.refusals) && t.refusals[i].Compare(a) <= 0 {
		r := t.refusals[i]
		return attempt{time: r.Time, refused: true, accepted: r == a}, true
	}
	return attempt{time: a.Time, accepted: accepted}, accepted
}

// firstRefusal returns the index of the first refusal after a moment.
func (t *troubled) firstRefusal(after int64) int {
	return sort.Search(len(t.refusals), func(i int) bool { return t.refusals[i].Time > after })
}

// refusedFrom counts the SYNs refused from a moment on until one was accepted, and returns when that was; 0: never.
func (t *troubled) refusedFrom(after int64) (n int, back int64) {
	a := t.accepted.After(after)
	for i := t.firstRefusal(after); i < len(t.refusals) && t.refusals[i].Compare(a) < 0; i++ {
		n++
	}
	if a.Time == timeline.Never {
		return n, 0
	}
	return n, a.Time
}

const (
	// atOnce is how far apart the ends of two sockets are at most that one event ends: a kernel closes those of a process,
	// or resets those of a listener, back to back.
	atOnce = 5e6 // ns

	// refusedWithin is within what time the next SYN has to be refused to say something about a single reset connection.
	refusedWithin = 60e9 // ns
)

// exitsOf reports, for one service whose connections were looked at, listening sockets that were closed, and processes that
// ended.
func (g *gathering) exitsOf(acc *account, t *troubled) []GroupFinding {
	own := &gathering{trouble: trouble{end: g.end, a: g.a}} // services are judged side by side
	explained := map[int]bool{}
	t.accepted.End()
	if t.lulls != nil {
		if ends := t.lulls.Ends(); len(ends) > 0 {
			t.meet(acc.pages, ends)
			own.processExits(acc.at, t, explained)
		}
	}
	for _, burst := range t.bursts() {
		if !explained[burst[0].stream] {
			own.listenerClosed(acc.at, t, burst)
		}
	}
	*t = troubled{} // it may have all its connections
	return own.out
}

// bursts returns the connections that were reset back to back, which are in order of that.
func (t *troubled) bursts() (out [][]pendingReset) {
	for i := 0; i < len(t.pending); {
		j := i + 1
		for j < len(t.pending) && t.pending[j].end-t.pending[j-1].end <= atOnce {
			j++
		}
		out = append(out, t.pending[i:j])
		i = j
	}
	return out
}

// burstEnds returns when each burst ended.
func (t *troubled) burstEnds() (out []int64) {
	for _, burst := range t.bursts() {
		out = append(out, burst[len(burst)-1].end)
	}
	return out
}

// setUp returns when the connection f was set up which the RST ended, as far as its sender had not got further than that: before, it did
// not wait to be accepted, and a SYN may have been sent in vain for long.
func (r *rstFacts) setUp(f *flow) int64 {
	if r.before[r.by] == Established {
		return r.since
	}
	return f.start
}

// listenerClosed reports connections that were reset at one moment before they had been accepted. A server that accepts
// and then aborts, or sheds load, resets each soon after it came, and takes the next one.
func (g *gathering) listenerClosed(at netip.AddrPort, t *troubled, burst []pendingReset) {
	burst = once(burst)
	first, last := burst[0].end, burst[len(burst)-1].end
	oldest, youngest := burst[0].start, burst[0].start
	var streams []int
	data := 0
	for _, p := range burst {
		oldest, youngest = min(oldest, p.start), max(youngest, p.start)
		streams = append(streams, p.stream)
		if p.data {
			data++
		}
	}
	next, answered := t.next(last)
	switch {
	case answered && next.accepted:
		return
	case answered && (len(burst) > 1 || next.time-last <= refusedWithin):
	case len(burst) < 2 || youngest-oldest <= 4*max(last-first, atOnce):
		return // they came together and were reset together: each may have been accepted and aborted
	}
	or := ""
	if data == len(burst) { // the kernel resets what was accepted too if data lie unread in it
		or = ", or its process ended before it had read anything"
	}
	text := fmt.Sprintf("%s of %v, the oldest waiting for %s, were reset within %s at %s without a byte from the server: most likely its listening socket was closed before they were accepted%s",
		connections(len(burst)), at, human(first-oldest), human(last-first), g.moment(first), or)
	if len(burst) == 1 {
		text = fmt.Sprintf("1 connection of %v was reset at %s, %s after it was set up, without a byte from the server: most likely its listening socket was closed before it was accepted%s",
			at, g.moment(first), human(first-oldest), or)
	}
	if n, back := t.refusedFrom(last); n > 0 {
		text += fmt.Sprintf("; %s refused after that%s", counted(int64(n), "SYN was", "SYNs were"), g.backText(back))
	}
	if data > 0 {
		text += fmt.Sprintf("; %s of them had sent data, which are lost", units.Count(data))
	}
	g.add(ListenerClosed, Warning, at, streams, oldest, last, text, listenerAdvice(g.a.platform, at))
}

// once leaves one of those that are one connection: before and after a NAT, which changes its addresses and ports, and not its numbers.
func once(burst []pendingReset) (out []pendingReset) {
	seen := map[[2]reassembly.Seq]bool{}
	for _, p := range burst {
		if !seen[p.isns] {
			seen[p.isns] = true
			out = append(out, p)
		}
	}
	return out
}

func listenerAdvice(p platform, at netip.AddrPort) string {
	queue, handOver := "", "hand the socket over to the next process"
	if p.linux() {
		queue = fmt.Sprintf(" (`ss -ltn sport = :%d` on %v: Recv-Q 0)", at.Port(), at.Addr())
		handOver += " (socket activation, or SO_REUSEPORT with net.ipv4.tcp_migrate_req=1)"
	}
	return fmt.Sprintf("Stop in this order: take the server out of the load balancer, go on with accept() until the queue is empty%s, then close the listening socket; or %s. "+
		"Clients may repeat: nothing of theirs was read. These resets leave no TIME_WAIT behind.", queue, handOver)
}

// backText says when a service accepted connections again.
func (g *gathering) backText(back int64) string {
	if back == 0 {
		return " until the capture ended"
	}
	return ", until it accepted again at " + g.moment(back)
}

// processExits reports moments at which a server ended all its connections and after which it refused the next SYN. One
// that closes first by habit leaves others open, or accepts the next SYN.
func (g *gathering) processExits(at netip.AddrPort, t *troubled, explained map[int]bool) {
	ends := t.ends
	// oldest[i] is the earliest start among ends[i:]: a connection that was open before and went on after.
	oldest := make([]int64, len(ends)+1)
	oldest[len(ends)] = timeline.Never
	for i := len(ends) - 1; i >= 0; i-- {
		oldest[i] = min(oldest[i+1], ends[i].start)
	}
	done := -1
	for _, a := range t.refusals {
		// The connections that had ended by the time of this refusal, and of these the last burst.
		to := sort.Search(len(ends), func(i int) bool { return ends[i].end > a.Time })
		if to == 0 || to == done {
			continue
		}
		done = to
		last := ends[to-1].end
		if oldest[to] <= last {
			continue
		}
		if next, ok := t.next(last); !ok || !next.refused {
			continue
		}
		from := to - 1
		for from > 0 && ends[from].end-ends[from-1].end <= atOnce {
			from--
		}
		g.processExit(at, t, ends[from:to], explained)
	}
}

func (g *gathering) processExit(at netip.AddrPort, t *troubled, burst []lifetime, explained map[int]bool) {
	var streams []int
	fins, rsts, pending := 0, 0, 0
	for _, l := range burst {
		switch {
		case !l.server:
			continue
		case l.rst && l.pending:
			pending++
		case l.rst:
			rsts++
		default:
			fins++
		}
		streams = append(streams, int(l.stream))
	}
	if len(streams) < 2 || fins+rsts == 0 {
		return
	}
	for _, s := range streams {
		explained[s] = true
	}
	first, last := burst[0].end, burst[len(burst)-1].end
	n, back := t.refusedFrom(last)
	by := []string{}
	if fins > 0 {
		by = append(by, units.Count(fins)+" by FIN")
	}
	if rsts+pending > 0 {
		by = append(by, units.Count(rsts+pending)+" by RST")
	}
	if pending > 0 {
		by = append(by, units.Count(pending)+" of these without a byte from the server")
	}
	text := fmt.Sprintf("the server ended all %s of %v within %s at %s (%s), and %s refused after that%s: its process ended, its host lives",
		connections(len(streams)), at, human(last-first), g.moment(first), strings.Join(by, ", "), counted(int64(n), "SYN was", "SYNs were"), g.backText(back))
	g.add(ProcessExited, Warning, at, streams, first, last, text, exitAdvice(g.a.platform, at, g.moment(first), back != 0 && back-last < g.a.timeWait))
}

// exitAdvice says what to do about a process that ended. rebound says that its port was bound again before TIME_WAITs that its end left
// could run out.
func exitAdvice(p platform, at netip.AddrPort, when string, rebound bool) string {
	logs := "the log of the service and of the system"
	if p.linux() {
		logs = "`journalctl --utc -u SERVICE`, `coredumpctl list` and `dmesg -T | grep -i oom`"
	}
	advice := fmt.Sprintf("A restart on purpose and a crash look the same here: look at %s on %v in %s. If it was planned, stop accepting, drain, then exit.", when, at.Addr(), logs)
	if rebound {
		return advice
	}
	return advice + fmt.Sprintf(" If the restart fails with EADDRINUSE, %s and the same for FIN_WAIT_2 show the sockets that hold the port: set SO_REUSEADDR before bind().",
		p.list(TimeWait, fmt.Sprintf("sport = :%d", at.Port())))
}
