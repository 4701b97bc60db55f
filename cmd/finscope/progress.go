package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"finscope/internal/units"
)

// progress shows on standard error how far the reading is. The bar is drawn by the caller of update, at most ten times
// a second, and is gone when the report comes.
type progress struct {
	w     io.Writer // nil: nothing is shown
	from  time.Time // nothing is drawn before: most files are read before one could look
	bar   *progressbar.ProgressBar
	total int64
}

func newProgress(when string, stderr io.Writer) *progress {
	switch {
	case when == "always":
		return &progress{w: stderr}
	case when == "auto" && isTerminal(stderr):
		return &progress{w: stderr, from: time.Now().Add(300 * time.Millisecond)}
	}
	return &progress{}
}

// update is told the bytes read, their total (0: not known, as for a pipe) and the packets so far.
func (p *progress) update(read, total int64, packets uint64) {
	if p.w == nil || p.bar == nil && time.Now().Before(p.from) {
		return
	}
	if p.bar == nil || p.total != total {
		p.total = total
		length := total
		if total <= 0 {
			length = -1 // a spinner
		}
		p.bar = progressbar.NewOptions64(length,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(total > 0),
			progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine of its own
			progressbar.OptionClearOnFinish(),
		)
	}
	if total > 0 {
		read = min(read, total) // a file may grow while it is read
	}
	p.bar.Describe(units.Count(packets) + " packets")
	_ = p.bar.Set64(read) // nothing depends on the bar: where it cannot be drawn, the report still can
}

// finish removes the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
