package main

import (
	"fmt"
	"io"
	"os"
	"runtime/metrics"

	"golang.org/x/term"

	"finscope/analyzer"
	"finscope/internal/units"
)

// status is the line at the bottom of the terminal while traffic is captured. Whatever is written meanwhile is written
// through above, which takes the line away first; the next draw brings it back. The zero value shows nothing.
//
// The progress bar of files (progressbar) draws bars; here it is one line of text, and two control sequences do.
type status struct {
	w     io.Writer // standard error; nil: nothing is shown
	shown string    // what stands there
}

// newStatus decides by --progress; records for programs are read by programs.
func newStatus(c *config, stderr io.Writer) *status {
	if c.progress == "always" || c.progress == "auto" && c.format == "text" && isTerminal(stderr) {
		return &status{w: stderr}
	}
	return &status{}
}

// clear takes the line away: back to its begin, and erase it.
func (s *status) clear() {
	if s.shown != "" {
		s.shown = ""
		_, _ = io.WriteString(s.w, "\r\x1b[K") // nothing depends on it, here and below
	}
}

// draw brings the line up to date.
func (s *status) draw(n analyzer.Counts, dropped uint64) {
	if s.w == nil {
		return
	}
	stuck := ""
	if n.Stuck > 0 {
		stuck = "  " + units.Count(n.Stuck) + " stuck"
	}
	line := fmt.Sprintf("%s packets  %s flows  %s closing%s  %s TIME_WAIT  %s dropped  %s MB", units.Count(n.Packets), units.Count(n.Flows),
		units.Count(n.Closing), stuck, units.Count(n.TimeWait), units.Count(dropped), units.Count(memory()>>20))
	if line = line[:min(len(line), s.width()-1)]; line != s.shown {
		_, _ = io.WriteString(s.w, "\r"+line+"\x1b[K")
		s.shown = line
	}
}

// width is that of the terminal: a longer line would go on in the next one, where clear does not reach.
func (s *status) width() int {
	if f, ok := s.w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 1 {
			return width
		}
	}
	return 80
}

// above returns a writer to w that takes the line away before it writes.
func (s *status) above(w io.Writer) io.Writer {
	if s.w == nil {
		return w
	}
	return &aboveStatus{s, w}
}

type aboveStatus struct {
	status *status
	w      io.Writer
}

func (a *aboveStatus) Write(p []byte) (int, error) {
	a.status.clear()
	return a.w.Write(p)
}

// memory returns how many octets the program has from the system, without those that it has given back.
func memory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	for i := range samples {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
	}
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
