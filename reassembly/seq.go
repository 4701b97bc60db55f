package reassembly

// Seq is a position in the sequence space of one direction (RFC 9293 §3.4), modulo 2^32. Positions are compared with
// [Seq.Before] and its kin, never with < and >.
type Seq uint32

// Before reports whether s < t (mod 2^32): t lies less than 2^31 numbers ahead of s.
func (s Seq) Before(t Seq) bool { return int32(s-t) < 0 }

// AtOrBefore reports whether s =< t (mod 2^32).
func (s Seq) AtOrBefore(t Seq) bool { return int32(s-t) <= 0 }

// Diff returns the signed distance s - t, from -2^31 to 2^31-1.
func (s Seq) Diff(t Seq) int32 { return int32(s - t) }

// Max returns the later of s and t.
func (s Seq) Max(t Seq) Seq {
	if s.Before(t) {
		return t
	}
	return s
}
