package lab

import "slices"

// Scenarios returns all scenarios in the order of the catalogue.
func Scenarios() []Scenario {
	out := slices.Concat(orderly(), lossy())
	slices.SortStableFunc(out, func(a, b Scenario) int { return a.Number - b.Number })
	return out
}
