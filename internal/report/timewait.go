package report

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"finscope/analyzer"
	"finscope/internal/units"
)

// waits counts, for each service and side, the TIME_WAITs that the flows show. It knows the end of the capture alone;
// the course over time is in the report.
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
		if s.Ended == analyzer.WaitRunning {
			w.now++
			if s.Until.After(w.until) {
				w.until = s.Until
			}
		}
	}
}

// write lists who holds TIME_WAITs, the largest first: by service, then by the local ports that clients run out of.
func (ws waits) write(p *page, r *analyzer.Report) {
	if len(ws) == 0 {
		return
	}
	near := time.Time{}
	if r.Summary.End != nil {
		near = *r.Summary.End
	}
	all := ws.sorted()
	top := all
	if len(all) > topServices+1 {
		top = all[:topServices]
	}
	p.end()
	writeWaits(p, r, top, near)
	if rest := all[len(top):]; len(rest) > 0 {
		total, now := 0, 0
		for _, w := range rest {
			total += w.total
			now += w.now
		}
		p.line(text(plural(len(rest), "more line") + ": " + units.Count(total) + " in all, " + units.Count(now) + " at the end"))
	}
	writePorts(p, r, near)
	p.line(styled(faint, "as this capture shows it: what it does not show, or what began before it, comes on top"))
}

// sorted returns the largest first: by how many there are at the end, then in all.
func (ws waits) sorted() []*wait {
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
	return all
}

// writeWaits lists services, with who holds their TIME_WAITs and how many there were over time.
func writeWaits(p *page, r *analyzer.Report, top []*wait, near time.Time) {
	peaks, courses := peaksOf(r), coursesOf(r)
	t := table{
		head:   []string{"TIME_WAIT", "held by", "in all", "at the end", "until", "most at once", "at", "over time"},
		aligns: []align{left, left, right, right, left, right, left, left},
	}
	drawn := false
	for _, w := range top {
		until, peak, at := "-", "-", ""
		if w.now > 0 {
			until = moment(w.until, near)
		}
		if o := peaks[w.key]; o.Peak > 0 {
			peak = units.Count(o.Peak)
			if o.PeakTime != nil {
				at = moment(*o.PeakTime, near)
			}
		}
		over := spark(courses[w.key], &r.Summary)
		drawn = drawn || over != ""
		t.add(text(w.key.service.String()), text(w.holder()), text(units.Count(w.total)), text(units.Count(w.now)), text(until), text(peak), text(at), text(over))
	}
	if !drawn {
		t.dropLast()
	}
	t.write(p)
}

// peaksOf returns how many TIME_WAITs there were at most at once, for each service and side.
func peaksOf(r *analyzer.Report) map[waitKey]analyzer.Occupancy {
	peaks := make(map[waitKey]analyzer.Occupancy, 2*len(r.Services))
	for i := range r.Services {
		s := &r.Services[i]
		addr := netip.AddrPortFrom(s.IP, s.Port)
		peaks[waitKey{addr, analyzer.ServerSide}] = s.TimeWait.Server
		peaks[waitKey{addr, analyzer.ClientSide}] = s.TimeWait.Client
	}
	return peaks
}

// coursesOf returns the records that say how many TIME_WAITs there were over time, of those that hold a port of their own.
func coursesOf(r *analyzer.Report) map[waitKey]*analyzer.TimeWaitRecord {
	courses := make(map[waitKey]*analyzer.TimeWaitRecord)
	for i := range r.TimeWait {
		if w := &r.TimeWait[i]; w.LocalPort != nil {
			courses[waitKey{netip.AddrPortFrom(w.Holder, *w.LocalPort), w.Role}] = w
		}
	}
	return courses
}

// writePorts lists the clients whose TIME_WAITs take a good part of their local ports, the fullest first.
func writePorts(p *page, r *analyzer.Report, near time.Time) {
	t := table{
		head:   []string{"LOCAL PORTS of", "towards", "at the end", "until", "most at once", "at", "of ports", "over time"},
		aligns: []align{left, left, right, left, right, left, right, left},
	}
	var pools []*analyzer.TimeWaitRecord
	for i := range r.TimeWait {
		if w := &r.TimeWait[i]; w.Capacity != nil {
			pools = append(pools, w)
		}
	}
	slices.SortStableFunc(pools, func(a, b *analyzer.TimeWaitRecord) int { return cmp.Compare(b.Peak**a.Capacity, a.Peak**b.Capacity) })
	for _, w := range pools[:min(len(pools), topServices)] {
		towards, until, when := "any (ports 512-1023)", "-", ""
		if w.Peer != nil && w.PeerPort != nil {
			towards = netip.AddrPortFrom(*w.Peer, *w.PeerPort).String()
		}
		if w.Until != nil {
			until = moment(*w.Until, near)
		}
		if w.PeakTime != nil {
			when = moment(*w.PeakTime, near)
		}
		share := text(percent(w.Peak, *w.Capacity))
		if 100*w.Peak >= 80**w.Capacity {
			share.style = warn
		}
		t.add(text(w.Holder.String()), text(towards), text(units.Count(w.Now)), text(until), text(units.Count(w.Peak)), text(when), share, text(spark(w, &r.Summary)))
	}
	if len(t.rows) == 0 {
		return
	}
	p.end()
	t.write(p)
	if rest := len(pools) - len(t.rows); rest > 0 {
		p.line(text(plural(rest, "more client") + " with at least a tenth of the ports in TIME_WAIT"))
	}
}

// sparkWidth is how many stretches of the capture a sparkline shows.
const sparkWidth = 24

// spark draws the number of TIME_WAITs over the capture: for each stretch of it the most there were, the highest bar
// being the peak and a dot none at all. Nothing is drawn of one rise and fall.
func spark(w *analyzer.TimeWaitRecord, s *analyzer.Summary) string {
	if w == nil || len(w.Series) < 3 || s.Start == nil || s.End == nil || !s.End.After(*s.Start) || w.Peak == 0 {
		return ""
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	length := s.End.Sub(*s.Start)
	out := make([]rune, sparkWidth)
	n, next := 0, 0
	for i := range out {
		most := n
		until := s.Start.Add(length / sparkWidth * time.Duration(i+1))
		for ; next < len(w.Series) && (w.Series[next].Time.Before(until) || i == sparkWidth-1); next++ {
			n = w.Series[next].Count
			most = max(most, n)
		}
		out[i] = '·'
		if most > 0 {
			out[i] = bars[(most*len(bars)+w.Peak-1)/w.Peak-1]
		}
	}
	return string(out)
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
