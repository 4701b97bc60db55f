package main

import (
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"finscope/analyzer"
)

// config is the command line.
type config struct {
	help, version bool

	files    []string
	filter   string
	count    positive
	duration seconds

	streams streams
	where   string

	format  string
	json    bool
	quiet   bool
	flows   flowLimit
	explain streams
	failOn  failOn
	write   string

	progress, color string

	os                               string
	timeWait, finTimeout, stuckAfter seconds
	ports                            ports

	jobs, maxFlows positive

	iface once
	list  bool
	live  liveFlags

	given map[string]bool // long names of the flags on the command line
}

// liveOnly are the flags that mean something with -i alone.
func liveOnly() []string {
	return []string{"snapshot-length", "no-promiscuous-mode", "buffer-size", "relinquish-privileges", "metrics"}
}

// parse reads the command line. It checks each flag on its own; check looks at the mix.
func parse(args []string) (*config, error) {
	c := &config{format: "text", flows: 20, progress: "auto", color: "auto", jobs: defaultJobs(), given: make(map[string]bool)}
	fs := pflag.NewFlagSet("finscope", pflag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are returned, and printed by our rules
	fs.SortFlags = false

	var read []string
	fs.StringArrayVarP(&read, "read", "r", nil, "")
	fs.StringVarP(&c.filter, "filter", "f", "", "")
	fs.VarP(&c.count, "count", "c", "")
	fs.Var(&c.duration, "duration", "")
	fs.Var(&c.streams, "stream", "")
	fs.StringVar(&c.where, "where", "", "")
	fs.Var(choice{&c.format, []string{"text", "json", "csv"}}, "format", "")
	fs.BoolVar(&c.json, "json", false, "")
	fs.BoolVarP(&c.quiet, "quiet", "q", false, "")
	fs.Var(&c.flows, "flows", "")
	fs.VarP(&c.explain, "explain", "x", "")
	fs.Var(&c.failOn, "fail-on", "")
	fs.StringVarP(&c.write, "write", "w", "", "")
	fs.Var(choice{&c.progress, []string{"auto", "always", "never"}}, "progress", "")
	fs.Var(choice{&c.color, []string{"auto", "always", "never"}}, "color", "")
	fs.Var(choice{&c.os, []string{"linux", "freebsd", "macos", "windows", "solaris"}}, "os", "")
	fs.Var(&c.timeWait, "time-wait", "")
	fs.Var(&c.finTimeout, "fin-timeout", "")
	fs.Var(&c.stuckAfter, "stuck-after", "")
	fs.Var(&c.ports, "port-range", "")
	fs.VarP(&c.jobs, "jobs", "j", "")
	fs.Var(&c.maxFlows, "max-flows", "")
	fs.BoolVar(&c.version, "version", false, "")
	fs.BoolVarP(&c.help, "help", "h", false, "")

	fs.VarP(&c.iface, "interface", "i", "")
	fs.BoolVarP(&c.list, "list-interfaces", "D", false, "")
	fs.VarP(&c.live.snap, "snapshot-length", "s", "")
	fs.BoolVarP(&c.live.noPromiscuous, "no-promiscuous-mode", "p", false, "")
	fs.VarP(&c.live.buffer, "buffer-size", "B", "")
	fs.StringVarP(&c.live.user, "relinquish-privileges", "Z", "", "")
	fs.StringVar(&c.live.metrics, "metrics", "", "")

	// Habits of tcpdump users that ask for what is the case anyway.
	fs.CountP("numeric", "n", "")
	fs.BoolP("line-buffered", "l", false, "")

	if err := fs.Parse(args); err != nil {
		return nil, flagError(fs, err)
	}
	fs.Visit(func(f *pflag.Flag) { c.given[f.Name] = true })
	c.files = append(read, fs.Args()...)
	if c.json && !c.given["format"] {
		c.format = "json"
	}
	return c, nil
}

// maxDefaultJobs is how many jobs help: shards take turns at reading, one at a time and for all, in 40 ns for a packet, and take two
// to four times as long to follow it.
const maxDefaultJobs = 4

// defaultJobs is the number of cores that the program may use, as far as they help.
func defaultJobs() positive { return positive(min(runtime.GOMAXPROCS(0), maxDefaultJobs)) }

// flagError words what pflag found, with a hint where one is known.
func flagError(fs *pflag.FlagSet, err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return wrong("", "--%s: %v", e.GetFlag().Name, errors.Unwrap(e))
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		name := "--" + e.GetFlag().Name
		if s := e.GetFlag().Shorthand; s != "" {
			name = "-" + s + ", " + name
		}
		return wrong("", "%s needs a value", name)
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := e.GetSpecifiedName()
		if shorts := e.GetSpecifiedShortnames(); shorts != "" {
			return wrong(habit(name[:1]), "unknown flag -%s", name[:1])
		}
		var names []string
		fs.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		hint := "finscope --help lists the flags"
		if near := closest(name, names); near != "" {
			hint = "did you mean --" + near
		}
		return wrong(hint, "unknown flag --%s", name)
	}
	return wrong("", "%v", err)
}

// habit says where something stands that other tools have under this letter.
func habit(short string) string {
	switch short {
	case "Y", "R":
		return "select connections with --where or --stream, packets with -f"
	case "z", "T", "e", "E":
		return "records for programs come with --json or --format csv"
	case "V":
		return "the version is printed by --version"
	case "C", "G", "W", "b":
		return "rotated files of tcpdump or dumpcap are read as one capture: finscope FILE..."
	case "o":
		return "send the report to a file with > FILE, save packets with -w FILE"
	case "v":
		return "list every connection with --flows all, look into one with -x N"
	}
	return "finscope --help lists the flags"
}

// listens reports whether interfaces were asked for.
func (c *config) listens() bool { return c.given["interface"] || c.list }

// analysis translates the flags for the analyzer.
func (c *config) analysis() analyzer.Options {
	return analyzer.Options{
		Jobs:     int(c.jobs),
		Filter:   c.filter,
		Count:    uint64(c.count),
		Duration: time.Duration(c.duration),
		MaxFlows: int(c.maxFlows),
		Trace:    c.explain,
		// -q lists no connections; it looks at those with findings to sum these up.
		FindingsOnly: c.quiet && !c.selects() && c.format != "csv",
		OS:           c.os,
		TimeWait:     time.Duration(c.timeWait),
		FINTimeout:   time.Duration(c.finTimeout),
		PortRange:    analyzer.PortRange(c.ports),
		StuckAfter:   time.Duration(c.stuckAfter),
	}
}
