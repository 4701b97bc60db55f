package decode

import (
	"encoding/binary"
	"net/netip"

	"finscope/reassembly"
)

// Addr is an IP address as two big-endian words, IPv4 in its IPv4-mapped form (RFC 4291 §2.5.5.2). It has no pointers
// and no padding: keys made of it are compared and hashed as plain words.
type Addr struct{ Hi, Lo uint64 }

// v4Mapped is what the low word of an IPv4-mapped address carries above the 32 address bits.
const v4Mapped = 0xffff << 32

// AddrFrom4 returns the address of four network-order bytes. It panics if b is shorter.
func AddrFrom4(b []byte) Addr { return Addr{Lo: v4Mapped | uint64(binary.BigEndian.Uint32(b))} }

// AddrFrom16 returns the address of sixteen network-order bytes. It panics if b is shorter.
func AddrFrom16(b []byte) Addr {
	return Addr{Hi: binary.BigEndian.Uint64(b), Lo: binary.BigEndian.Uint64(b[8:])}
}

// AddrFrom returns the Addr of an address without its zone.
func AddrFrom(a netip.Addr) Addr {
	b := a.As16()
	return AddrFrom16(b[:])
}

// Is4 reports whether a is an IPv4 address.
func (a Addr) Is4() bool { return a.Hi == 0 && a.Lo>>32 == 0xffff }

// Netip returns a as the standard library knows it: IPv4 addresses unmapped.
func (a Addr) Netip() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
	return netip.AddrFrom16(b).Unmap()
}

// Flags are the control bits of a TCP header (RFC 9293 §3.1, AE: RFC 9768). Test them by mask, never by equality.
type Flags uint16

// The control bits.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// Has reports whether all bits of mask are set in f.
func (f Flags) Has(mask Flags) bool { return f&mask == mask }

// Any reports whether at least one bit of mask is set in f.
func (f Flags) Any(mask Flags) bool { return f&mask != 0 }

// Marks says what else a segment carried or lacked, one bit each.
type Marks uint16

// The marks. BadChecksum is judged only where a verdict may hang on it (SYN, FIN, RST) and only if the capture kept every
// byte; the partial sums that checksum offload leaves in packets captured on the sending host are not taken for errors.
const (
	HasTimestamp  Marks = 1 << iota // TSVal and TSEcr are valid (RFC 7323 §3)
	HasWScale                       // WScale is valid: a SYN offered window scaling (RFC 7323 §2)
	HasSACK                         // SACKLeft, SACKRight and SACKMax are valid (RFC 2018)
	HasMPTCP                        // the MPTCP option (kind 30, RFC 8684) is present
	HasDataFIN                      // its DSS carries DATA_FIN (RFC 8684 §3.3.3)
	HasFastOpen                     // the Fast Open option (kind 34, RFC 7413) is present
	OptionsCut                      // the capture ends inside the TCP header: options after the cut are unknown
	BadChecksum                     // the TCP checksum is provably wrong
	FromFragments                   // put together from IP fragments; the frame is the one that completed it
	DontFragment                    // IPv4 DF
	PermitsSACK                     // a SYN offered selective acknowledgments (RFC 2018 §2)
)

// Segment is what finscope keeps of one TCP segment. It holds no packet bytes and may be copied freely.
type Segment struct {
	Src, Dst         Addr // of the innermost IP header
	SrcPort, DstPort uint16
	Flags            Flags
	Marks            Marks

	Seq reassembly.Seq // of the first octet, or of the SYN
	Ack reassembly.Seq // valid iff Flags has ACK
	Len uint32         // payload octets by the IP header's account, without SYN and FIN; not what the capture kept

	Window uint16 // as on the wire, unscaled
	WScale uint8  // shift count 0 to 14; valid iff HasWScale
	TTL    uint8  // or IPv6 hop limit

	// IPID is the IPv4 identification, or the IPv6 flow label: it helps to tell a packet captured twice from one sent
	// twice. 0 proves nothing.
	IPID uint32

	TSVal, TSEcr uint32 // valid iff HasTimestamp

	SACKLeft, SACKRight reassembly.Seq // the first SACK block, which is where a DSACK stands (RFC 2883 §4)
	SACKMax             reassembly.Seq // highest right edge of all blocks; SACKLeft.. and SACKMax valid iff HasSACK
}

// End returns the sequence number just past the segment: SYN and FIN occupy one number each (RFC 9293 §3.4).
func (s *Segment) End() reassembly.Seq { return s.Seq + reassembly.Seq(s.Occupies()) }

// Occupies returns SEG.LEN: payload octets plus one each for SYN and FIN.
func (s *Segment) Occupies() uint32 {
	return s.Len + uint32(s.Flags&FIN) + uint32(s.Flags&SYN)>>1
}
