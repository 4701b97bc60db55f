package analyzer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"finscope/internal/timeline"
	"finscope/internal/units"
)

// exhaustionFrom is the share of a port range, in per cent, from which its exhaustion is reported: at the rates at which
// ranges fill, the rest lasts for seconds.
const exhaustionFrom = 80

// rateWindow is how long the rate of new connections is measured, in ns.
const rateWindow = 10e9

// exhaustion reports a pool whose ports are running out, or did. The failure itself, EADDRNOTAVAIL or EADDRINUSE at the
// host, sends no packet.
func (l *ledger) exhaustion(p *pool) (GroupFinding, bool) {
	size := p.ports.Size()
	if 100*p.taken.Peak < exhaustionFrom*size {
		return GroupFinding{}, false
	}
	full := p.taken.Reached(size)
	crossed := p.taken.Reached((exhaustionFrom*size + 99) / 100)
	f := GroupFinding{
		Code: PortExhaustion, Severity: Warning, IP: p.holder, Count: p.held.Peak, Streams: heldAt(p.holds, p.held.PeakTime),
		Start: at(crossed), End: at(l.end),
	}
	if full != timeline.Never {
		f.Severity = Error
	}
	if p.reserved {
		f.Code = ReservedPortsExhausted
	} else {
		port := p.peer.Port()
		f.Port = &port
	}
	now := l.end // the present: where the capture ends, or the peak if that is over
	if 100*p.taken.Now < exhaustionFrom*size {
		now = p.taken.PeakTime
	}
	if full < now {
		now = full // once the range is exhausted, its ports set the rate
	}
	rate := l.rate(p, now)
	f.Text = l.exhaustionText(p, full, now, rate)
	f.Advice = l.exhaustionAdvice(p)
	return f, true
}

func (l *ledger) exhaustionText(p *pool, full, now int64, rate float64) string {
	size := p.ports.Size()
	sustainable := float64(size) / (float64(l.length) / 1e9)
	var b strings.Builder
	to := ""
	if !p.reserved {
		to = " to " + p.peer.String()
	}
	kind := "local ports"
	if p.reserved {
		kind = "reserved ports"
	}
	fmt.Fprintf(&b, "%v closes its connections%s first: %s of its %s %s (%v) were in TIME_WAIT at %s, for %s each. ",
		p.holder, to, units.Count(p.held.Peak), units.Count(size), kind, p.ports, l.clock(p.held.PeakTime), human(l.length))
	fmt.Fprintf(&b, "It opened new ones at %s a second; the range sustains %s", number(rate), number(sustainable))
	switch {
	case full != timeline.Never:
		fmt.Fprintf(&b, ". It was exhausted at %s: no port was left", l.clock(full))
	default:
		if t := l.runsOut(p, now, rate); t != timeline.Never {
			fmt.Fprintf(&b, ": at this rate it runs out at %s, %s after %s", l.clock(t), human(t-now), l.clock(now))
		} else {
			b.WriteString(": at this rate it does not run out")
		}
	}
	if signs := l.signs(p, full); len(signs) > 0 {
		b.WriteString(". Signs that it did run out: " + strings.Join(signs, "; "))
	}
	if !p.reserved {
		b.WriteString(". (connect() fails with EADDRNOTAVAIL then and sends nothing: the packets cannot show it)")
	} else {
		b.WriteString(". (bind() fails with EADDRINUSE then and sends nothing: the packets cannot show it)")
	}
	return b.String()
}

func (l *ledger) exhaustionAdvice(p *pool) string {
	if p.reserved {
		again := "; SO_REUSEADDR before bind() lets a port be taken again, for another peer than its last"
		if l.linux {
			again += ", and with TCP timestamps for the same one (without them connect() fails with EADDRNOTAVAIL)"
		}
		return "let the servers close first (rsh -n, for one, makes the client close first), open fewer connections a minute, or do not insist on a reserved port" + again
	}
	parts := []string{
		fmt.Sprintf("keep connections open and use them again (a pool, HTTP keep-alive), or let %v close first", p.peer),
	}
	if l.linux {
		parts = append(parts, fmt.Sprintf("on %v, net.ipv4.tcp_tw_reuse=1 lets connect() take ports that have been in TIME_WAIT for a second (with TCP timestamps on both sides; it does nothing for a server that closes first)", p.holder))
		parts = append(parts, "widen net.ipv4.ip_local_port_range")
	} else {
		parts = append(parts, "widen the range of local ports")
	}
	parts = append(parts, "connect from or to more addresses: each pair of addresses has a range of its own")
	if l.linux {
		parts = append(parts, "the timer of 60 s cannot be shortened, and tcp_fin_timeout does not do it")
	} else {
		parts = append(parts, "shorten the TIME_WAIT timer last: late packets of the old connection may then reach the next one")
	}
	return strings.Join(parts, "; ")
}

// rate returns how many connections a second the pool opened in the ten seconds up to now, or since its first.
func (l *ledger) rate(p *pool, now int64) float64 {
	first := int64(timeline.Never)
	n := 0
	window := int64(rateWindow)
	for i := range p.holds {
		first = min(first, p.holds[i].start)
	}
	if now-first < window {
		window = max(now-first, 1)
	}
	for i := range p.holds {
		if s := p.holds[i].start; now-window < s && s <= now {
			n++
		}
	}
	return float64(n) / (float64(window) / 1e9)
}

// runsOut returns when all ports of the pool are taken if connections go on opening at a rate from now on and the
// TIME_WAITs end when they must; timeline.Never if they never are: the new ones then end as fast as they come.
func (l *ledger) runsOut(p *pool, now int64, rate float64) int64 {
	if rate <= 0 {
		return timeline.Never
	}
	var ends []int64
	for i := range p.holds {
		if h := &p.holds[i]; h.start <= now && now < h.until {
			ends = append(ends, h.until)
		}
	}
	slices.Sort(ends)
	taken, ended := len(ends), 0
	for opened := 0; ; opened++ {
		t := now + int64(math.Round(float64(opened)/rate*1e9))
		for ended < len(ends) && ends[ended] <= t {
			ended++
		}
		switch {
		case taken-ended+opened >= p.ports.Size():
			return t
		case t > now+l.length: // from here on what opened after now ends as well
			return timeline.Never
		}
	}
}

// signs lists what speaks for it that the range did run out: hosts that find no free port wait for one, so ports come
// back just when their TIME_WAIT ends, or are taken out of it.
func (l *ledger) signs(p *pool, full int64) []string {
	ended := map[uint16]int64{} // when the TIME_WAIT of a port ran out
	var soon, isn, early int
	for i := range p.holds { // in order of their starts
		h := &p.holds[i]
		if until, ok := ended[h.port]; ok && h.start >= until && h.start-until < 2e9 {
			soon++
		}
		if delete(ended, h.port); h.reused {
			early++
		} else {
			ended[h.port] = h.until
		}
		if h.isn {
			isn++
		}
	}
	var out []string
	if few := len(p.holds) / 100; soon > max(few, 2) {
		out = append(out, connections(soon)+" took a port within 2 s of the end of its TIME_WAIT")
	}
	if isn > 0 {
		out = append(out, connections(isn)+" took a port out of TIME_WAIT, proven by their initial sequence number (old + 65537: tcp_tw_reuse, or bind() to the port)")
	} else if early > 0 {
		out = append(out, connections(early)+" took a port whose TIME_WAIT had not run out")
	}
	if l.linux && p.evenThenOdd() {
		out = append(out, "even ports were used up before odd ones were taken, as Linux does")
	}
	if s := l.plateau(p, full); s != "" {
		out = append(out, s)
	}
	return out
}

// evenThenOdd reports whether the pool first took ports of the parity of the range's low end, then the others: Linux's
// connect() keeps the other half for bind().
func (p *pool) evenThenOdd() bool {
	half := p.ports.Size() / 2
	first, second := 0, 0
	for i := range p.holds {
		odd := (p.holds[i].port-p.ports.Low)%2 != 0
		switch {
		case i < half && odd:
			first++
		case i >= half && i < 2*half && odd:
			second++
		}
	}
	return half >= 16 && len(p.holds) >= 2*half*exhaustionFrom/100 && 100*first < half && second > half/4
}

// plateau says whether new connections came at just the rate that the range sustains, once it was full.
func (l *ledger) plateau(p *pool, full int64) string {
	if full == timeline.Never || l.end-full < l.length {
		return ""
	}
	n := 0
	for i := range p.holds {
		if p.holds[i].start > full {
			n++
		}
	}
	got := float64(n) / (float64(l.end-full) / 1e9)
	want := float64(p.ports.Size()) / (float64(l.length) / 1e9)
	if got < 0.95*want || got > 1.05*want {
		return ""
	}
	return fmt.Sprintf("since then %s connections a second were opened, which is what the range sustains", number(got))
}
