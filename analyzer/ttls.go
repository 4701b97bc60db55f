package analyzer

// ttls are the TTLs, or IPv6 hop limits, that the packets of one sender had of late. There are two where the captures of two hosts
// were merged, or packets take two paths. 0: none.
type ttls struct{ latest, before uint8 }

// note notes the TTL of a packet.
func (t *ttls) note(ttl uint8) {
	if t.latest != ttl {
		t.latest, t.before = ttl, t.latest
	}
}

// two reports whether there were two.
func (t ttls) two() bool { return t.before != 0 }

// changes reports whether there are two if a packet with this TTL, not the first one, is the sender's.
func (t ttls) changes(ttl uint8) bool { return t.two() || ttl != t.latest && t.latest != 0 }

// deny reports whether a packet with this TTL is unlike all others of the sender.
func (t ttls) deny(ttl uint8) bool {
	return ttl != 0 && t.latest != 0 && ttl != t.latest && (t.before == 0 || ttl != t.before)
}

// denyHops reports whether a packet with this TTL has come another number of hops than all others of the sender. Stacks send
// with a TTL of 32, 64, 128 or 255, and some send a RST with another of these than what a socket sends.
func (t ttls) denyHops(ttl uint8) bool {
	return t.latest != 0 && hops(ttl) != hops(t.latest) && (t.before == 0 || hops(ttl) != hops(t.before))
}

// hops returns how many hops a packet has come, if it started with one of the usual TTLs.
func hops(ttl uint8) int {
	for _, start := range []int{32, 64, 128} {
		if int(ttl) <= start {
			return start - int(ttl)
		}
	}
	return 255 - int(ttl)
}
