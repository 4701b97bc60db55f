package main

import (
	"context"
	"io"
	"os"
	"os/signal"

	"finscope/analyzer"
	"finscope/internal/capture"
	"finscope/internal/metrics"
)

// liveFlags are the flags that mean something with -i alone.
type liveFlags struct {
	snap          snapLength
	buffer        positive
	noPromiscuous bool
	user, metrics string
}

// liveFlows is how many connections are kept open at most unless --max-flows says otherwise: some 500 MB.
const liveFlows = 1_000_000

// listen analyses what passes an interface until a signal, -c, --duration or the end of the interface ends it.
func listen(ctx context.Context, c *config, t *messages, stdout io.Writer) (int, error) {
	l := &live{c: c, status: newStatus(c, t.w), colours: c.palette(stdout)}
	t = &messages{w: l.status.above(t.w)}
	l.t = t
	defer l.status.clear()
	if err := l.prepare(); err != nil {
		return exitUsage, err
	}
	served, err := c.listenMetrics()
	if err != nil {
		return exitUsage, err
	}
	if served != nil {
		l.metrics = metrics.New()
		server := l.metrics.Serve(served)
		defer func() {
			if err := server.Close(); err != nil {
				t.error("--metrics: " + err.Error())
			}
		}()
	}
	if l.src, err = capture.OpenLive(string(c.iface), c.listening()); err != nil {
		return exitInterface, liveError(err)
	}
	defer func() { l.src.Close() }() // it may be another one by then
	if c.live.user != "" {
		if err := relinquish(c.live.user); err != nil {
			return exitInterface, &cliError{code: exitInterface, msg: "-Z " + c.live.user + ": " + err.Error()}
		}
	}
	if c.write != "" { // by now as the user of -Z
		if err := l.record(); err != nil {
			return exitUsage, err
		}
		defer l.file.Close()
	}
	out, flush := buffered(stdout)
	l.out, l.flush = l.status.above(out), flush

	reports, stop := reportSignal()
	defer stop()
	t.say("listening on %s, link type %s, %d bytes of each packet", c.iface, l.src.LinkName(), l.src.SnapLen())
	return l.run(ctx, reports)
}

// prepare makes of the flags what needs no interface: which connections are reported, and the session. An error is one of usage.
func (l *live) prepare() (err error) {
	c := l.c
	if l.keep, l.expression, err = c.selection(); err != nil {
		return err
	}
	if c.filter != "" {
		if _, err := capture.NewMatcher(c.filter); err != nil {
			return err // with better words than the interface has, and without permission
		}
	}
	opts := c.analysis()
	opts.Only = l.keep
	if opts.MaxFlows == 0 {
		opts.MaxFlows = liveFlows
	}
	l.session, err = analyzer.NewSession(string(c.iface), opts)
	return err
}

// listening translates the flags for the interface.
func (c *config) listening() capture.LiveOptions {
	o := capture.LiveOptions{
		SnapLen: int(c.live.snap), BufferKiB: int(c.live.buffer), NoPromiscuous: c.live.noPromiscuous, Filter: c.filter,
	}
	if c.given["snapshot-length"] && o.SnapLen == 0 {
		o.SnapLen = maxSnapLen
	}
	return o
}

// notify is signal.Notify with room for one signal.
func notify(s os.Signal) (<-chan os.Signal, func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, s)
	return ch, func() { signal.Stop(ch) }
}
