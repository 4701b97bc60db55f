package timeline

import (
	"cmp"
	"slices"
)

// Incident is something that happened to a connection.
type Incident struct {
	Time   int64
	Stream int32
}

// Compare orders incidents by time, then by stream.
func (a Incident) Compare(b Incident) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Stream, b.Stream))
}

// NextAfter finds what came first after each of some moments.
type NextAfter struct {
	Moments
	first []Incident // by moment: between it and the next one; with a time of Never if there was nothing
}

// NewNextAfter returns one without incidents.
func NewNextAfter(m Moments) *NextAfter {
	return &NextAfter{m, slices.Repeat([]Incident{{Time: Never}}, len(m.times))}
}

// Add enters an incident.
func (n *NextAfter) Add(e Incident) {
	if i := n.Before(e.Time); i > 0 && e.Compare(n.first[i-1]) < 0 {
		n.first[i-1] = e
	}
}

// End is to be called once when all are entered, before After.
func (n *NextAfter) End() {
	for i := len(n.first) - 2; i >= 0; i-- {
		if n.first[i].Time == Never {
			n.first[i] = n.first[i+1]
		}
	}
}

// After returns what came first after one of the moments; with a time of Never if nothing did.
func (n *NextAfter) After(moment int64) Incident { return n.first[n.Before(moment)] }
