package report

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"

	"finscope/analyzer"
)

// ranked keeps copies of the most telling flows: all of them if limit is negative, else at most limit, so that a capture of
// millions of flows costs as much memory as the list that is printed.
type ranked struct {
	limit int
	heap  flowHeap // the least telling on top
}

func (r *ranked) add(f *analyzer.Flow) {
	switch {
	case r.limit < 0 || len(r.heap) < r.limit:
		heap.Push(&r.heap, f.Clone())
	case r.limit > 0 && moreTelling(f, r.heap[0]) < 0:
		r.heap[0] = f.Clone()
		heap.Fix(&r.heap, 0)
	}
}

// all yields the flows kept, most telling first.
func (r *ranked) all() iter.Seq[*analyzer.Flow] {
	slices.SortFunc(r.heap, moreTelling)
	return slices.Values(r.heap)
}

// moreTelling orders flows for a reader who looks at the first few: by their worst finding, then by verdict, then by
// how long they have been as they are. The stream number makes the order total.
func moreTelling(a, b *analyzer.Flow) int {
	return cmp.Or(
		worst(b).Compare(worst(a)),
		cmp.Compare(urgency(a.Verdict), urgency(b.Verdict)),
		cmp.Compare(b.Age, a.Age),
		cmp.Compare(a.Stream, b.Stream),
	)
}

// worst returns the severity of the worst finding of f; "" if it has none.
func worst(f *analyzer.Flow) analyzer.Severity {
	var w analyzer.Severity
	for i := range f.Findings {
		if s := f.Findings[i].Severity; s.Compare(w) > 0 {
			w = s
		}
	}
	return w
}

func severityStyle(s analyzer.Severity) style {
	switch s {
	case analyzer.Error:
		return bad
	case analyzer.Warning:
		return warn
	}
	return plain
}

// urgency orders verdicts: closes that hang, then closes that failed, then what is unknown, then what is well.
func urgency(v analyzer.Verdict) int {
	switch v {
	case analyzer.HalfClosed:
		return 0
	case analyzer.Unanswered:
		return 1
	case analyzer.LastAckMissing:
		return 2
	case analyzer.ResetVerdict:
		return 3
	case analyzer.Refused:
		return 4
	case analyzer.NoReply:
		return 5
	case analyzer.Indeterminate:
		return 6
	case analyzer.Open:
		return 7
	case analyzer.Simultaneous:
		return 8
	}
	return 9
}

func verdictStyle(v analyzer.Verdict) style {
	switch v {
	case analyzer.HalfClosed, analyzer.Unanswered, analyzer.LastAckMissing, analyzer.NoReply:
		return warn
	case analyzer.ResetVerdict, analyzer.Refused:
		return rst
	}
	return plain
}

type flowHeap []*analyzer.Flow

func (h flowHeap) Len() int           { return len(h) }
func (h flowHeap) Less(i, j int) bool { return moreTelling(h[i], h[j]) > 0 }
func (h flowHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *flowHeap) Push(x any)        { *h = append(*h, x.(*analyzer.Flow)) }
func (h *flowHeap) Pop() any          { panic("report: flows are replaced, never popped") }
