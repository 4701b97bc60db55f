package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the output of the commands into README.md")

// TestREADME runs the commands that README.md shows and compares what they print. With -update it writes the output into
// the README: read the difference before you commit it.
func TestREADME(t *testing.T) {
	const name = "../../README.md"
	old, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..")
	var got bytes.Buffer
	ran := 0
	rest := string(old)
	for {
		before, block, found := strings.Cut(rest, "```console\n$ finscope ")
		got.WriteString(before)
		if !found {
			break
		}
		command, after, _ := strings.Cut(block, "\n")
		_, after, closed := strings.Cut("\n"+after, "\n```")
		if !closed {
			t.Fatalf("the block of %q does not end", command)
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(command), strings.NewReader(""), &stdout, &stderr); code != exitOK || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d, standard error %q", command, code, stderr.String())
		}
		got.WriteString("```console\n$ finscope " + command + "\n" + strings.TrimRight(stdout.String(), "\n") + "\n```")
		rest = after
		ran++
	}
	if ran == 0 {
		t.Fatal("README.md shows no command")
	}
	if *update {
		if err := os.WriteFile("README.md", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got.String() != string(old) {
		t.Errorf("README.md does not show what the program prints: go test ./cmd/finscope -run README -update, and read the difference\n%s", got.String())
	}
}
