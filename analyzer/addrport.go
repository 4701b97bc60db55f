package analyzer

import "net/netip"

// addrPort writes an address and a port as people do: an IPv6 address in brackets.
func addrPort(ip netip.Addr, port uint16) string { return netip.AddrPortFrom(ip, port).String() }
