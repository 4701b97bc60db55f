package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// snapLength is what written headers say and the longest packet that is written whole: libpcap's MAXIMUM_SNAPLEN, beyond which
// tcpdump and Wireshark refuse a file.
const snapLength = 262144

// A Writer saves packets as a capture with nanosecond time stamps: a classic pcap file for one link type, which everything can
// read, else pcapng with one interface for each link type, since a classic file has only one. Both are little-endian.
//
// gopacket/pcapgo has writers for both formats, but its link types are 8 bits wide: LINKTYPE_LINUX_SLL2, which tcpdump -i any
// records, is 276.
type Writer struct {
	w    *bufio.Writer
	ng   bool
	link uint16   // of the classic file
	ifs  []uint16 // link types of the interfaces written so far; a handful
	buf  [32]byte
}

// NewWriter writes the file header for packets of these link types to w. With none given the link types need not be known
// before, and the file is pcapng. Nothing is sure to have reached w before Flush.
func NewWriter(w io.Writer, links ...uint16) (*Writer, error) {
	wr := &Writer{w: bufio.NewWriterSize(w, 64<<10), ng: true}
	le := binary.LittleEndian
	if len(links) == 1 {
		wr.ng = false
		wr.link = links[0]
		b := wr.buf[:pcapHeader]
		le.PutUint32(b, magicNano)
		le.PutUint16(b[4:], 2)
		le.PutUint16(b[6:], 4)
		le.PutUint32(b[16:], snapLength)
		le.PutUint32(b[20:], uint32(wr.link))
		_, err := wr.w.Write(b)
		return wr, err
	}
	b := wr.buf[:28]
	le.PutUint32(b, blockSection)
	le.PutUint32(b[4:], 28)
	le.PutUint32(b[8:], byteOrderMagic)
	le.PutUint16(b[12:], 1)
	le.PutUint64(b[16:], math.MaxUint64) // section length unknown
	le.PutUint32(b[24:], 28)
	if _, err := wr.w.Write(b); err != nil {
		return wr, err
	}
	for _, link := range links {
		if _, err := wr.iface(link); err != nil {
			return wr, err
		}
	}
	return wr, nil
}

// iface returns the number of the interface with this link type and describes it first if it is new.
func (w *Writer) iface(link uint16) (int, error) {
	for i, l := range w.ifs {
		if l == link {
			return i, nil
		}
	}
	le := binary.LittleEndian
	b := w.buf[:32]
	clear(b)
	le.PutUint32(b, blockInterface)
	le.PutUint32(b[4:], 32)
	le.PutUint16(b[8:], link)
	le.PutUint32(b[12:], snapLength)
	le.PutUint16(b[16:], optTsresol)
	le.PutUint16(b[18:], 1)
	b[20] = 9 // nanoseconds
	le.PutUint32(b[28:], 32)
	w.ifs = append(w.ifs, link)
	_, err := w.w.Write(b)
	return len(w.ifs) - 1, err
}

// Write saves p. Octets of a packet beyond 262,144 are left out. A time that the format cannot hold (classic: before 1970 or after
// 2106; pcapng: before 1970) is clamped. Errors are those of the underlying writer and a link type that the classic file lacks.
func (w *Writer) Write(p *Packet) error {
	le := binary.LittleEndian
	data := p.Data[:min(len(p.Data), snapLength)]
	wire := uint32(min(int64(max(p.WireLen, 0)), math.MaxUint32))
	t := max(p.Time, 0)
	if !w.ng {
		if p.Link != w.link {
			return fmt.Errorf("a packet of link type %d does not fit into a pcap file of link type %d", p.Link, w.link)
		}
		t = min(t, math.MaxUint32*1e9+999_999_999)
		b := w.buf[:pcapRecord]
		le.PutUint32(b, uint32(t/1e9))
		le.PutUint32(b[4:], uint32(t%1e9))
		le.PutUint32(b[8:], uint32(len(data)))
		le.PutUint32(b[12:], wire)
		if _, err := w.w.Write(b); err != nil {
			return err
		}
		_, err := w.w.Write(data)
		return err
	}
	id, err := w.iface(p.Link)
	if err != nil {
		return err
	}
	pad := -len(data) & 3
	total := uint32(32 + len(data) + pad)
	b := w.buf[:28]
	le.PutUint32(b, blockEnhanced)
	le.PutUint32(b[4:], total)
	le.PutUint32(b[8:], uint32(id))
	le.PutUint32(b[12:], uint32(uint64(t)>>32))
	le.PutUint32(b[16:], uint32(t))
	le.PutUint32(b[20:], uint32(len(data)))
	le.PutUint32(b[24:], wire)
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	if _, err := w.w.Write(data); err != nil {
		return err
	}
	clear(b[:4])
	le.PutUint32(b[pad:], total)
	_, err = w.w.Write(b[:pad+4])
	return err
}

// Flush hands everything written so far to the underlying writer. It must be called at the end, and after each packet
// if somebody reads along.
func (w *Writer) Flush() error { return w.w.Flush() }
