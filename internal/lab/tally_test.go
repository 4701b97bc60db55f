package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tally counts what the comparisons of many runs found.
type tally struct {
	mu         sync.Mutex
	conns, bad int
	kinds      map[string]int // by kind, subject and reason
	records    int
	doubts     map[string]int // how many of these carry it
}

// judge compares a run and prints each connection in which finscope differs.
func (c *tally) judge(t *testing.T, name string, run *Run) {
	t.Helper()
	results, err := Judge(t.Context(), t.TempDir(), run)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds == nil {
		c.kinds, c.doubts = map[string]int{}, map[string]int{}
	}
	for _, r := range results {
		c.conns++
		for _, v := range r.Views {
			c.records++
			for _, d := range v.Flow.Doubts {
				c.doubts[string(d)]++
			}
		}
		for _, d := range r.Differences {
			c.kinds[d.reason()]++
		}
		if len(r.bad()) > 0 {
			c.bad++
			var b strings.Builder
			r.Explain(&b, &run.Truth)
			t.Errorf("%s, client port %d:\n%s", name, r.Connection.ClientPort, b.String())
		}
	}
}

// reason sums a difference up, without what is peculiar to one connection.
func (d *Difference) reason() string {
	text := ""
	if _, why, ok := strings.Cut(d.Text, ": "); d.Kind == unseen && ok {
		text = ": " + why
	} else if d.Kind == unseen {
		text = ": " + d.Text
	}
	return d.Kind.String() + " " + d.What + text
}

func (c *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d connections, %d with differences; %d records with doubts: %v; points without a defect:", c.conns, c.bad, c.records, c.doubts)
	for _, k := range slices.Sorted(maps.Keys(c.kinds)) {
		fmt.Fprintf(&b, "\n%6d %s", c.kinds[k], k)
	}
	return b.String()
}
