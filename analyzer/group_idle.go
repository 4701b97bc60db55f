package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// idleClose is a FIN after a silence.
type idleClose struct {
	time    int64
	idle    int64
	stream  int32
	refused bool // data met the closed socket
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
	refused := func(c idleClose) bool { return c.refused }
	if !slices.ContainsFunc(acc.pages, func(p page) bool { return slices.ContainsFunc(p.account().idle[side], refused) }) {
		return
	}
	var all []idleClose
	for _, p := range acc.pages {
		list := p.account().idle[side]
		all = slices.Grow(all, len(list))
		for _, c := range list {
			c.stream = p.streams.of(c.stream)
			all = append(all, c)
		}
	}
	sortBy(all, func(c *idleClose) int64 { return c.idle }, func(a, b idleClose) int { return cmp.Compare(a.stream, b.stream) })
	for i := 0; i < len(all); {
		// A run of nearly equal idle times; timers are late by a tick, never early.
		j := i + 1
		for j < len(all) && all[j].idle-all[i].idle <= max(100e6, all[i].idle/20) {
			j++
		}
		g.idleRace(acc.at, side, all[i:j])
		i = j
	}
}

func (g *gathering) idleRace(service netip.AddrPort, side int, all []idleClose) {
	var streams []int
	first, last := int64(1<<63-1), int64(0)
	for _, c := range all {
		if c.refused {
			streams = append(streams, int(c.stream))
			first, last = min(first, c.time), max(last, c.time)
		}
	}
	if len(streams) == 0 || len(all) < 2 {
		return
	}
	idle := human(all[len(all)/2].idle)
	closer, other := "the server", "the client"
	if side == 1 {
		closer, other = other, closer
	}
	text := fmt.Sprintf("%s of %v: data of %s met the close by %s after %s of idleness and drew a RST; %s closes idle connections after that time (seen on %d)",
		connections(len(streams)), service, other, closer, idle, closer, len(all))
	g.add(ResetLateData, Warning, service, streams, first, last, text, fmt.Sprintf("%s is the keep-alive (idle) timeout of %s. Make the idle timeout of the connection pool of %s shorter than that by some seconds, or that of %s longer "+
		"(nginx keepalive_timeout, Node.js server.keepAliveTimeout, Go http.Server.IdleTimeout, Apache KeepAliveTimeout), and let %s repeat requests that are safe to repeat when a reused connection is reset.",
		idle, closer, other, closer, other))
}
