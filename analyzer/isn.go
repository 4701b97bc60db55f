package analyzer

import "finscope/reassembly"

// isnClock says how the initial sequence number of a SYN stands to that of the connection before it on the same addresses
// and ports, by the clock of Linux.
//
// Linux adds a clock of 64 ns to a secret made of addresses, ports and a number drawn at boot (net/core/secure_seq.c,
// secure_tcp_seq; RFC 6528 §3). On the same addresses and ports the numbers of two SYNs are therefore as far apart as the
// time between them says, until the host is restarted or another one takes its place. Measured: right to 3 us. Between
// other addresses or ports nothing can be compared, and the same holds for timestamps (secure_tcp_ts_off).
type isnClock uint8

const (
	isnUnknown   isnClock = iota
	isnContinues          // by that clock: the same host, and not restarted in between
	isnJumps              // not: restarted, another host, or no Linux
)

const (
	isnTick  = 64    // ns
	isnSlack = 100e6 // ns; what SYNs may be late by at the capture point
	isnDrift = 5000  // one part in so many by which the clocks of host and capture may differ

	// isnTooLong is the time from which the drift may be a large part of the 275 s after which the clock comes round.
	isnTooLong = 3 * 3600e9
)

// followISN compares the number of a SYN with that of an earlier one, sent by the same end an elapsed time before.
func followISN(before, isn reassembly.Seq, elapsed int64) isnClock {
	if elapsed <= 0 || elapsed > isnTooLong {
		return isnUnknown
	}
	off := int64(isn.Diff(before + reassembly.Seq(elapsed/isnTick)))
	if slack := (isnSlack + elapsed/isnDrift) / isnTick; off > slack || off < -slack {
		return isnJumps
	}
	return isnContinues
}

// noteISN notes how the SYN p of x, which met the living connection f, stands to the SYN with which x opened that.
func (s *shard) noteISN(f *flow, x int, p *packet) {
	if e := &f.e[x]; x == 0 && e.has(sentBareSYN) { // the connection began with its first SYN
		s.oddOf(f).isn = followISN(e.isn, p.seg.Seq, p.time-f.start)
	}
}
