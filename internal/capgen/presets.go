package capgen

import "time"

// Presets returns the names that Preset knows, with what each is for.
func Presets() [][2]string {
	return [][2]string{
		{"a", "300,000 connections of 23 packets, 2,000 open at a time, snaplen 96"},
		{"b", "1.5 million connections of 9 packets, a million open at a time, snaplen 96"},
		{"c", "60,000 connections of 23 packets with payloads of 1,400 bytes, all captured"},
		{"tw-client", "60,000 short connections of one client to one service at 600 a second, the client closes first"},
		{"tw-server", "the same, the server closes first"},
	}
}

// Preset returns the options of a named kind of capture. It reports false if there is none of that name.
func Preset(name string) (Options, bool) {
	switch name {
	case "a":
		return ordinary(300_000, 2_000, 23, 96, 2*time.Second), true
	case "b":
		return ordinary(1_500_000, 1_000_000, 9, 96, 100*time.Second), true
	case "c":
		return ordinary(60_000, 2_000, 23, 0, 2*time.Second), true
	case "tw-client":
		return shortLived(Client), true
	case "tw-server":
		return shortLived(Server), true
	}
	return Options{}, false
}

func ordinary(connections, open, packets, snaplen int, lifetime time.Duration) Options {
	return Options{
		Seed:        1,
		Connections: connections,
		Open:        open,
		Packets:     packets,
		Snaplen:     snaplen,
		Payload:     1400,
		Lifetime:    lifetime,
		Clients:     1 << 16,
		Services:    usualServices(),
		Mix:         usualMix(),
		MidStream:   20,
		Resent:      50,
	}
}

// shortLived is the load that fills a TIME_WAIT table: the 28,232 ports of Linux's default range come round after 47 s,
// before a TIME_WAIT of 60 s has run out.
func shortLived(closer Party) Options {
	return Options{
		Seed:        1,
		Connections: 60_000,
		Open:        600,
		Packets:     9,
		Snaplen:     96,
		Payload:     200,
		Lifetime:    20 * time.Millisecond,
		Rate:        600,
		Clients:     1,
		Services:    usualServices()[:1],
		Mix:         []Share{{FourSegments, closer, 1}, {ThreeSegments, closer, 1}},
	}
}

// usualMix is made up: mostly full closes by either end, as busy web and database servers show, and of every close that
// needs telling apart enough to be counted. Weights are per mille.
func usualMix() []Share {
	return []Share{
		{FourSegments, Client, 220},
		{ThreeSegments, Client, 230},
		{FourSegments, Server, 180},
		{ThreeSegments, Server, 190},
		{Crossed, Client, 10},
		{LostFIN, Client, 7},
		{LostFIN, Server, 7},
		{LostLastACK, Client, 8},
		{LostLastACK, Server, 8},
		{LastACKMissing, Client, 5},
		{LastACKMissing, Server, 5},
		{Stuck, Client, 8},
		{Stuck, Server, 2},
		{Unanswered, Client, 3},
		{Unanswered, Server, 2},
		{Reset, Client, 30},
		{Reset, Server, 30},
		{ResetLateData, Client, 10},
		{ResetAfter, Client, 10},
		{Refused, Server, 15},
		{NoReply, Client, 10},
		{Open, Client, 10},
	}
}

// usualServices has one server with IPv6 addresses: their headers are longer and their keys are hashed differently.
func usualServices() []Service {
	return []Service{
		{"10.0.0.5", 8080, 4},
		{"10.0.0.5", 443, 4},
		{"10.0.0.6", 443, 3},
		{"10.0.0.7", 80, 2},
		{"10.0.0.9", 5432, 1},
		{"10.0.0.10", 6379, 1},
		{"10.0.0.11", 3306, 1},
		{"fd00::5", 443, 2},
	}
}
