package main

import "finscope/analyzer"

// codes lists every finding code of the record format: --fail-on and --where refuse others, because a misspelt name
// would silently match nothing.
func codes() []string { return words(nil, analyzer.Codes()) }

func verdicts() []string { return words(nil, analyzer.Verdicts()) }

func states() []string {
	var names []string
	for s := analyzer.Unknown; s <= analyzer.Closed; s++ {
		names = append(names, s.String())
	}
	return names
}
