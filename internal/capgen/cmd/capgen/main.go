// Command capgen writes a capture of made-up TCP traffic: input for benchmarks, the same bytes for the same flags. How
// its connections closed goes to standard error.
package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"finscope/internal/capgen"
)

// Exit codes.
const (
	exitOK    = 0
	exitUsage = 2
	exitWrite = 3
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	file, options, err := parse(args, stderr)
	if errors.Is(err, pflag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "capgen: error:", err)
		return exitUsage
	}
	truth, err := write(file, stdout, options)
	if err != nil {
		fmt.Fprintln(stderr, "capgen: error:", err)
		return exitWrite
	}
	summarise(stderr, &truth)
	return exitOK
}

// parse returns the file to write and what to write into it: a preset with what the flags change of it.
func parse(args []string, stderr io.Writer) (file string, o capgen.Options, err error) {
	flags := pflag.NewFlagSet("capgen", pflag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.SortFlags = false
	flags.StringVarP(&file, "output", "o", "", "write to `FILE`; - is standard output")
	preset := flags.String("preset", "a", "start from the preset `NAME`")
	seed := flags.Uint64("seed", 0, "another seed gives other traffic of the same kind")
	connections := flags.Int("connections", 0, "how many connections")
	open := flags.Int("open", 0, "how many of them at a time")
	packets := flags.Int("packets", 0, "packets of a connection with an ordinary close")
	snaplen := flags.Int("snaplen", 0, "octets to keep of each packet; 0 keeps everything")
	payload := flags.Int("payload", 0, "octets in each data segment")
	flags.Usage = func() { usage(stderr, flags) }
	if err := flags.Parse(args); err != nil {
		return "", o, err
	}
	if flags.NArg() > 0 {
		return "", o, fmt.Errorf("unexpected argument %q; name the file with -o", flags.Arg(0))
	}
	if file == "" {
		return "", o, errors.New("no file to write; name it with -o (-o - is standard output)")
	}
	o, ok := capgen.Preset(*preset)
	if !ok {
		return "", o, fmt.Errorf("there is no preset %q; see --help", *preset)
	}
	flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "seed":
			o.Seed = *seed
		case "connections":
			o.Connections = *connections
		case "open":
			o.Open = *open
		case "packets":
			o.Packets = *packets
		case "snaplen":
			o.Snaplen = *snaplen
		case "payload":
			o.Payload = *payload
		}
	})
	return file, o, nil
}

func usage(w io.Writer, flags *pflag.FlagSet) {
	fmt.Fprintf(w, "Usage: capgen [flags] -o FILE\n\nWrites a capture of made-up TCP traffic.\n\n%s\nPresets; the flags after --preset change parts of them:\n",
		flags.FlagUsages())
	for _, p := range capgen.Presets() {
		fmt.Fprintf(w, "  %-10s %s\n", p[0], p[1])
	}
}

// write generates into a file, or to stdout for "-". A regular file that could not be written to the end is removed: half
// a capture would pass for a benchmark's input.
func write(file string, stdout io.Writer, o capgen.Options) (capgen.Truth, error) {
	if file == "-" {
		return capgen.Generate(stdout, o)
	}
	f, err := os.Create(file)
	if err != nil {
		return capgen.Truth{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return capgen.Truth{}, errors.Join(err, f.Close())
	}
	truth, err := capgen.Generate(f, o)
	err = errors.Join(err, f.Close())
	if err != nil && info.Mode().IsRegular() {
		err = errors.Join(err, os.Remove(file))
	}
	return truth, err
}

func summarise(w io.Writer, t *capgen.Truth) {
	fmt.Fprintf(w, "%d packets, %d bytes, %d connections, %d open at a time, %.1f s\n",
		t.Packets, t.Bytes, t.Connections, t.PeakOpen, float64(t.End-t.Start)/1e9)
	fmt.Fprintf(w, "%d caught in the middle, %d with data sent twice\n", t.MidStream, t.Resent)
	tally(w, "verdicts:", t.Verdicts())
	tally(w, "closed first:", t.ClosedFirst())
}

func tally(w io.Writer, title string, counts map[string]int) {
	fmt.Fprint(w, title)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, " %s %d", name, counts[name])
	}
	fmt.Fprintln(w)
}
