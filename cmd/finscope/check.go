package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// check refuses flags that contradict each other before anything is read.
func (c *config) check(stdin io.Reader) error {
	if c.listens() {
		return c.checkLive()
	}
	for _, name := range liveOnly() {
		if c.given[name] {
			return wrong("it takes effect with -i INTERFACE", "--%s is for live capture", name)
		}
	}
	if len(c.files) == 0 {
		return wrong("finscope FILE, or tcpdump -w - | finscope -; finscope --help shows more", "name a capture file, or '-' for standard input")
	}
	dashes := 0
	for _, f := range c.files {
		if f == "" {
			return wrong("", "a file name is empty")
		}
		if f == "-" {
			dashes++
		}
	}
	if dashes > 1 {
		return wrong("", "'-' can be given only once: standard input cannot be read again")
	}
	if f, ok := stdin.(*os.File); ok && dashes > 0 && term.IsTerminal(int(f.Fd())) {
		return wrong("tcpdump -w - | finscope -", "standard input is a terminal, not a capture")
	}
	if err := c.checkReport(); err != nil {
		return err
	}
	if dashes == 0 {
		stdin = nil
	}
	return c.checkWrite(stdin)
}

func (c *config) checkLive() error {
	switch {
	case c.list && len(c.files) > 0:
		return wrong("try again with -D alone", "-D/--list-interfaces takes no files")
	case c.iface == "" && !c.list:
		return wrong("", "-i/--interface needs the name of an interface")
	case len(c.files) > 0:
		return wrong("packets come from files or from an interface; a packet filter goes behind -f", "-i/--interface can't be used with files")
	case c.list:
		return nil
	case len(c.explain) > 0:
		return wrong("save the packets with -w FILE, then finscope -x N FILE", "-x/--explain is for capture files")
	case c.given["buffer-size"] && c.live.buffer > 1<<20:
		return wrong("", "-B/--buffer-size takes 1048576 KiB at most")
	}
	if err := c.checkMetrics(); err != nil {
		return err
	}
	if err := c.checkReport(); err != nil {
		return err
	}
	return c.checkWrite(nil)
}

func (c *config) checkReport() error {
	switch {
	case c.given["where"] && strings.TrimSpace(c.where) == "":
		return wrong(`for example --where 'verdict == "half-closed"'`, "--where is empty")
	case c.json && c.given["format"] && c.format != "json":
		return wrong("try again with one of them", "--json and --format %s contradict each other", c.format)
	case c.given["flows"] && c.format != "text":
		return wrong("select records with --where or --stream", "--flows is for the text report")
	case c.given["flows"] && c.quiet:
		return wrong("try again with one of them", "-q/--quiet lists no connections, --flows does")
	case c.quiet && c.format == "csv":
		return wrong("summary and findings come with --json -q", "--format csv has nothing but connections, -q/--quiet leaves them out")
	case len(c.explain) == 0:
		return nil
	case c.format != "text":
		return wrong("the record of a connection comes with --stream N --json", "-x/--explain is for the text report")
	case len(c.streams) > 0:
		return wrong("try again with one of them", "-x/--explain and --stream both select connections")
	case c.quiet || c.given["flows"]:
		return wrong("", "-x/--explain prints nothing but these connections, so -q/--quiet and --flows have no meaning")
	}
	return nil
}

// checkWrite refuses a -w that cannot work. stdin is nil if it is not read.
func (c *config) checkWrite(stdin io.Reader) error {
	switch {
	case !c.given["write"]:
		return nil
	case c.write == "":
		return wrong("", "-w/--write needs a file name")
	case c.write == "-":
		return wrong("give a file name", "-w - is not possible: standard output is for the report")
	case stdin != nil && c.where != "":
		return wrong("save it first (tee trace.pcap), then run finscope on the file; or select with --stream or -f",
			"-w with --where reads the capture twice, which standard input does not allow")
	}
	for _, f := range c.files {
		if in, err := os.Stat(f); err == nil && c.where != "" && !in.Mode().IsRegular() {
			return wrong("save it first, then run finscope on the file; or select with --stream or -f",
				"-w with --where reads the capture twice, and %s is no ordinary file", f)
		}
	}
	out, err := os.Stat(c.write)
	if err != nil {
		return nil // does not exist, or will fail when it is created
	}
	for _, f := range c.files {
		if in, err := os.Stat(f); err == nil && os.SameFile(in, out) {
			return wrong("", "-w would overwrite %s, which is being read", f)
		}
	}
	if f, ok := stdin.(*os.File); ok {
		if in, err := f.Stat(); err == nil && os.SameFile(in, out) {
			return wrong("", "-w would overwrite standard input, which is being read")
		}
	}
	return nil
}
