package capgen

import (
	"encoding/binary"
	"io"

	"finscope/internal/decode"
)

const (
	pcapMagicNano  = 0xa1b23c4d // little-endian file, nanoseconds
	linkEthernet   = 1
	fileHeaderLen  = 24
	recordLen      = 16
	wholePackets   = 262144    // the snapshot length that tcpdump writes into a file when it keeps everything
	flushThreshold = 256 << 10 // larger writes were not faster
)

// A Writer writes segments as a pcap file: classic, little-endian, nanoseconds, Ethernet. It buffers; Flush must be
// called in the end. After an error it writes nothing more.
type Writer struct {
	w       io.Writer
	buf     []byte
	snaplen int
	written int64
	err     error
}

// NewWriter returns a Writer that keeps snaplen octets of each packet; 0 keeps everything.
func NewWriter(w io.Writer, snaplen int) *Writer {
	b := make([]byte, fileHeaderLen, flushThreshold+4096)
	declared := uint32(snaplen)
	if snaplen <= 0 {
		declared = wholePackets
	}
	le := binary.LittleEndian
	le.PutUint32(b, pcapMagicNano)
	le.PutUint16(b[4:], 2) // version 2.4
	le.PutUint16(b[6:], 4)
	le.PutUint32(b[16:], declared)
	le.PutUint32(b[20:], linkEthernet)
	return &Writer{w: w, buf: b, snaplen: snaplen}
}

// Write adds a packet with the time in nanoseconds since the Unix epoch.
func (w *Writer) Write(time int64, seg *decode.Segment) {
	if w.err != nil {
		return
	}
	at := len(w.buf)
	frame, wireLen := AppendPacket(append(w.buf, make([]byte, recordLen)...), seg, w.snaplen)
	le := binary.LittleEndian
	le.PutUint32(frame[at:], uint32(time/1e9))
	le.PutUint32(frame[at+4:], uint32(time%1e9))
	le.PutUint32(frame[at+8:], uint32(len(frame)-at-recordLen))
	le.PutUint32(frame[at+12:], uint32(wireLen))
	w.buf = frame
	if len(w.buf) >= flushThreshold {
		w.flush()
	}
}

// Flush writes out what is buffered and returns the first error that any write had.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.flush()
	}
	return w.err
}

func (w *Writer) flush() {
	var n int
	n, w.err = w.w.Write(w.buf)
	w.written += int64(n)
	w.buf = w.buf[:0]
}

// Written returns how many octets have gone out, without those still buffered.
func (w *Writer) Written() int64 { return w.written }
