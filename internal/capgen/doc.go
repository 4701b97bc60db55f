// Package capgen writes TCP segments as packets, and whole captures of made-up traffic of which it knows how every
// connection closed. Tests build their captures with it, and the benchmarks read what it generates.
//
// It is no TCP implementation: there are no windows, no congestion control and no timers, only scripts of what such an
// endpoint would have sent, seen at one capture point. Payload is zero bytes. It writes Ethernet only, no tunnels and no
// fragments, and it does not read captures.
package capgen
