package lab

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// tally counts what the comparisons of many runs found.
type tally struct {
	mu         sync.Mutex
	conns, bad int
	kinds      map[string]int // by kind and subject
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
		c.kinds = map[string]int{}
	}
	for _, r := range results {
		c.conns++
		for _, d := range r.Differences {
			c.kinds[d.Kind.String()+" "+d.What]++
		}
		if len(r.bad()) > 0 {
			c.bad++
			var b strings.Builder
			r.Explain(&b, &run.Truth)
			t.Errorf("%s, client port %d:\n%s", name, r.Connection.ClientPort, b.String())
		}
	}
}

func (c *tally) String() string {
	return fmt.Sprintf("%d connections, %d with differences; points that need no mending: %v", c.conns, c.bad, c.kinds)
}
