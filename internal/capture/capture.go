// Package capture is where packets come from: pcap and pcapng files, plain or compressed with gzip, zstd or lz4, one, several
// merged by time, standard input, or an interface ([Live]). What an input is, is told by its bytes, never by its name.
//
//	r := capture.Open(names, capture.Options{})
//	defer r.Close()
//	var p capture.Packet
//	for frame := uint64(1); ; frame++ {
//		if err := r.Next(&p); err == io.EOF {
//			break
//		} else if err != nil {
//			return err // all that could be read has been returned before
//		}
//		...
//	}
//
// Reading costs no allocation per packet: the bytes of a packet lie in the read buffer and are gone with the next call of Next.
//
// Damaged inputs are the normal case after a crash or a full disk: every packet before the damage is returned, then a [*Damage]
// says where the input broke off. Nothing is guessed behind the damage; there is no search for the next intact record.
//
// The package does not look into packets (that is decode's work), does not sort a file whose own packets are out of time order,
// does not keep comments, names, decryption secrets or the other metadata of pcapng, and does not read formats other than
// pcap and pcapng (snoop, ERF, Network Monitor and the rest: editcap converts them).
package capture

// Packet is one captured packet.
type Packet struct {
	Time    int64  // nanoseconds since the Unix epoch; finer units are cut off, what does not fit is clamped
	Data    []byte // what the capture kept; valid until the next call of Next
	WireLen int    // length on the wire in octets; at least len(Data) in a sane file, which not every file is
	Link    uint16 // LINKTYPE_ number of the interface (https://www.tcpdump.org/linktypes.html)
}

// A Source yields packets in the order of the capture.
type Source interface {
	// Next stores the next packet in p. At the end it returns io.EOF; a *Damage (errors.As) after everything that
	// could be read before the damage has been returned. Once it has returned an error it returns the same one again.
	Next(p *Packet) error
	// Close releases what the source holds. Packets returned before are invalid afterwards.
	Close() error
}

// MaxPacket is the longest packet in octets that a record may hold; a longer one counts as garbled. libpcap stores at most
// 262,144 octets of a packet and the largest packet that TCP segmentation offload hands to a capture is 512 KiB (BIG TCP), so
// twice that loses nothing that carries TCP, while it unmasks all but one in 4096 of random lengths and bounds the memory
// that a hostile file can claim.
const MaxPacket = 1 << 20
