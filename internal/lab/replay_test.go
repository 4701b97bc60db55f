package lab

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var replay = flag.String("replay", "", "judge again what was recorded with -keep in this directory")

// TestReplay judges recorded runs anew, which needs neither a kernel nor time: for work on a rule that a run called for.
func TestReplay(t *testing.T) {
	if *replay == "" {
		t.Skip("recorded runs are judged again on request only: go test ./internal/lab -run TestReplay -replay DIR")
	}
	dirs, err := os.ReadDir(*replay)
	if err != nil {
		t.Fatal(err)
	}
	var count tally
	for _, d := range dirs {
		t.Run(d.Name(), func(t *testing.T) {
			run, err := ReadRun(filepath.Join(*replay, d.Name()))
			if err != nil {
				t.Fatal(err)
			}
			count.judge(t, d.Name(), run)
		})
	}
	t.Log(&count)
}
