package lab

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what finscope reports on fixtures that agree with the kernel as the expectation")

// fixtures is where recorded runs lie.
const fixtures = "../../testdata/pcaps/lab"

// TestFixtures holds finscope against recorded runs of a kernel, which needs neither Linux nor root: its records are
// compared with the kernel's truth by the rules of the laboratory, and with those that were right before.
func TestFixtures(t *testing.T) {
	dirs, err := os.ReadDir(fixtures)
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures in %s: %v", fixtures, err)
	}
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		t.Run(d.Name(), func(t *testing.T) {
			dir := filepath.Join(fixtures, d.Name())
			run, err := ReadRun(dir)
			if err != nil {
				t.Fatal(err)
			}
			results, err := Judge(t.Context(), t.TempDir(), run)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if len(r.bad()) > 0 {
					var b strings.Builder
					r.Explain(&b, &run.Truth)
					t.Errorf("the kernel did something else:\n%s", b.String())
				}
			}
			if *update && !t.Failed() {
				if err := writeExpected(t.Context(), dir); err != nil {
					t.Fatal(err)
				}
			}
			want, err := readExpected(dir)
			if err != nil {
				t.Fatal(err)
			}
			got, err := expect(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, tap := range Taps() {
				if !reflect.DeepEqual(got[tap], want[tap]) {
					t.Errorf("tap %s:\n got %+v\nwant %+v\n(go test ./internal/lab -run TestFixtures -update after a change that is meant)", tap, got[tap], want[tap])
				}
			}
		})
	}
}
