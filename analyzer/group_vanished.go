package analyzer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"finscope/internal/units"
)

// vanished is connections to a host that got no answer any more while others of that host lived.
type vanished struct {
	host     netip.Addr
	peer     netip.Addr // the one who was not answered; invalid: several
	streams  []int
	from, to int64
	alive    int    // connections of the host that lived
	told     string // what ICMP said of them; "": nothing
}

// peerOf returns the address that all connections that were never answered again have at their other end, if there is one.
func peerOf(cluster []outage) (peer netip.Addr) {
	for _, c := range cluster {
		switch {
		case c.heard != 0 || !c.established:
		case !peer.IsValid():
			peer = c.peer
		case peer != c.peer:
			return netip.Addr{}
		}
	}
	return peer
}

// manyHosts is from how many hosts on, of which connections with the same other end vanished, they are reported as one: it is
// the other end, or the path at it, where to look.
const manyHosts = 4

// reportVanished reports connections that died alone: for each host, or, where many hosts are concerned, for the other end.
func (g *gathering) reportVanished() {
	byPeer := map[netip.Addr][]vanished{}
	for _, v := range g.vanished {
		if v.peer.IsValid() {
			byPeer[v.peer] = append(byPeer[v.peer], v)
		}
	}
	for peer, all := range byPeer {
		slices.SortFunc(all, func(a, b vanished) int { return a.host.Compare(b.host) })
		if n := len(slices.CompactFunc(slices.Clone(all), func(a, b vanished) bool { return a.host == b.host })); n < manyHosts {
			delete(byPeer, peer)
		} else {
			g.manyVanished(peer, all, n)
		}
	}
	for _, v := range g.vanished {
		if byPeer[v.peer] == nil {
			g.oneVanished(&v)
		}
	}
}

func (g *gathering) oneVanished(v *vanished) {
	text := fmt.Sprintf("%s to %v got no answer any more from %s on, while %s of that host lived: %s",
		connections(len(v.streams)), v.host, g.moment(v.from), connections(v.alive), fateOfVanished(v.told))
	g.add(PeerVanished, Warning, netip.AddrPortFrom(v.host, 0), v.streams, v.from, v.to, text, g.vanishedAdvice(fmt.Sprintf("-d %v", v.host), fmt.Sprintf("dst %v", v.host), v.told))
}

// fateOfVanished says what became of their packets; told is what ICMP said.
func fateOfVanished(told string) string {
	if told != "" {
		return told
	}
	return "something on the path dropped the state of single connections and discards their packets"
}

func (g *gathering) manyVanished(peer netip.Addr, all []vanished, hosts int) {
	from := slices.MinFunc(all, func(a, b vanished) int { return cmp.Compare(a.from, b.from) }).from
	to := slices.MaxFunc(all, func(a, b vanished) int { return cmp.Compare(a.to, b.to) }).to
	var streams []int
	alive, told := 0, ""
	for _, v := range all {
		streams = append(streams, v.streams...)
		alive += v.alive
		told = cmp.Or(told, v.told)
	}
	slices.Sort(streams)
	streams = slices.Compact(streams)
	text := fmt.Sprintf("%s of %v got no answer any more from %s hosts, the first from %s on, while %s of those hosts lived: %s",
		connections(len(streams)), peer, units.Count(hosts), g.moment(from), connections(alive), fateOfVanished(told))
	g.add(PeerVanished, Warning, netip.AddrPortFrom(peer, 0), streams, from, to, text, g.vanishedAdvice(fmt.Sprintf("| grep %v", peer), fmt.Sprintf("src %v", peer), told))
}

// vanishedAdvice says where to look: flows names the connections to conntrack, sockets to ss; told is what ICMP said.
func (g *gathering) vanishedAdvice(flows, sockets, told string) string {
	timer := ""
	if g.a.platform.linux() {
		timer = fmt.Sprintf("%s on the sender shows the retransmission timer (timer:(on,...)) and how often it ran out; TCP_USER_TIMEOUT ends the wait. ", g.a.platform.list(Established, sockets))
	}
	look := "Look for a firewall, NAT or load balancer between the two ends that forgot them"
	if told != "" {
		look = "Look first where the ICMP message comes from: a firewall there rejects them, or forgot them"
	}
	return fmt.Sprintf("%s (idle timeout, failover, full table; on Linux `conntrack -L %s`, `conntrack -S`, `dmesg | grep nf_conntrack`). "+
		"%sSO_KEEPALIVE below the idle timeout prevents it.", look, flows, timer)
}
