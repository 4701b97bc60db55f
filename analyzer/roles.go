package analyzer

import "finscope/internal/decode"

// Ports below wellKnownPorts belong to services, those from ephemeralPorts up to clients (Linux ip_local_port_range; IANA
// starts at 49152).
const (
	wellKnownPorts = 1024
	ephemeralPorts = 32768
)

// roles decides which endpoint is the client: the one that sent the first SYN. Without a SYN it is guessed from the
// ports, then from who was seen first.
func roles(f *flow) (client int, how Roles) {
	a, b := &f.e[0], &f.e[1]
	switch {
	case f.flags&self != 0 || a.has(sentBareSYN) && b.has(sentBareSYN):
		return 0, RolesBoth
	case a.has(sentBareSYN) || !a.sentSYN() && b.has(sentSYNACK):
		return 0, RolesHandshake
	case b.has(sentBareSYN) || !b.sentSYN() && a.has(sentSYNACK):
		return 1, RolesHandshake
	}
	p, q := f.port(0), f.port(1)
	for _, limit := range []uint16{wellKnownPorts, ephemeralPorts} {
		if p < limit != (q < limit) {
			if p < limit {
				return 1, RolesGuessed
			}
			return 0, RolesGuessed
		}
	}
	return 0, RolesGuessed
}

// port returns the port of endpoint x.
func (f *flow) port(x int) uint16 {
	if x == 1 {
		return f.key.pb
	}
	return f.key.pa
}

// host returns the address of endpoint x.
func (s *shard) host(f *flow, x int) decode.Addr {
	k := s.ends(f)
	if x == 1 {
		return k.b
	}
	return k.a
}
