package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"finscope/analyzer"
	"finscope/internal/capture"
	"finscope/internal/metrics"
	"finscope/internal/report"
)

// liveFlags are the flags that mean something with -i alone.
type liveFlags struct {
	snap          snapLength
	buffer        positive
	noPromiscuous bool
	user, metrics string
}

// listen analyses what passes an interface until a signal, -c, --duration or the end of the interface ends it.
func listen(ctx context.Context, c *config, t *messages, stdout io.Writer) (int, error) {
	l := &live{c: c, status: newStatus(c, t.w), colours: c.palette(stdout)}
	t = &messages{w: l.status.above(t.w)}
	l.t = t
	defer l.status.clear()
	if c.where != "" {
		var err error
		if l.expression, err = compileWhere(c.where); err != nil {
			return exitUsage, err
		}
		l.keep = l.expression.match
	}
	l.keep = c.only(l.keep)
	if c.filter != "" {
		if _, err := capture.NewMatcher(c.filter); err != nil {
			return exitUsage, err // with better words than the interface has, and without permission
		}
	}
	var err error
	opts := c.analysis()
	opts.Only = l.keep
	if l.session, err = analyzer.NewSession(c.iface, opts); err != nil {
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
	if l.src, err = capture.OpenLive(c.iface, c.listening()); err != nil {
		return exitInterface, liveError(err)
	}
	defer l.src.Close()
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

// live is a run of finscope -i.
type live struct {
	c          *config
	t          *messages
	src        *capture.Live
	session    *analyzer.Session
	keep       func(*analyzer.Flow) bool
	expression *where
	colours    report.Palette

	out   io.Writer
	flush func() error

	file  *os.File // of -w; nil: none
	saved *capture.Writer

	kernelDrops, ifaceDrops uint64

	metrics *metrics.Metrics // nil: nobody asked for them
	status  *status
}

// tickEvery is how often a run looks up from its packets: at signals, at what has happened to connections.
const tickEvery = 100 * time.Millisecond

// run reads packets until the end and reports.
func (l *live) run(ctx context.Context, reports <-chan os.Signal) (int, error) {
	if l.c.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(l.c.duration))
		defer cancel()
	}
	ended, err := l.read(ctx, reports)
	return l.finish(ended, err)
}

// read takes packets until the end. ended says why the interface can give no more; err is trouble with the output.
func (l *live) read(ctx context.Context, reports <-chan os.Signal) (ended, err error) {
	var p capture.Packet
	next, n := int64(0), 0
	for {
		err := l.src.Next(&p)
		now := p.Time
		switch {
		case err == nil:
			if err := l.packet(&p); err != nil {
				return nil, err
			}
			if l.c.count > 0 && l.session.Packets() == uint64(l.c.count) {
				return nil, nil
			}
			// A packet brings the time with it, so that asking for it costs nothing; should clocks go backwards, the count helps.
			if n++; now < next && n%1024 != 0 {
				continue
			}
		case errors.Is(err, capture.ErrQuiet):
			now = time.Now().UnixNano()
		default:
			return err, nil
		}
		next = now + int64(tickEvery)
		if err := l.tick(now); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-reports:
			if err := l.interim(); err != nil {
				return nil, err
			}
		default:
		}
	}
}

// packet takes one packet in.
func (l *live) packet(p *capture.Packet) error {
	if l.saved != nil {
		if err := l.saved.Write(p); err != nil {
			return l.saveError(err)
		}
	}
	return l.session.Add(p)
}

// tick tells what has happened by now, and looks after the drops and the file.
func (l *live) tick(now int64) error {
	l.drops()
	if err := l.session.Advance(time.Unix(0, now), l.event); err != nil {
		return err
	}
	if l.metrics != nil {
		l.metrics.Update(l.session, metrics.Drops{Kernel: l.kernelDrops, Interface: l.ifaceDrops})
	}
	l.status.draw(l.session.Counts(), l.kernelDrops+l.ifaceDrops)
	if l.saved != nil {
		if err := l.saved.Flush(); err != nil {
			return l.saveError(err)
		}
	}
	return nil
}

func (l *live) drops() {
	l.kernelDrops, l.ifaceDrops = l.src.Drops()
	l.session.SetDropped(l.kernelDrops + l.ifaceDrops)
}

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
	if l.expression != nil && l.expression.err != nil {
		return nil, l.expression.err
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
	l.drops()
	r, err := l.report()
	if err == nil {
		err = l.closeFile()
	}
	if !brokenPipe(err) {
		l.t.say("%d packets captured, %d dropped by kernel, %d dropped by interface", l.session.Packets(), l.kernelDrops, l.ifaceDrops)
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

// record creates the file of -w.
func (l *live) record() (err error) {
	if l.file, err = os.Create(l.c.write); err != nil {
		return fmt.Errorf("-w: %w", err)
	}
	l.saved, err = capture.NewWriter(l.file, l.src.Link())
	return err
}

// saveError ends the saving: what the disk took stays.
func (l *live) saveError(err error) error {
	l.saved = nil
	return &cliError{
		code: exitUsage,
		msg:  fmt.Sprintf("-w %s: %v", l.c.write, err),
		hint: "the report covers what was captured until then; the file ends where the disk was full",
	}
}

// closeFile completes the file of -w.
func (l *live) closeFile() error {
	if l.saved == nil {
		return nil
	}
	err := l.saved.Flush()
	if cerr := l.file.Close(); err == nil {
		err = cerr
	}
	l.saved = nil
	if err != nil {
		return fmt.Errorf("-w %s: %w", l.c.write, err)
	}
	return nil
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

// liveError says what to do about an interface.
func liveError(err error) error {
	e, ok := errors.AsType[*capture.LiveError](err)
	if !ok {
		return err
	}
	out := &cliError{code: exitInterface, msg: e.Error()}
	switch e.Fault {
	case capture.FaultNoInterface:
		out.msg = "there is no interface " + e.Interface
		if all, err := capture.Interfaces(); err == nil {
			var names []string
			for i := range all {
				if all[i].Up {
					names = append(names, all[i].Name)
				}
			}
			out.hint = "up are " + strings.Join(names, ", ") + "; finscope -D describes them"
		}
	case capture.FaultNoPermission:
		out.msg = "no permission to capture on " + e.Interface
		out.hint = "grant it once with: sudo setcap cap_net_raw,cap_net_admin=eip " + executable() + "; or run finscope as root"
	case capture.FaultNoLibpcap:
		out.msg = e.Err.Error()
		out.hint = "or let tcpdump capture: tcpdump -i " + e.Interface + " -w - | finscope -"
		if e.Interface == "interfaces" {
			out.hint = ""
		}
	case capture.FaultFilter:
		out.code = exitUsage
	case capture.FaultGone:
		out.hint = "the report covers what was captured until then; start again when the interface is back"
	}
	return out
}

// executable is the path of this program as a shell takes it.
func executable() string {
	path, err := os.Executable()
	if err != nil {
		return "$(command -v finscope)"
	}
	if strings.ContainsAny(path, " '\"$\\*?&;()<>|`") {
		path = "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// listInterfaces is the answer to -D.
func listInterfaces(w io.Writer) error {
	all, err := capture.Interfaces()
	if err != nil {
		return liveError(err)
	}
	width := 0
	for i := range all {
		width = max(width, len(all[i].Name))
	}
	for i := range all {
		f := &all[i]
		parts := []string{"up"}
		if !f.Up {
			parts[0] = "down"
		}
		if f.Loopback {
			parts = append(parts, "loopback")
		}
		for _, a := range slices.SortedFunc(slices.Values(f.Addresses), netip.Addr.Compare) {
			parts = append(parts, a.String())
		}
		if f.Description != "" {
			parts = append(parts, "("+f.Description+")")
		}
		if err := writeString(w, fmt.Sprintf("%-*s  %s\n", width, f.Name, strings.Join(parts, " "))); err != nil {
			return err
		}
	}
	return nil
}

func writing(err error) error {
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// notify is signal.Notify with room for one signal.
func notify(s os.Signal) (<-chan os.Signal, func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, s)
	return ch, func() { signal.Stop(ch) }
}
