package decode

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// frame is one packet of a capture file.
type frame struct {
	link LinkType
	data []byte
	wire int
	time int64
}

// readCapture reads a pcap file of testdata/pcaps/real (draft-ietf-opsawg-pcap). It is not done with gopacket/pcapgo,
// which keeps 8 bits of the link type where SLL2 needs 9.
func readCapture(t testing.TB, name string) []frame {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "testdata", "pcaps", "real", name))
	if err != nil {
		t.Fatal(err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if file[0] == 0xa1 {
		order = binary.BigEndian
	}
	fraction := int64(1000)
	if order.Uint32(file) == 0xa1b23c4d {
		fraction = 1
	}
	link := LinkType(order.Uint32(file[20:]))
	var frames []frame
	for b := file[24:]; len(b) >= 16; {
		n := order.Uint32(b[8:])
		frames = append(frames, frame{
			link: link,
			data: b[16 : 16+n : 16+n],
			wire: int(order.Uint32(b[12:])),
			time: int64(order.Uint32(b))*1e9 + int64(order.Uint32(b[4:]))*fraction,
		})
		b = b[16+n:]
	}
	return frames
}
