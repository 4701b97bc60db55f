package analyzer

import (
	"testing"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// Fragments whose datagram never becomes complete are forgotten with it, and what is kept does not change with the buffer that it was
// read from.
func TestPiecesAreBounded(t *testing.T) {
	const n = 3 * decode.MaxDatagrams
	var ps pieces
	buf := []byte{0}
	for datagram := uint64(1); datagram <= n; datagram++ {
		for range 2 {
			buf[0] = byte(datagram)
			ps.keep(datagram, &capture.Packet{Data: buf})
		}
	}
	if len(ps) != decode.MaxDatagrams {
		t.Errorf("kept %d datagrams, want %d", len(ps), decode.MaxDatagrams)
	}
	first := uint64(n - decode.MaxDatagrams + 1)
	if got := ps[first].packets; len(got) != 2 || got[0].Data[0] != byte(first) {
		t.Errorf("datagram %d has the fragments %v", first, got)
	}
}

// Neither is there more to keep where one fragment comes again and again.
func TestPiecesOfOneDatagramAreBounded(t *testing.T) {
	var ps pieces
	fragment := make([]byte, 1514)
	for range 10_000 {
		ps.keep(1, &capture.Packet{Data: fragment})
	}
	if n := len(ps[1].packets) * len(fragment); n > maxPieceBytes || n < 0xffff {
		t.Errorf("%d octets are kept of one datagram", n)
	}
}
