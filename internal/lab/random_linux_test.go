package lab

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var (
	randomConns = flag.Int("random", 0, "how many random connections to make; they do not run by default, as about 15 of 1,000 still differ")
	randomSeed  = flag.Uint64("seed", 1, "the first seed; each run of 20 connections takes the next one")
)

// connsPerRun is how many random connections share a network, all at once.
const connsPerRun = 20

func TestRandom(t *testing.T) {
	if *randomConns == 0 {
		t.Skip("random connections are made on request only: go test ./internal/lab -run TestRandom -random 1000 -seed 1")
	}
	l := open(t)
	var mu sync.Mutex
	var conns, doubts, hidden, bad int
	what := map[string]int{}
	t.Run("runs", func(t *testing.T) {
		for i := range (*randomConns + connsPerRun - 1) / connsPerRun {
			seed := *randomSeed + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				run, err := l.RecordRandom(seed, connsPerRun)
				if err != nil {
					t.Fatal(err)
				}
				if *keep != "" {
					if err := run.record(filepath.Join(*keep, fmt.Sprintf("random-%d", seed))); err != nil {
						t.Fatal(err)
					}
				}
				results, err := Judge(t.Context(), t.TempDir(), run)
				if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, r := range results {
					conns++
					for _, d := range r.Differences {
						switch d.Kind {
						case doubted:
							doubts++
						case unseen:
							hidden++
						}
						what[d.Kind.String()+" "+d.What]++
					}
					if len(r.bad()) > 0 {
						bad++
						var b strings.Builder
						r.Explain(&b, &run.Truth)
						t.Errorf("seed %d, client port %d:\n%s", seed, r.Connection.ClientPort, b.String())
					}
				}
			})
		}
	})
	t.Logf("%d connections from seed %d on, %d with differences; %d points doubted, %d put nothing on the wire: %v", conns, *randomSeed, bad, doubts, hidden, what)
}
