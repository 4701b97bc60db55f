package capgen

// Connection is what is known of one generated connection.
type Connection struct {
	Stream    int // in order of the first packets, from 0
	Close     Close
	Closer    Party
	MidStream bool // its opening was not captured
	Resent    bool // one of its data segments was sent twice
}

// Truth is what a generated capture holds.
type Truth struct {
	Connections int
	Packets     int
	Bytes       int64 // of the file
	Start, End  int64 // times of the first and last packet in nanoseconds since the Unix epoch
	PeakOpen    int   // most connections between their first and last packet at once
	MidStream   int   // connections
	Resent      int   // connections

	closes [numCloses][2]int // by Close and closer
}

func (t *Truth) add(c Connection) {
	t.Connections++
	t.closes[c.Close][c.Closer]++
	if c.MidStream {
		t.MidStream++
	}
	if c.Resent {
		t.Resent++
	}
}

// Count returns how many connections ended as c, p being the closer.
func (t *Truth) Count(c Close, p Party) int { return t.closes[c][p] }

// Verdicts returns how many connections deserve which verdict.
func (t *Truth) Verdicts() map[string]int {
	return t.tally(func(c Close, _ Party) string { return c.Verdict() })
}

// ClosedFirst returns how many connections were closed first by whom.
func (t *Truth) ClosedFirst() map[string]int { return t.tally(Close.ClosedFirst) }

func (t *Truth) tally(name func(Close, Party) string) map[string]int {
	counts := make(map[string]int)
	for c, byCloser := range t.closes {
		for p, n := range byCloser {
			if n > 0 {
				counts[name(Close(c), Party(p))] += n
			}
		}
	}
	return counts
}
