package lab

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// host is one end of the wire.
type host struct {
	*space
	addr netip.Addr // of the family that the run uses
	mac  net.HardwareAddr
}

// wire is client, middle and server, joined. The names of the links: eth0 in client and server, to-client and to-server
// in the middle.
type wire struct {
	client, server host
	middle         *space
	v6             bool
	mtu            int
}

const (
	hostLink     = "eth0"
	toClientLink = "to-client"
	toServerLink = "to-server"
)

// newWire makes the three namespaces below root and joins them. number tells the addresses of several wires apart.
func newWire(root *space, number int, base byte, v6 bool, mtu int) (w *wire, err error) {
	w = &wire{v6: v6, mtu: cmp.Or(mtu, 1500)}
	defer func() {
		if err != nil {
			w.close()
			w = nil
		}
	}()
	for _, s := range []struct {
		name string
		to   **space
	}{{"client", &w.client.space}, {"middle", &w.middle}, {"server", &w.server.space}} {
		if *s.to, err = newSpace(s.name, root); err != nil {
			return w, err
		}
	}
	for i, h := range []*host{&w.client, &w.server} {
		n := byte(i + 1)
		h.mac = net.HardwareAddr{2, 0, 0, 0, 0, n}
		h.addr = netip.AddrFrom4([4]byte{10, base, byte(number), n})
		if v6 {
			h.addr = netip.AddrFrom16([16]byte{0: 0xfd, 5: base, 7: byte(number), 15: n})
		}
	}
	if err = w.middle.sysctl("net.ipv6.conf.default.disable_ipv6", "1"); err != nil {
		return w, err
	}
	if err = w.join(&w.client, &w.server, toClientLink); err != nil {
		return w, err
	}
	err = w.join(&w.server, &w.client, toServerLink)
	return w, err
}

// join lays the cable between a host and the middle, where its end gets the given name.
func (w *wire) join(h, peer *host, name string) error {
	for k, v := range map[string]string{
		"net.ipv6.conf.default.accept_dad": "0", "net.ipv6.conf.default.router_solicitations": "0",
		"net.ipv6.conf.default.accept_ra": "0", "net.ipv4.tcp_no_metrics_save": "1",
	} {
		if err := h.sysctl(k, v); err != nil {
			return err
		}
	}
	mid, err := netlink.NewHandleAt(netns.NsHandle(w.middle.fd), unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer mid.Close()
	end, err := netlink.NewHandleAt(netns.NsHandle(h.fd), unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer end.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = name, w.mtu
	err = mid.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: hostLink, PeerMTU: uint32(w.mtu), PeerHardwareAddr: h.mac, PeerNamespace: netlink.NsFd(h.fd)})
	if err != nil {
		return fmt.Errorf("veth %s: %w", name, err)
	}
	if err := w.middle.do(func() error { return plainLink(name) }); err != nil {
		return err
	}
	if err := h.do(func() error { return plainLink(hostLink) }); err != nil {
		return err
	}
	near, err := mid.LinkByName(name)
	if err != nil {
		return err
	}
	far, err := end.LinkByName(hostLink)
	if err != nil {
		return err
	}
	bits := 24
	if w.v6 {
		bits = 64
	}
	ip := &netlink.Addr{IPNet: &net.IPNet{IP: h.addr.AsSlice(), Mask: net.CIDRMask(bits, h.addr.BitLen())}, Flags: unix.IFA_F_NODAD}
	if err := end.AddrAdd(far, ip); err != nil {
		return fmt.Errorf("address %v: %w", h.addr, err)
	}
	for _, up := range []struct {
		h *netlink.Handle
		l netlink.Link
	}{{mid, near}, {end, far}} {
		if err := up.h.LinkSetUp(up.l); err != nil {
			return err
		}
	}
	return end.NeighAdd(&netlink.Neigh{ // no ARP and no neighbour discovery in the captures
		LinkIndex: far.Attrs().Index, State: netlink.NUD_PERMANENT, IP: peer.addr.AsSlice(), HardwareAddr: peer.mac,
	})
}

// ethtool commands (linux/ethtool.h).
const (
	ethtoolSetTxChecksum = 0x17
	ethtoolSetTSO        = 0x1f
	ethtoolSetGSO        = 0x24
	ethtoolSetGRO        = 0x2c
)

// plainLink switches the offloads of a link off, so that taps see the packets as a wire carries them: whole checksums
// and no segment longer than the MSS.
func plainLink(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, cmd := range []uint32{ethtoolSetGRO, ethtoolSetGSO, ethtoolSetTSO, ethtoolSetTxChecksum} {
		value := [2]uint32{cmd, 0}
		var req struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}
		copy(req.name[:unix.IFNAMSIZ-1], name)
		req.data = unsafe.Pointer(&value)
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
		if errno != 0 && errno != unix.EOPNOTSUPP {
			return fmt.Errorf("ethtool %#x on %s: %w", cmd, name, errno)
		}
	}
	return nil
}

// close lets the namespaces go, and with them the links.
func (w *wire) close() {
	w.client.close()
	w.middle.close()
	w.server.close()
}
