// Command finscope reads packet captures and says how each TCP connection closed: who first, in which state each end
// was left, which closes hang and who owes the next packet.
//
// This package is flags, wiring and exit codes. It knows nothing about TCP (package analyzer does) and does not lay out
// reports (package report does).
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"finscope/analyzer"
)

// The exit codes. Scripts rely on them.
const (
	exitOK        = 0
	exitFailOn    = 1   // a reported flow has what --fail-on names
	exitUsage     = 2   // wrong flags or arguments, or the report could not be written
	exitInput     = 3   // an input could not be opened or was damaged; what came before the damage was reported
	exitInterface = 4   // capture permission or interface trouble
	exitInterrupt = 130 // SIGINT, SIGTERM or SIGHUP while reading files; what was read was reported
)

func main() {
	if os.Getenv("GOGC") == "" {
		tuneCollector()
	}
	// With SIGPIPE ignored a closed pipe is an error of Write, which run can tell from others.
	signal.Ignore(syscall.SIGPIPE)
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // the first signal ends the reading, a second one the program
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// tuneCollector sets how often garbage is collected. Connections lie in memory without pointers, which costs the collector
// little however often it runs, and by default it would let as much garbage gather as they take: it runs at a growth of 6 %.
// What it has to look through even in an empty heap is 5 MB of tables that the decoders of gopacket bring along, 3 ms each
// time. Up to 64 MB it therefore does not run at all: a run that keeps less leaves next to no garbage either.
func tuneCollector() {
	const percent, first = 6, 64
	debug.SetGCPercent(100 * first / 4) // of 4 MB, the least that a percentage is taken of (package runtime)
	runtime.AddCleanup(new([64]byte), func(p int) { debug.SetGCPercent(p) }, percent)
}

// run is the program. It returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := &messages{w: stderr}
	c, err := parse(args)
	switch {
	case err != nil:
		return t.fail(err)
	case c.help:
		return t.finish(exitOK, writeString(stdout, usage))
	case c.version:
		return t.finish(exitOK, writeString(stdout, version().String()))
	}
	if err := c.check(stdin); err != nil {
		return t.fail(err)
	}
	switch {
	case c.list:
		return t.finish(exitOK, listInterfaces(stdout))
	case c.listens():
		return t.finish(listen(ctx, c, t, stdout))
	}
	return t.finish(analyze(ctx, c, t, stdout, stderr))
}

// analyze reads the files of c and reports on them. The error is one of writing or using the report; what is wrong with
// the input is told here, after the report.
func analyze(ctx context.Context, c *config, t *messages, stdout, stderr io.Writer) (int, error) {
	keep, expression, err := c.selection()
	if err != nil {
		return exitUsage, err
	}
	opts := c.analysis()
	bar := newProgress(c.progress, stderr)
	opts.Progress = bar.update
	saved, err := newSaver(c, &opts)
	if err != nil {
		return exitUsage, err
	}
	defer saved.close()

	r, inputErr := analyzer.ReadFiles(ctx, c.files, opts)
	bar.finish()
	if r == nil {
		return exitUsage, inputErr
	}
	if saved.failed != nil {
		return exitUsage, saved.failed
	}
	all := r
	if keep != nil {
		r = r.Select(keep)
	}
	if err := expression.failed(); err != nil {
		return exitUsage, err
	}

	if err := c.report(all, r, stdout); err != nil {
		return exitUsage, err
	}
	if err := saved.finish(ctx, c, r, inputErr); err != nil {
		return exitUsage, err
	}
	switch {
	case errors.Is(inputErr, context.Canceled):
		t.error("interrupted: the report covers what was read until then")
		return exitInterrupt, nil
	case inputErr != nil:
		t.input(inputErr)
		return exitInput, nil
	}
	if err := c.missingStreams(all); err != nil {
		return exitUsage, err
	}
	if c.failOn.matches(r) {
		return exitFailOn, nil
	}
	return exitOK, nil
}

// finish turns an error into an exit code: a reader who has seen enough and closed the pipe is none.
func (t *messages) finish(code int, err error) int {
	switch {
	case err == nil:
		return code
	case errors.Is(err, syscall.EPIPE):
		return exitOK
	}
	return t.fail(err)
}

func writeString(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}
