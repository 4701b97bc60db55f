package report

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"finscope/analyzer"
)

// waits counts, for each service and side, the TIME_WAITs that the flows show. It knows the end of the capture alone;
// the course over time is in the service records.
type waits map[waitKey]*wait

type waitKey struct {
	service netip.AddrPort
	holder  analyzer.Side
}

type wait struct {
	key    waitKey
	total  int
	now    int
	until  time.Time // when the last one that is running ends
	sample netip.Addr
	many   bool // more than one holding host
}

func (ws waits) add(f *analyzer.Flow) {
	for i := range f.TimeWait {
		s := &f.TimeWait[i]
		key := waitKey{netip.AddrPortFrom(f.Server.IP, f.Server.Port), s.Holder}
		host := f.Server.IP
		if s.Holder == analyzer.ClientSide {
			host = f.Client.IP
		}
		w := ws[key]
		if w == nil {
			w = &wait{key: key, sample: host}
			ws[key] = w
		}
		w.many = w.many || host != w.sample
		w.total++
		if s.Ended == "running" {
			w.now++
			if s.Until.After(w.until) {
				w.until = s.Until
			}
		}
	}
}

// write lists who holds TIME_WAITs, the largest first.
func (ws waits) write(p *page, services []analyzer.Service, end *time.Time) {
	if len(ws) == 0 {
		return
	}
	all := make([]*wait, 0, len(ws))
	for _, w := range ws {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *wait) int {
		return cmp.Or(
			cmp.Compare(b.now, a.now),
			cmp.Compare(b.total, a.total),
			a.key.service.Compare(b.key.service),
			cmp.Compare(b.key.holder, a.key.holder),
		)
	})
	peaks := make(map[waitKey]analyzer.Occupancy, len(services))
	for i := range services {
		s := &services[i]
		addr := netip.AddrPortFrom(s.IP, s.Port)
		peaks[waitKey{addr, analyzer.ServerSide}] = s.TimeWait.Server
		peaks[waitKey{addr, analyzer.ClientSide}] = s.TimeWait.Client
	}
	near := time.Time{}
	if end != nil {
		near = *end
	}

	top := all
	if len(all) > topServices+1 {
		top = all[:topServices]
	}
	t := table{
		head:   []string{"TIME_WAIT", "held by", "in all", "at the end", "until", "most at once", "at"},
		aligns: []align{left, left, right, right, left, right, left},
	}
	for _, w := range top {
		until, peak, at := "-", "-", ""
		if w.now > 0 {
			until = moment(w.until, near)
		}
		if o := peaks[w.key]; o.Peak > 0 {
			peak = count(o.Peak)
			if o.PeakTime != nil {
				at = moment(*o.PeakTime, near)
			}
		}
		t.add(text(w.key.service.String()), text(w.holder()), text(count(w.total)), text(count(w.now)), text(until), text(peak), text(at))
	}
	p.end()
	t.write(p)
	if rest := all[len(top):]; len(rest) > 0 {
		total, now := 0, 0
		for _, w := range rest {
			total += w.total
			now += w.now
		}
		p.line(text(plural(len(rest), "more line") + ": " + count(total) + " in all, " + count(now) + " at the end"))
	}
}

func (w *wait) holder() string {
	switch {
	case w.key.holder == analyzer.ServerSide:
		return "server"
	case w.many:
		return "clients"
	}
	return "client " + w.sample.String()
}
