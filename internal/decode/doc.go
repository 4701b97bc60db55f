// Package decode turns the bytes of one captured packet into one TCP segment, by value: addresses, ports, flags,
// numbers, the length of the payload and the options that tell how a connection ends. No packet bytes are kept, no
// errors are returned: an [Outcome] says what became of the packet, and callers count outcomes.
//
// A [Decoder] descends from header to header: one method each, which takes the captured bytes from its header on and
// how many there were on the wire, and calls the method of what follows. The flow is that of the innermost IP header.
//
// # What is decoded
//
//   - link layers (link.go): Ethernet, Linux cooked 1 and 2, BSD loopback, raw IP, PPP, Cisco HDLC, Frame Relay, ATM,
//     Token Ring, FDDI, 802.11 with Prism, radiotap or PPI headers, NFLOG, PFLOG, ENC, PKTAP and others;
//   - between link layer and IP: VLAN tags in any stack and other tags, LLC and SNAP, MPLS with pseudowires, PPPoE, NSH,
//     MACsec that only authenticates;
//   - IPv4 with options, IPv6 with extension headers, IP in IP in every mix, AH;
//   - tunnels: GRE 0 and 1 (PPTP), ERSPAN I to III, EtherIP, VXLAN and VXLAN-GPE, Geneve, GTP-U, Teredo, L2TP 2 and 3,
//     LISP, GRE and MPLS over UDP, TZSP. Those over UDP are recognised by port and by a header that makes sense;
//   - IP fragments, inside tunnels too: the segment is reported with the frame that completes its datagram.
//
// The payload length is the IP header's, never that of the capture, so snaplens, padding and trailers do not matter. If
// the IP header says 0 (segmentation offload, BIG TCP) it is the length on the wire, less what comes before.
//
// # What is not
//
//   - TCP headers quoted in ICMP errors: they are no segments, as they were not sent by the address they name: of these ports and sequence
//     number are read, and why the segment was returned ([Returned]);
//   - anything encrypted or compressed; PPP multilink fragments; TCP over UDP-Lite, MINENC, TRILL;
//   - all but the first packet of an 802.11 A-MSDU, which is not recognised either;
//   - L2TPv3 pseudowires other than Ethernet with IP, VLAN or MPLS in it: cookie and sublayer are guessed;
//   - checksums of IP headers; those of TCP where nothing depends on it (see [BadChecksum]).
//
// # gopacket
//
// 802.11, Prism, radiotap and FDDI headers are walked by gopacket's layers (slow.go), up to the LLC header. All other
// headers take a few lines here, because gopacket's layers refuse or panic on headers that a snaplen has cut, or get
// them wrong: Geneve option lengths, GTP-U behind a snaplen, IPv6 jumbograms, pseudowires. For link layer, VLAN, IP,
// extension headers and TCP gopacket is the reference: a fuzz test holds every field against it.
package decode
