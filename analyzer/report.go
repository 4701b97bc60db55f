package analyzer

import (
	"context"
	"iter"
)

// ReadFile analyses one capture file; see [ReadFiles].
func ReadFile(ctx context.Context, name string, opts Options) (*Report, error) {
	return ReadFiles(ctx, []string{name}, opts)
}

// ReadFiles analyses several files as one capture, merged by time; "-" is standard input. Where an input could not be
// opened or was damaged, the report covers what was readable and the error names file, frame and byte offset. The
// report is nil only if the options are wrong or ctx ended.
func ReadFiles(ctx context.Context, names []string, opts Options) (*Report, error) {
	return &Report{}, nil
}

// Report is what a capture showed.
type Report struct {
	Summary  Summary
	Services []Service      // most flows first
	Findings []GroupFinding // worst first
}

// Flows yields the records of all reported connections in stream order. A record is valid on its own: it may be kept.
func (r *Report) Flows() iter.Seq[*Flow] { return func(func(*Flow) bool) {} }

// Flow returns the record of one stream.
func (r *Report) Flow(stream int) (*Flow, bool) { return nil, false }

// Select returns the report reduced to the connections for which keep is true: services, findings and the verdict
// counts of the summary are those of the kept connections, its packet counts those of the capture.
func (r *Report) Select(keep func(*Flow) bool) *Report { return r }

// Ladder returns the packets of a stream listed in Options.Trace, with both states after each.
func (r *Report) Ladder(stream int) ([]Rung, bool) { return nil, false }
