package analyzer

import (
	"strings"
	"testing"

	"finscope/analyzer/pkttest"
)

// Findings name the commands of the system that is assumed: those of Linux only for Linux, or where they say so.
func TestWordsOfSystems(t *testing.T) {
	linux := []string{"`ss -", "net.ipv4.", "/proc/", "`ip neigh", "journalctl", "nstat", "TCP_USER_TIMEOUT"}
	for _, tt := range []struct{ system, has string }{
		{"linux", "`ss -tnp state close-wait"}, {"freebsd", "`lsof -nP -iTCP:80 -sTCP:CLOSE_WAIT`"}, {"macos", "`netstat -an -p tcp | grep"},
		{"windows", "`netstat -ano -p TCP | findstr CLOSE_WAIT`"}, {"solaris", "`netstat -aun -P tcp | grep CLOSE_WAIT`"},
	} {
		found := false
		check := func(text string) {
			found = found || strings.Contains(text, tt.has)
			if tt.system == "linux" {
				return
			}
			for _, word := range linux {
				if strings.Contains(text, word) {
					t.Errorf("%s: %q in: %s", tt.system, word, text)
				}
			}
		}
		playedScripts(t, Options{OS: tt.system}, func(_ *pkttest.Script, rep *Report) {
			for f := range rep.Flows() {
				for _, x := range f.Findings {
					check(x.Text)
				}
			}
			for _, x := range rep.Findings {
				check(x.Text + x.Advice)
			}
		})
		if !found {
			t.Errorf("%s: nowhere %s", tt.system, tt.has)
		}
	}
}
