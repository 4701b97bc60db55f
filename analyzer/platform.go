package analyzer

import (
	"fmt"
	"strings"
)

// platform is the operating system whose commands and settings findings name: Options.OS in lower case. Which one a host
// runs no packet says for sure; it is the one that is assumed.
type platform string

// platform returns the system that o names.
func (o *Options) platform() platform {
	if o.OS == "" {
		return "linux"
	}
	return platform(strings.ToLower(o.OS))
}

func (p platform) linux() bool { return p == "linux" }

// list writes the command that lists the sockets of a state; filter narrows it down where the command can do that, in the
// language of ss(8).
func (p platform) list(s State, filter string) string {
	switch p {
	case "linux":
		return fmt.Sprintf("`ss -tno state %s %s`", ssState(s), filter)
	case "windows":
		return fmt.Sprintf("`netstat -an -p TCP | findstr %s`", s)
	case "solaris":
		return fmt.Sprintf("`netstat -an -P tcp | grep %s`", s)
	}
	return fmt.Sprintf("`netstat -an -p tcp | grep %s`", s)
}

// owner writes the command that names the processes behind the sockets of a state at a port.
func (p platform) owner(s State, port uint16, filter string) string {
	switch p {
	case "linux":
		return fmt.Sprintf("`ss -tnp state %s %s`", ssState(s), filter)
	case "windows":
		return fmt.Sprintf("`netstat -ano -p TCP | findstr %s`", s)
	case "solaris":
		return fmt.Sprintf("`netstat -aun -P tcp | grep %s`", s)
	}
	return fmt.Sprintf("`lsof -nP -iTCP:%d -sTCP:%s`", port, s)
}

// ssState returns the name that ss(8) has for a state.
func ssState(s State) string { return strings.ReplaceAll(strings.ToLower(s.String()), "_", "-") }

// onLinux returns a text that is true of Linux, or nothing where another system is assumed.
func (p platform) onLinux(text string) string {
	if p.linux() {
		return text
	}
	return ""
}
