package main

import "finscope/analyzer"

// codes lists every finding code of the record format: --fail-on and --where refuse others, because a misspelt name
// would silently match nothing.
func codes() []string {
	return []string{
		// of single connections
		"fin-wait-2-stuck", "fin-wait-1-stuck", "closing-stuck", "last-ack-stuck", "close-wait-stuck", "slow-close",
		"lost-ack", "lost-fin", "fin-retransmitted", "close-given-up", "half-close", "fin-reordered", "data-after-fin",
		"reset-abort", "reset-unread-data", "reset-late-data", "reset-fin-wait-2-expired", "reset-no-connection",
		"reset-after-close", "reset-ignored", "reset-injected", "keepalive-timeout", "peer-vanished", "zero-window-close",
		"time-wait-reused", "time-wait-refused", "time-wait-killed", "time-wait-extended", "simultaneous-open", "mptcp",
		// of services and hosts
		"bind-blocked", "server-holds-time-wait", "port-exhaustion", "reserved-ports-exhausted", "close-wait-leak",
		"listener-closed", "process-exited", "host-restarted", "host-unreachable", "refused-while-time-wait",
		"capture-duplicates", "capture-loss",
	}
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
