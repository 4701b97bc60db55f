package main

import (
	"errors"
	"fmt"
	"iter"

	"finscope/analyzer"
	"finscope/internal/report"
)

// event writes the line of something that happened. With -q closes are left out; CSV has flows in its report alone. Where
// connections are selected, alerts about hosts and services, which rest on all of them, are left out too.
func (l *live) event(e analyzer.Event) error {
	if l.metrics != nil {
		l.metrics.Event(&e)
	}
	if l.keep != nil && (e.Flow == nil || !l.keep(e.Flow)) || l.c.format == "csv" || l.c.quiet && e.Kind == analyzer.EventClosed {
		return nil
	}
	var err error
	if l.c.format == "json" {
		err = report.EventJSON(l.out, &e)
	} else {
		err = report.EventText(l.out, &e, l.colours)
	}
	if err == nil {
		err = l.flush()
	}
	return writing(err)
}

// interim is the answer to SIGUSR1: the report of what was captured so far, and the packets so far in the file of -w.
func (l *live) interim() error {
	_, err := l.report()
	return err
}

// report writes the report and returns what it is about.
func (l *live) report() (*analyzer.Report, error) {
	r := l.session.Report()
	all := *r
	all.Summary.Flows = int(l.session.Counts().Flows)
	if err := l.expression.failed(); err != nil {
		return nil, err
	}
	if l.c.format != "json" {
		err := l.c.render(&all, r, l.out, l.colours)
		if err == nil {
			err = l.flush()
		}
		return r, writing(err)
	}
	detail := report.Full
	if l.c.quiet {
		detail = report.Brief
	}
	err := report.JSON(l.out, r, l.untold(r), detail)
	if err == nil {
		err = l.flush()
	}
	return r, writing(err)
}

// untold yields the connections whose records have not been written as they are now.
func (l *live) untold(r *analyzer.Report) iter.Seq[*analyzer.Flow] {
	return func(yield func(*analyzer.Flow) bool) {
		for f := range r.Flows() {
			if !l.session.Told(f) && !yield(f) {
				return
			}
		}
	}
}

// finish reports at the end, says what was lost, and decides about the exit code.
func (l *live) finish(ended, failed error) (int, error) {
	if brokenPipe(failed) {
		return exitOK, errors.Join(failed, l.closeFile()) // nobody reads the report
	}
	l.countDrops()
	r, err := l.report()
	if err == nil {
		err = l.closeFile()
	}
	if !brokenPipe(err) {
		l.t.say("%d packets captured, %d dropped by kernel, %d dropped by interface", l.session.Packets(), l.drops.Kernel, l.drops.Interface)
	}
	switch {
	case failed != nil:
		return exitUsage, failed
	case err != nil:
		return exitUsage, err
	case ended != nil:
		return exitInterface, liveError(ended)
	case l.c.failOn.matches(r):
		return exitFailOn, nil
	}
	return exitOK, nil
}

func writing(err error) error {
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
