package analyzer

import (
	"testing"

	"finscope/internal/capture"
)

// BenchmarkReport makes the report of a capture that was read, of which some connections have been entered in a book and
// others are entered now.
func BenchmarkReport(b *testing.B) {
	for _, preset := range []string{"a", "b"} {
		b.Run(preset, func(b *testing.B) {
			r, err := newRun(Options{FindingsOnly: true})
			if err != nil {
				b.Fatal(err)
			}
			src := capture.Open([]string{benchCapture(b, preset, 50_000)}, capture.Options{})
			defer src.Close()
			if err := r.read(b.Context(), src); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			flows := 0
			for b.Loop() {
				flows = r.report(nil, 0, nil).Summary.Flows
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(flows), "ns/connection")
		})
	}
}
