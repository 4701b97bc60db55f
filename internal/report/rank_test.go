package report

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"finscope/analyzer"
)

// The bounded list is the head of the unbounded one, whatever order the flows come in.
func TestRankedKeepsTheMostTelling(t *testing.T) {
	_, flows := shop()
	all := slices.SortedFunc(slices.Values(flows), moreTelling)
	rnd := rand.New(rand.NewPCG(1, 1))
	for limit := 0; limit <= len(flows)+1; limit++ {
		rnd.Shuffle(len(flows), func(i, j int) { flows[i], flows[j] = flows[j], flows[i] })
		r := ranked{limit: limit}
		for _, f := range flows {
			r.add(f)
		}
		if got, want := slices.Collect(r.all()), all[:min(limit, len(all))]; !slices.EqualFunc(got, want, func(a, b *analyzer.Flow) bool { return a != b && reflect.DeepEqual(a, b) }) {
			t.Fatalf("limit %d: got %d flows that are not copies of the first %d", limit, len(got), len(want))
		}
	}
}

func TestMoreTelling(t *testing.T) {
	older := halfClosed(9)
	older.Age += 10
	for _, c := range []struct {
		name          string
		first, second *analyzer.Flow
	}{
		{"an error before a warning, whatever the verdict", reset(9), halfClosed(1)},
		{"a finding before none", simultaneous(9), refused(1)},
		{"refused before graceful", refused(9), graceful(1)},
		{"the older before the younger", older, halfClosed(1)},
		{"else the earlier", graceful(1), graceful(2)},
	} {
		if moreTelling(c.first, c.second) >= 0 || moreTelling(c.second, c.first) <= 0 {
			t.Errorf("want %s", c.name)
		}
	}
}
