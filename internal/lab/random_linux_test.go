package lab

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
)

var (
	randomConns = flag.Int("random", 60, "how many random connections to make; 0: none")
	randomSeed  = flag.Uint64("seed", 1, "the first seed; each run of 20 connections takes the next one")
)

// connsPerRun is how many random connections share a network, all at once.
const connsPerRun = 20

func TestRandom(t *testing.T) {
	if *randomConns == 0 {
		t.Skip("SKIPPED: -random 0")
	}
	l := open(t)
	var count tally
	t.Run("runs", func(t *testing.T) {
		for i := range (*randomConns + connsPerRun - 1) / connsPerRun {
			seed := *randomSeed + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				run, err := l.RecordRandom(seed, connsPerRun)
				if err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("random-%d", seed)
				if *keep != "" {
					if err := run.record(filepath.Join(*keep, name)); err != nil {
						t.Fatal(err)
					}
				}
				count.judge(t, name, run)
			})
		}
	})
	t.Logf("seeds from %d on: %v", *randomSeed, &count)
}
