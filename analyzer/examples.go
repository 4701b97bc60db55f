package analyzer

import "slices"

// Examples is how many connections with each finding of each severity are kept where not all are: those with the lowest
// stream numbers, and perhaps more.
const Examples = 10

// kind is a finding as a connection can be an example of it.
type kind struct {
	code     Code
	severity Severity
}

// examples has, for each kind of finding, the lowest births of connections that have it, ascending. Births of a shard are in
// the order of stream numbers, so the lowest of all shards are among those of each.
type examples map[kind][]int32

// wants takes up a connection that has findings, and reports whether it is to be kept.
func (e examples) wants(kinds []kind, birth int32) bool {
	wanted := false
	for _, k := range kinds {
		lowest := e[k]
		i, _ := slices.BinarySearch(lowest, birth)
		if i == Examples {
			continue
		}
		wanted = true
		if len(lowest) == Examples {
			lowest = lowest[:Examples-1] // the one left out stays an example: it may be one of another kind
		}
		e[k] = slices.Insert(lowest, i, birth)
	}
	return wanted
}
