package analyzer

import (
	"fmt"
	"strings"
	"time"

	"finscope/internal/capture"
)

// Options say what to read and what to assume. The zero value analyses everything with Linux timers on one core.
type Options struct {
	// Jobs is the number of parallel shards, at most 256; 0 and 1 run in the caller's goroutine. The report does not depend on it.
	Jobs int
	// Filter is a pcap-filter expression; empty takes every packet. Frames it leaves out still count as frames.
	Filter string
	// Count stops after so many packets that the filter let through; 0 is no limit.
	Count uint64
	// Duration stops at the first packet later than this after the first packet of the capture; 0 is no limit.
	Duration time.Duration
	// MaxFlows bounds the connections kept open at a time: beyond that one is finished early and counted, first those that nobody
	// completes within 3 s, then what has been idle for longest. 0 is no limit. A bound implies one shard.
	MaxFlows int
	// FindingsOnly says that connections will be asked for as examples of findings only. The others are counted and forgotten
	// once they have been over and silent for a minute more than TIME_WAIT lasts, so that memory is taken by what is alive;
	// packets that come later still, other than a SYN, are counted in Summary.LatePackets alone. It is ignored with Only,
	// Packet and Trace, which need every connection.
	FindingsOnly bool
	// Only, if set, says which connections are reported. Unlike Report.Select it is asked when a connection is over, so that
	// a [Session] need not keep the others.
	Only func(*Flow) bool
	// Trace lists the streams whose every packet is kept for Report.Ladder; it implies one shard.
	Trace []int
	// Progress, if set, is called now and then with the bytes read and their total (0: unknown) and the packets so far. With
	// several jobs it is called by one goroutine after the other, never by two at a time.
	Progress func(read, total int64, packets uint64)

	// Packet, if set, is called for every packet that belongs to a connection, with the connection's stream number, for each of its
	// IP fragments once the last one is there, and for ICMP messages that return its packets; it implies one shard. The packet is
	// valid during the call only. A non-nil error ends the reading with that error.
	Packet func(stream int, p *capture.Packet) error

	// OS picks the timers and port range of a system: linux (the default), freebsd, macos, windows, solaris.
	// The values below override it where they are not zero.
	OS         string
	TimeWait   time.Duration // how long TIME_WAIT lasts
	FINTimeout time.Duration // how long FIN_WAIT_2 lasts once the application has closed the socket
	PortRange  PortRange     // local ports of outgoing connections
	StuckAfter time.Duration // from which age a state is reported as stuck; default 60 s
}

// profile is what one operating system does by default (FreeBSD: sys/netinet/tcp_timer.h; Linux:
// include/net/tcp.h TCP_TIMEWAIT_LEN, net.ipv4.tcp_fin_timeout and ip_local_port_range; XNU: bsd/netinet/tcp_timer.h;
// Windows: TcpTimedWaitDelay and the dynamic port range of KB929851; illumos: tcp_time_wait_interval).
type profile struct {
	timeWait, finTimeout time.Duration
	ports                PortRange
}

// profileOf returns the profile of a system, by its name in lower case.
func profileOf(name string) (p profile, ok bool) {
	switch name {
	case "linux":
		return profile{60 * time.Second, 60 * time.Second, PortRange{32768, 60999}}, true
	case "freebsd":
		return profile{60 * time.Second, 600 * time.Second, PortRange{10000, 65535}}, true
	case "macos":
		return profile{30 * time.Second, 60 * time.Second, PortRange{49152, 65535}}, true
	case "windows":
		return profile{120 * time.Second, 120 * time.Second, PortRange{49152, 65535}}, true
	case "solaris":
		return profile{60 * time.Second, 60 * time.Second, PortRange{32768, 65535}}, true
	}
	return profile{}, false
}

// assumed resolves the timers and ranges.
func (o *Options) assumed() (Assumed, error) {
	name := strings.ToLower(o.OS)
	if name == "" {
		name = "linux"
	}
	p, ok := profileOf(name)
	if !ok {
		return Assumed{}, fmt.Errorf("name one of linux, freebsd, macos, windows, solaris as the operating system, not %q", o.OS)
	}
	stuck := 60 * time.Second
	for _, v := range []struct {
		name  string
		given time.Duration
		used  *time.Duration
	}{{"TIME_WAIT length", o.TimeWait, &p.timeWait}, {"FIN timeout", o.FINTimeout, &p.finTimeout}, {"stuck age", o.StuckAfter, &stuck}} {
		const longest = 1e9 * time.Second // 30 years: sums of more overflow
		if v.given < 0 || v.given > longest {
			return Assumed{}, fmt.Errorf("give a %s above zero and below %v, not %v", v.name, longest, v.given)
		}
		if v.given > 0 {
			*v.used = v.given
		}
	}
	if o.PortRange != (PortRange{}) {
		if o.PortRange.Low == 0 || o.PortRange.Low > o.PortRange.High {
			return Assumed{}, fmt.Errorf("give a port range from a lower to a higher port, not %d-%d", o.PortRange.Low, o.PortRange.High)
		}
		p.ports = o.PortRange
	}
	return Assumed{InSeconds(p.timeWait), InSeconds(p.finTimeout), p.ports, InSeconds(stuck)}, nil
}
