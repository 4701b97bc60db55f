package analyzer

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The connections with the lowest stream numbers of each kind are among those kept, in whatever order they come.
func TestExamples(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	kinds := []kind{{LostACK, Warning}, {LostACK, Info}, {TimeWaitReused, Info}}
	e := examples{}
	has := map[kind][]int32{}
	var kept []int32
	for _, birth := range rng.Perm(2000) {
		var own []kind
		for _, k := range kinds {
			if rng.IntN(4) == 0 {
				own = append(own, k)
				has[k] = append(has[k], int32(birth))
			}
		}
		if e.wants(own, int32(birth)) {
			if len(own) == 0 {
				t.Fatal("one without findings is kept")
			}
			kept = append(kept, int32(birth))
		}
	}
	for _, k := range kinds {
		slices.Sort(has[k])
		for _, birth := range has[k][:Examples] {
			if !slices.Contains(kept, birth) {
				t.Errorf("%v: birth %d is not kept", k, birth)
			}
		}
	}
	if len(kept) > 400 {
		t.Errorf("%d of 2000 kept", len(kept))
	}
}
