package main

import "finscope/analyzer"

// codes lists every finding code of the record format: --fail-on and --where refuse others, because a misspelt name
// would silently match nothing.
func codes() []string {
	var names []string
	for _, c := range analyzer.Codes() {
		names = append(names, string(c))
	}
	return names
}

func verdicts() []string {
	var names []string
	for _, v := range analyzer.Verdicts() {
		names = append(names, string(v))
	}
	return names
}

func states() []string {
	var names []string
	for s := analyzer.Unknown; s <= analyzer.Closed; s++ {
		names = append(names, s.String())
	}
	return names
}

func severities() []string {
	return []string{string(analyzer.Info), string(analyzer.Warning), string(analyzer.Error)}
}
