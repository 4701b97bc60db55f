package analyzer

import (
	"cmp"
	"slices"
)

// groupFindings says what went wrong across the reported connections of a service, a host or the capture.
func (r *Report) groupFindings() []GroupFinding {
	return nil
}

// rank orders severities, the worst first.
func (s Severity) rank() int {
	return slices.Index([]Severity{Error, Warning, Info}, s)
}

// sortFindings puts group findings in the order of reports: worst first, then the most connections.
func sortFindings(all []GroupFinding) {
	slices.SortStableFunc(all, func(a, b GroupFinding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Code, b.Code), a.IP.Compare(b.IP))
	})
}
