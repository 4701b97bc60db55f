package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"finscope/internal/capture"
)

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
	case capture.FaultDown:
		out.msg = e.Interface + " is down"
		out.hint = "ip link set " + e.Interface + " up"
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
