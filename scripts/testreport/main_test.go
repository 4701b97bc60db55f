package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const passing = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`
	tests := []struct {
		name, in  string
		code      int
		want, not string
	}{
		{"pass", passing, 0, "ok  \tp\t0.1s\n1 tests passed, 0 failed, 0 skipped\n", "chatter"},
		{"skip", passing + `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: needs root\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
`, 0, "skipped: p TestB: b_test.go:3: needs root\n1 tests passed, 0 failed, 1 skipped\n", "==="},
		{"a package without tests is not a skipped test", passing + `{"Action":"skip","Package":"q"}` + "\n", 0, "0 skipped", "skipped:"},
		{"fail", passing + `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p"}
`, 1, "c_test.go:9: got 1", ""},
		{"panic", passing + `{"Action":"output","Package":"p","Test":"TestD","Output":"panic: no\n"}
{"Action":"fail","Package":"p"}
`, 1, "panic: no", ""},
		{"does not build", passing + `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: undefined\n"}
{"Action":"fail","Package":"p"}
`, 1, "p.go:1: undefined", ""},
		{"nothing ran", "", 1, "no tests ran", ""},
		{"go speaks", passing + "go: no such module", 0, "go: no such module", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if code := run(strings.NewReader(tt.in), &out); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(out.String(), tt.want) || tt.not != "" && strings.Contains(out.String(), tt.not) {
				t.Errorf("got:\n%swant %q, not %q", out.String(), tt.want, tt.not)
			}
		})
	}
}
