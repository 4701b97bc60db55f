// Package report writes what an analysis found: text for people, JSON lines and CSV for programs, and the ladder of a
// single connection.
//
// It decides nothing about TCP: every verdict, state and finding comes from package analyzer. What it adds is order
// (the most telling first), grouping and words. Nothing here resolves names, reads a clock or keeps the flows of a
// capture: each report passes over them once and holds a bounded number.
//
// Writers are handed whole lines, one or more in each call of Write: who wants every line flushed passes an unbuffered
// writer, who wants speed a buffered one. The first error of the writer ends a report and is returned as it is.
package report

import (
	"iter"

	"finscope/analyzer"
)

// Flows yields connections in stream order, as [analyzer.Report.Flows] or, since no writer keeps what it is given,
// [analyzer.Report.Scan] does.
type Flows = iter.Seq[*analyzer.Flow]
