package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"finscope/analyzer"
	"finscope/internal/capture"
	"finscope/internal/metrics"
	"finscope/internal/report"
)

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

	silent int64 // since when nothing has arrived, ns; 0: something has
	down   bool  // the interface is shut down, and this was said

	end    atomic.Int64  // when a signal or --duration ended the capture, ns; 0: it goes on
	before metrics.Drops // of the times before the interface was gone and came back
	drops  metrics.Drops // so far

	metrics *metrics.Metrics // nil: nobody asked for them
	status  *status
}

// tickEvery is how often a run looks up from its packets: at signals, at what has happened to connections.
const tickEvery = 100 * time.Millisecond

// drainFor is how long packets are taken from the kernel's buffer that came before the end, at most.
const drainFor = 2 * time.Second

// run reads packets until the end and reports.
func (l *live) run(ctx context.Context, reports <-chan os.Signal) (int, error) {
	if l.c.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(l.c.duration))
		defer cancel()
	}
	context.AfterFunc(ctx, func() { l.end.Store(time.Now().UnixNano()) })
	ended, err := l.read(ctx, reports)
	return l.finish(ended, err)
}

// read takes packets until the end: all that the interface had seen by then. ended says why the interface can give no
// more; err is trouble with the output.
func (l *live) read(ctx context.Context, reports <-chan os.Signal) (ended, err error) {
	var p capture.Packet
	next, n := int64(0), 0
	for {
		err := l.src.Next(&p)
		now, end := p.Time, l.end.Load()
		switch {
		case err == nil:
			if complete, err := l.take(&p); complete || err != nil {
				return nil, err
			}
			// A packet brings the time with it, so that asking for it costs nothing; should clocks go backwards, the count helps.
			if n++; now < next && n%1024 != 0 {
				continue
			}
		case errors.Is(err, capture.ErrQuiet):
			wall := time.Now().UnixNano()
			if end != 0 && wall-end > int64(2*capture.DeliveryDelay) {
				return nil, nil
			}
			// What came a moment ago may not be delivered yet, and time does not go back, unless the clock was set.
			if now = wall - int64(2*capture.DeliveryDelay); now < next && next-now < int64(analyzer.ClockStep) {
				continue
			}
			l.checkLink(wall)
		case isGone(err):
			if ended, err := l.await(ctx, reports, err); ended != nil || err != nil || l.end.Load() != 0 {
				return ended, err
			}
			continue
		default:
			return err, nil
		}
		next = now + int64(tickEvery)
		if complete, err := l.tick(now, reports); complete || err != nil {
			return nil, err
		}
		if end != 0 && time.Now().UnixNano()-end > int64(drainFor) {
			return nil, nil // the packets' clock is another one
		}
	}
}

// take takes one packet in, and reports whether it was the last one, or came after the end.
func (l *live) take(p *capture.Packet) (complete bool, err error) {
	if end := l.end.Load(); end != 0 && p.Time > end {
		return true, nil
	}
	l.silent = 0
	if l.down {
		l.linkIs(false)
	}
	if l.saved != nil {
		if err := l.saved.Write(p); err != nil {
			return false, l.saveError(err)
		}
	}
	if err := l.session.Add(p); err != nil {
		return false, err
	}
	return l.c.count > 0 && l.session.Packets() == uint64(l.c.count), nil
}

// tick tells what has happened by now, looks after the drops and the file, and reports if that was asked for. It reports
// whether the run is complete.
func (l *live) tick(now int64, reports <-chan os.Signal) (complete bool, err error) {
	l.countDrops()
	if err := l.session.Advance(time.Unix(0, now), l.event); err != nil {
		return false, err
	}
	if l.metrics != nil {
		l.metrics.Update(l.session, l.drops)
	}
	l.status.draw(l.session.Counts(), l.drops.Kernel+l.drops.Interface)
	if l.saved != nil {
		if err := l.saved.Flush(); err != nil {
			return false, l.saveError(err)
		}
	}
	select {
	case <-reports:
		return l.during(l.interim)
	default:
		return false, nil
	}
}

// checkEvery is how often a silent interface is looked at.
const checkEvery = time.Second

// checkLink says when the interface was shut down, which libpcap does not tell, and when it is up again. The capture goes on by
// itself then. An interface that the system does not know under its name, as any, is never down.
func (l *live) checkLink(now int64) {
	if l.silent == 0 {
		l.silent = now
	}
	if now-l.silent < int64(checkEvery) {
		return
	}
	l.silent = now
	i, err := net.InterfaceByName(string(l.c.iface))
	if down := err == nil && i.Flags&net.FlagUp == 0; down != l.down {
		l.linkIs(down)
	}
}

func (l *live) linkIs(down bool) {
	l.down = down
	if down {
		l.t.say("%s is down: there is nothing to capture until it is up", l.c.iface)
	} else {
		l.t.say("%s is up again", l.c.iface)
	}
}

func (l *live) countDrops() {
	kernel, iface := l.src.Drops()
	l.drops = metrics.Drops{Kernel: l.before.Kernel + kernel, Interface: l.before.Interface + iface}
	l.session.SetDropped(l.drops.Kernel + l.drops.Interface)
}

func isGone(err error) bool {
	e, ok := errors.AsType[*capture.LiveError](err)
	return ok && e.Fault == capture.FaultGone
}

// await waits until an interface that was removed or shut down is there again, or the run ends. The time goes on
// meanwhile. ended says why the interface that has come back cannot be used.
func (l *live) await(ctx context.Context, reports <-chan os.Signal, gone error) (ended, err error) {
	l.countDrops()
	l.before = l.drops
	l.src.Close()
	l.t.say("%v: waiting until it is back; Ctrl-C ends with the report", gone)
	ticks := time.NewTicker(tickEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case <-ticks.C:
		}
		src, err := capture.OpenLive(string(l.c.iface), l.c.listening())
		if e, ok := errors.AsType[*capture.LiveError](err); ok && (e.Fault == capture.FaultNoInterface || e.Fault == capture.FaultDown) {
			if _, err := l.tick(time.Now().UnixNano(), reports); err != nil {
				return nil, err
			}
			continue
		}
		switch {
		case err != nil:
			return l.unusable(err), nil
		case src.Link() != l.src.Link():
			name := src.LinkName()
			src.Close()
			return l.unusable(errors.New("its link type is " + name + " now")), nil
		}
		l.src = src
		l.t.say("%s is back", l.c.iface)
		return nil, nil
	}
}

// unusable words why an interface that has come back is of no use.
func (l *live) unusable(err error) error {
	why := err.Error()
	if e, ok := errors.AsType[*capture.LiveError](err); ok {
		why = e.Err.Error()
		if e.Fault == capture.FaultNoPermission && l.c.live.user != "" {
			why = "-Z " + l.c.live.user + " gave the permission up"
		}
	}
	return &cliError{
		code: exitInterface, msg: string(l.c.iface) + " is back, but cannot be listened on again: " + why,
		hint: "the report covers what was captured until it was gone",
	}
}
