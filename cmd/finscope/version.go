package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"finscope/internal/capture"
)

// build is what the program knows about itself, from what the Go toolchain wrote into it.
type build struct {
	version  string
	revision string // empty: not built from a repository
	modified bool
}

func version() build {
	b := build{version: "(devel)"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.revision = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}

// String is the answer to --version.
func (b build) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "finscope %s\n", b.version)
	if b.revision != "" {
		fmt.Fprintf(&s, "revision %s", b.revision)
		if b.modified {
			s.WriteString(", modified")
		}
		s.WriteByte('\n')
	}
	pcap := "with libpcap"
	if _, err := capture.NewMatcher(""); err != nil {
		pcap = "without libpcap: no -f, no -i"
	}
	fmt.Fprintf(&s, "built by %s for %s/%s, %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, pcap)
	return s.String()
}
