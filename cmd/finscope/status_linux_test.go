//go:build linux && cgo

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal makes a terminal of 60 columns: what is written to the first file can be read from the second.
func openTerminal(t *testing.T) (terminal, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("SKIPPED: no terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return terminal, screen
}

// show plays what was written to a terminal: the lines that stand there, and all that ever stood in the last one.
func show(written string) (lines, statuses []string) {
	lines = []string{""}
	at := 0
	for written != "" {
		last := &lines[len(lines)-1]
		switch {
		case strings.HasPrefix(written, "\x1b[K"):
			*last = (*last)[:min(at, len(*last))]
			written = written[3:]
			if at > 0 {
				statuses = append(statuses, *last)
			}
			continue
		case strings.HasPrefix(written, "\x1b["): // a colour
			written = written[strings.IndexByte(written, 'm'):]
		case written[0] == '\r':
			at = 0
		case written[0] == '\n':
			lines, at = append(lines, ""), 0
		default:
			*last = (*last)[:at] + written[:1] + (*last)[min(at+1, len(*last)):]
			at++
		}
		written = written[1:]
	}
	return lines, statuses
}

// The status line shows what goes on and leaves nothing behind in the output, nor in a report to a file.
func TestLiveStatus(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	terminal, screen := openTerminal(t)
	cmd := exec.Command("finscope", "-i", "veth0", "--stuck-after", "1")
	cmd.Stdout, cmd.Stderr = terminal, terminal
	server.do(t, cmd.Start)
	t.Cleanup(func() { cmd.Process.Kill() })
	terminal.Close()
	pieces := make(chan string)
	go func() {
		defer close(pieces)
		for b := make([]byte, 4096); ; {
			n, err := screen.Read(b)
			if err != nil {
				return // nobody has the terminal any more
			}
			pieces <- string(b[:n])
		}
	}()
	written := ""
	until := func(text string) {
		t.Helper()
		for late := time.After(30 * time.Second); !strings.Contains(written, text); {
			select {
			case piece, more := <-pieces:
				if written += piece; !more {
					t.Fatalf("no %q in\n%s", text, written)
				}
			case <-late:
				t.Fatalf("no %q after 30 s in\n%s", text, written)
			}
		}
	}
	until("listening on veth0")
	makeConnections(t, client, l)
	until(" 1 stuck ")
	cmd.Process.Signal(syscall.SIGINT)
	for piece := range pieces {
		written += piece
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	lines, statuses := show(written)
	for i, line := range lines {
		if strings.Contains(line, "closing") || strings.ContainsAny(line, "\x1b\r") {
			t.Errorf("line %d: %q", i, line)
		}
	}
	var last string
	for _, s := range statuses {
		if len(s) >= 60 {
			t.Errorf("%q is too long for the terminal", s)
		}
		last = s
	}
	if want := " packets  10 flows  1 closing  1 stuck  "; !strings.Contains(last, want) {
		t.Errorf("the last status is %q, want one with %q", last, want)
	}
	out := strings.Join(lines, "\n")
	for _, want := range []string{"finscope: listening on veth0", "stuck: ", "CLOSED FIRST", " packets captured, 0 dropped"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if lines[len(lines)-1] != "" {
		t.Errorf("%q is left behind", lines[len(lines)-1])
	}
}
