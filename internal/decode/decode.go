package decode

import "encoding/binary"

// Outcome says what became of one captured packet: a TCP segment, some other traffic, or nothing that could be
// decoded, and then why. There are no errors on this path: callers count outcomes.
type Outcome uint8

// The outcomes. The first group was decoded: TCP filled the segment, the others are not TCP and only counted. Fragment
// says nothing yet, the rest could not be decoded ([Outcome.Failed]).
const (
	TCP            Outcome = iota // the segment is filled
	UDP                           // and no tunnel that is known here
	ICMP                          // also one that returns a TCP segment: Decoder.Returned has that
	ICMPv6                        // ditto
	SCTP                          //
	OtherIP                       // another protocol over IP
	ARP                           //
	OtherEthertype                // another protocol over the link layer, or none
	Fragment                      // held until its datagram is complete; see Decoder.Incomplete
	UnknownLinkType
	UnknownTunnel             // a tunnel whose inside cannot be reached
	CutBeforeIP               // the capture kept too little to find an IP header
	CutInIPHeader             //
	CutInTCPHeader            // less than the 14 bytes up to the flags
	CutInTunnel               // between two IP headers
	BadIPHeader               // its fields contradict one another
	BadTCPHeader              //
	FragmentIncomplete        // a fragment that cannot be part of any datagram; Decoder.Incomplete has those that lacked others
	Encrypted                 // ESP, MACsec, WEP and its successors
	Compressed                // IPComp, PPP compression, VJ and ROHC headers
	TooManyLayers             // more headers inside one another than any network has
	Outcomes           = iota // how many outcomes there are
)

var outcomeNames = [Outcomes]string{
	TCP:                "tcp",
	UDP:                "udp",
	ICMP:               "icmp",
	ICMPv6:             "icmpv6",
	SCTP:               "sctp",
	OtherIP:            "other-ip",
	ARP:                "arp",
	OtherEthertype:     "other-ethertype",
	Fragment:           "ip-fragment",
	UnknownLinkType:    "unknown-link-type",
	UnknownTunnel:      "unknown-tunnel",
	CutBeforeIP:        "cut-before-ip",
	CutInIPHeader:      "cut-in-ip-header",
	CutInTCPHeader:     "cut-in-tcp-header",
	CutInTunnel:        "cut-in-tunnel",
	BadIPHeader:        "bad-ip-header",
	BadTCPHeader:       "bad-tcp-header",
	FragmentIncomplete: "ip-fragment-incomplete",
	Encrypted:          "encrypted",
	Compressed:         "compressed",
	TooManyLayers:      "too-many-layers",
}

// String returns the outcome as reports name it: lower case, words joined by hyphens.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown-outcome"
}

// Failed reports whether the packet could not be decoded, so that TCP may have been in it and is missing from the
// report. It is false for packets that were decoded and are not TCP, and for a Fragment that waits for others.
func (o Outcome) Failed() bool { return o >= UnknownLinkType }

// maxLayers limits how many addressed headers (IP, Ethernet, PPP, MPLS stacks) one packet may have inside one another.
// Real stacks have up to seven or so; the limit bounds the stack that a hostile packet can make the decoder use.
const maxLayers = 16

// Decoder turns packets into TCP segments. It belongs to one goroutine: IP fragments wait in it for the rest of their
// datagram.
type Decoder struct {
	now    int64 // capture time of the current packet, ns
	layers int   // addressed headers passed in the current packet
	// vouched says that the last IP header's addresses are those of the TCP pseudo-header and that the segment is not
	// put together from fragments.
	vouched  bool
	framed   bool  // wire is what a PPPoE header says: the next IP header may not claim more
	marks    Marks // what the way to the TCP header added: FromFragments
	frags    fragments
	returned Returned // what an ICMP message of the current packet returns
}

// NewDecoder returns a Decoder.
func NewDecoder() *Decoder { return &Decoder{} }

// Decode decodes one packet of link type link. data is what the capture kept of it and is not kept; wireLen is its
// length on the wire, which counts if the IP header leaves the length open (segmentation offload). time is the capture
// time in nanoseconds, by which incomplete IP fragments expire. seg is valid iff the outcome is TCP.
func (d *Decoder) Decode(link LinkType, data []byte, wireLen int, time int64, seg *Segment) Outcome {
	if Plain(link, data, seg) {
		return TCP
	}
	*seg = Segment{}
	d.now, d.layers, d.marks, d.framed, d.returned.Why = time, 0, 0, false, 0
	wire := max(wireLen, len(data), 1) // no packet is empty on the wire: what says so of a record without an octet is the record
	if link != LinkEthernet {
		return d.link(link, data, wire, seg)
	}
	// IP in plain Ethernet is most of the rest too, and two calls less are 3 ns.
	if len(data) >= 14 {
		switch binary.BigEndian.Uint16(data[12:]) {
		case etherIP4:
			return d.ip4(data[14:], wire-14, seg)
		case etherIP6:
			return d.ip6(data[14:], wire-14, seg)
		}
	}
	return d.ethernet(data, wire, seg)
}

// Every decoding method takes the captured bytes from its header on, never past what the enclosing header owns, and
// the number of bytes that were there on the wire: wire >= len(b).

// short says what a header is that is not there in full: cut if the wire had more, bad if it had not.
func short(b []byte, wire int, cut, bad Outcome) Outcome {
	if wire > len(b) {
		return cut
	}
	return bad
}

// enter counts a header that may contain its like.
func (d *Decoder) enter() bool {
	d.layers++
	return d.layers <= maxLayers
}
