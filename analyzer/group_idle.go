package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"

	"finscope/internal/timeline"
	"finscope/internal/units"
)

// lateData is data that met a socket which was closed after a silence.
type lateData struct {
	time   int64 // of the FIN
	idle   int64
	stream int32
}

// minIdle is the shortest silence before a FIN that may be a timeout: the shortest keep-alive timeout in use is 1 s.
const minIdle = 900e6 // ns

// idleRaces reports requests that met a connection which the other side was closing because it had been idle for long
// enough, if that time repeats.
func (g *gathering) idleRaces(accounts []*account) {
	for _, acc := range accounts {
		for side := range acc.idle {
			g.idleRacesOf(acc, side)
		}
	}
}

// idleRacesOf does it for the closes of a service by its server (side 0) or its clients (1).
func (g *gathering) idleRacesOf(acc *account, side int) {
	var late []lateData
	for _, p := range acc.pages {
		for _, d := range p.account().late[side] {
			d.stream = p.streams.of(d.stream)
			late = append(late, d)
		}
	}
	if len(late) == 0 {
		return
	}
	all := make([]int64, 0, len(late))
	for _, d := range late {
		all = append(all, d.idle)
	}
	for _, p := range acc.pages {
		for _, piece := range p.account().idle[side] {
			all = append(all, piece...)
		}
	}
	timeline.SortTimes(all)
	timeline.SortBy(late, func(d *lateData) int64 { return d.idle }, func(a, b lateData) int { return cmp.Compare(a.stream, b.stream) })
	for i := 0; len(late) > 0; {
		// A run of nearly equal idle times; timers are late by a tick, never early.
		j := i + 1
		for j < len(all) && all[j]-all[i] <= max(100e6, all[i]/20) {
			j++
		}
		n := 0
		for n < len(late) && late[n].idle <= all[j-1] {
			n++
		}
		g.idleRace(acc.at, side, all[i:j], late[:n])
		i, late = j, late[n:]
	}
}

// idleRace does it for closes after about the same time, and the data that met some of them.
func (g *gathering) idleRace(service netip.AddrPort, side int, all []int64, late []lateData) {
	var streams []int
	first, last := int64(timeline.Never), int64(0)
	for _, d := range late {
		streams = append(streams, int(d.stream))
		first, last = min(first, d.time), max(last, d.time)
	}
	if len(streams) == 0 || len(all) < 2 {
		return
	}
	idle := human(all[len(all)/2])
	closer, other := "the server", "the client"
	if side == 1 {
		closer, other = other, closer
	}
	text := fmt.Sprintf("%s of %v: data of %s met the close by %s after %s of idleness and drew a RST; %s closes idle connections after that time (seen on %s)",
		connections(len(streams)), service, other, closer, idle, closer, units.Count(len(all)))
	g.add(ResetLateData, Warning, service, streams, first, last, text, fmt.Sprintf("%s is the keep-alive (idle) timeout of %s. Make the idle timeout of the connection pool of %s shorter than that by some seconds, or that of %s longer "+
		"(nginx keepalive_timeout, Node.js server.keepAliveTimeout, Go http.Server.IdleTimeout, Apache KeepAliveTimeout), and let %s repeat requests that are safe to repeat when a reused connection is reset.",
		idle, closer, other, closer, other))
}
