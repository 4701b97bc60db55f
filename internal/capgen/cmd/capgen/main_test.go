package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name   string
		args   string
		code   int
		stderr string // a part of it
	}{
		{"help", "--help", exitOK, "tw-client"},
		{"no file", "", exitUsage, "name it with -o"},
		{"unknown preset", "--preset z -o -", exitUsage, `there is no preset "z"`},
		{"unknown flag", "--nosuch -o -", exitUsage, "unknown flag"},
		{"argument", "-o - file", exitUsage, `unexpected argument "file"`},
		{"impossible", "--open 0 -o -", exitWrite, "open at a time"},
		{"no such directory", "-o " + filepath.Join(dir, "none", "x"), exitWrite, "no such file"},
		{"standard output", "--connections 100 --open 10 -o -", exitOK, "100 connections"},
		{"all flags", "--preset c --seed 3 --connections 50 --open 5 --packets 12 --snaplen 80 --payload 500 -o -", exitOK, "50 connections"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(strings.Fields(tt.args), &stdout, &stderr); code != tt.code || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit code %d, want %d; standard error: %s", code, tt.code, stderr.String())
			}
			if wrote := stdout.Len() > 0; wrote != (tt.code == exitOK && strings.HasSuffix(tt.args, "-o -")) {
				t.Errorf("%d octets on standard output", stdout.Len())
			}
		})
	}
}

func TestFileAndStandardOutputAreTheSame(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.pcap")
	args := []string{"--preset", "tw-server", "--connections", "100", "-o"}
	var stdout, stderr bytes.Buffer
	if code := run(append(args, "-"), &stdout, &stderr); code != exitOK {
		t.Fatal(stderr.String())
	}
	if code := run(append(args, file), nil, &stderr); code != exitOK {
		t.Fatal(stderr.String())
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, stdout.Bytes()) {
		t.Errorf("%d octets in the file, %d on standard output, or not the same", len(written), stdout.Len())
	}
}

// A device that is full is not removed; half a file is.
func TestFailedWriteLeavesNoHalfFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.pcap")
	var stderr bytes.Buffer
	if code := run([]string{"--open", "0", "-o", file}, nil, &stderr); code != exitWrite {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full to write to")
	}
	if code := run([]string{"--connections", "10", "-o", "/dev/full"}, nil, &stderr); code != exitWrite {
		t.Errorf("exit code %d writing to a full device", code)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Errorf("the device is gone: %v", err)
	}
}
