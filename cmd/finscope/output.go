package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/term"

	"finscope/analyzer"
	"finscope/internal/report"
)

// report writes what was asked for to standard output. The selection r is reported; all is the whole capture.
func (c *config) report(all, r *analyzer.Report, stdout io.Writer) error {
	out, flush := buffered(stdout)
	err := c.render(all, r, out, c.palette(stdout))
	if ferr := flush(); err == nil {
		err = ferr
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (c *config) render(all, r *analyzer.Report, out io.Writer, colours report.Palette) error {
	detail := report.Full
	if c.quiet {
		detail = report.Brief
	}
	switch {
	case len(c.explain) > 0:
		return c.ladders(r, out, colours)
	case c.format == "json":
		return report.JSON(out, r, r.Scan(), detail)
	case c.format == "csv":
		return report.CSV(out, r.Scan())
	}
	o := report.TextOptions{Detail: detail, Flows: int(c.flows), Palette: colours}
	if c.selects() {
		o.Of = all.Summary.Flows
	}
	if c.quiet {
		return report.Text(out, r, r.Marked(), o)
	}
	return report.Text(out, r, r.Scan(), o)
}

// ladders explains the connections of -x in the order in which they were named.
func (c *config) ladders(r *analyzer.Report, out io.Writer, colours report.Palette) error {
	first := true
	for _, stream := range c.explain {
		f, ok := r.Flow(stream)
		if !ok {
			continue // missingStreams tells
		}
		ladder, _ := r.Ladder(stream)
		if !first {
			if _, err := io.WriteString(out, "\n"); err != nil {
				return err
			}
		}
		first = false
		end := f.End
		if r.Summary.End != nil {
			end = *r.Summary.End
		}
		if err := report.Explain(out, f, ladder, end, colours); err != nil {
			return err
		}
	}
	return nil
}

// selects reports whether connections are left out.
func (c *config) selects() bool { return c.where != "" || len(c.streams) > 0 || len(c.explain) > 0 }

// selection returns the condition for connections to be reported, nil if there is none, and the expression of --where that is part of
// it, nil without one.
func (c *config) selection() (keep func(*analyzer.Flow) bool, expression *where, err error) {
	if c.where != "" {
		if expression, err = compileWhere(c.where); err != nil {
			return nil, nil, err
		}
		keep = expression.match
	}
	return c.only(keep), expression, nil
}

// only adds the streams of --stream and -x to a condition; nil is no condition.
func (c *config) only(keep func(*analyzer.Flow) bool) func(*analyzer.Flow) bool {
	streams := slices.Concat(c.streams, c.explain)
	if len(streams) == 0 {
		return keep
	}
	return func(f *analyzer.Flow) bool {
		return slices.Contains(streams, f.Stream) && (keep == nil || keep(f))
	}
}

// missingStreams tells which of the named connections the capture does not have.
func (c *config) missingStreams(all *analyzer.Report) error {
	for _, n := range slices.Concat(c.streams, c.explain) {
		if _, ok := all.Flow(n); ok {
			continue
		}
		switch last := all.Summary.Flows - 1; {
		case last < 0:
			return wrong("", "there is no stream %d: the capture has no TCP connection", n)
		case last == 0:
			return wrong("", "there is no stream %d: the capture has stream 0 only", n)
		default:
			return wrong("", "there is no stream %d: the capture has streams 0 to %d", n, last)
		}
	}
	return nil
}

// buffered returns a writer for the report, and a function to call at its end. Files are written in large pieces;
// everything else gets lines when they are complete (JSON records of flows some at a time), because somebody may be reading
// along.
func buffered(w io.Writer) (io.Writer, func() error) {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			b := bufio.NewWriterSize(w, 64<<10)
			return b, b.Flush
		}
	}
	return w, func() error { return nil } // package report writes whole lines
}

// palette decides about colour: --color, then NO_COLOR (no-color.org), then whether a terminal shows it.
func (c *config) palette(stdout io.Writer) report.Palette {
	switch {
	case c.color == "never":
		return report.Palette{}
	case c.color == "always", os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(stdout):
		return report.ANSI()
	}
	return report.Palette{}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
