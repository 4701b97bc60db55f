// Package scripts holds no Go code but this test of setup.sh, which runs on made-up machines: directories of stand-ins
// for the compiler, sudo and the package manager.
package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A compiler that cannot find pcap.h until somebody has installed it, or that is not there at all.
const (
	compiler = `case $(cat) in *pcap.h*) test -e installed ;; *) test ! -e nocompiler ;; esac`
	records  = `echo "$(basename "$0") $*" >>calls; `
)

func TestSetup(t *testing.T) {
	script, err := filepath.Abs("setup.sh")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		files  string            // made beforehand
		tools  map[string]string // stand-ins beside go, gcc, id and uname
		calls  string            // of package managers and sudo
		code   int
		stderr string // a part of it
	}{
		{name: "all there", files: "installed"},
		{name: "Debian, fresh", tools: map[string]string{
			"apt-get": records + `case $1 in update) : >updated ;; *) test -e updated && : >installed ;; esac`,
		}, calls: "apt-get install -y --no-install-recommends libpcap-dev\napt-get update\napt-get install -y --no-install-recommends libpcap-dev\n"},
		{name: "Debian without a compiler", files: "nocompiler", tools: map[string]string{
			"apt-get": records + `: >installed`,
		}, calls: "apt-get install -y --no-install-recommends gcc libc6-dev libpcap-dev\n"},
		{name: "Debian without network", tools: map[string]string{"apt-get": `echo no network; exit 100`}, code: 1,
			stderr: "no network\nsetup: please run as root: apt-get update && apt-get install -y libpcap-dev"},
		{name: "Fedora", tools: map[string]string{"dnf": records + `: >installed`}, calls: "dnf install -y libpcap-devel\n"},
		{name: "Alpine", tools: map[string]string{"apk": records + `: >installed`}, calls: "apk add --no-cache libpcap-dev\n"},
		{name: "Alpine without a compiler", files: "nocompiler", tools: map[string]string{"apk": records + `: >installed`},
			calls: "apk add --no-cache gcc musl-dev libpcap-dev\n"},
		{name: "Homebrew, which runs as the user", tools: map[string]string{"brew": records + `: >installed`, "id": `echo 501`},
			calls: "brew install libpcap\n"},
		{name: "macOS without a compiler", files: "nocompiler", tools: map[string]string{"brew": records, "uname": `echo Darwin`},
			code: 1, stderr: "xcode-select --install"},
		{name: "user with sudo", tools: map[string]string{"id": `echo 1000`, "sudo": records + `shift; "$@"`, "dnf": `: >installed`},
			calls: "sudo -n dnf install -y libpcap-devel\n"},
		{name: "user without sudo", tools: map[string]string{"id": `echo 1000`, "dnf": records}, code: 1,
			stderr: "please run as root: dnf install -y libpcap-devel"},
		{name: "unknown system", code: 1, stderr: "no package manager known here"},
		{name: "installed, and still does not compile", tools: map[string]string{"dnf": `true`}, code: 1, stderr: "please run as root"},
		{name: "no Go", tools: map[string]string{"go": ""}, code: 2, stderr: "https://go.dev/dl/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			machine := t.TempDir()
			bin := filepath.Join(machine, "bin")
			tools := map[string]string{"go": `echo gcc`, "gcc": compiler, "id": `echo 0`, "uname": `echo Linux`}
			for name, body := range tt.tools {
				tools[name] = body
			}
			if err := os.Mkdir(bin, 0o755); err != nil {
				t.Fatal(err)
			}
			for name, body := range tools {
				if body == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"sh", "basename", "cat", "env", "mktemp", "rm", "tail"} {
				path, err := exec.LookPath(name)
				if err != nil {
					t.Skipf("no %s on this machine", name)
				}
				if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range strings.Fields(tt.files) {
				if err := os.WriteFile(filepath.Join(machine, name), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}

			var stdout, stderr strings.Builder
			cmd := exec.Command("/bin/sh", script)
			cmd.Dir, cmd.Stdout, cmd.Stderr = machine, &stdout, &stderr
			cmd.Env = []string{"PATH=" + bin, "TMPDIR=" + machine}
			_ = cmd.Run() // the exit code says it
			if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit code %d, want %d; standard error:\n%s", code, tt.code, stderr.String())
			}
			calls, _ := os.ReadFile(filepath.Join(machine, "calls"))
			if string(calls) != tt.calls || stdout.Len() > 0 {
				t.Errorf("called\n%swant\n%sstandard output %q", calls, tt.calls, stdout.String())
			}
		})
	}
}
