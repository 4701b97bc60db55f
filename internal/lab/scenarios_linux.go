package lab

import (
	"net/netip"
	"slices"
)

// Scenarios returns all scenarios in the order of the catalogue.
func Scenarios() []Scenario {
	out := slices.Concat(orderly(), lossy(), resets(), stuck(), hosts(), timeWaits())
	slices.SortStableFunc(out, func(a, b Scenario) int { return a.Number - b.Number })
	return out
}

// serverPort is where the server listens.
func (p *Play) serverPort() netip.AddrPort {
	return netip.AddrPortFrom(p.truth.Server, servicePort)
}
