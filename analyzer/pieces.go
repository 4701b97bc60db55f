package analyzer

import (
	"slices"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// pieces are the fragments of datagrams that are not complete, for [Options.Packet]: whose they are shows when the last one comes.
// There are as many datagrams as wait in the decoder.
type pieces map[uint64]*datagramPieces

// datagramPieces are the fragments of one datagram.
type datagramPieces struct {
	packets []capture.Packet
	bytes   int
}

// maxPieceBytes is how much is kept of one datagram: the largest there is and its headers, twice. What goes beyond that repeats itself.
const maxPieceBytes = 1 << 17

// keep takes up a fragment of a datagram; what it was read from may be written over.
func (ps *pieces) keep(datagram uint64, raw *capture.Packet) {
	if *ps == nil {
		*ps = pieces{}
	}
	d := (*ps)[datagram]
	if d == nil {
		d = new(datagramPieces)
		(*ps)[datagram] = d
		delete(*ps, datagram-decode.MaxDatagrams)
	}
	if d.bytes += len(raw.Data); d.bytes > maxPieceBytes {
		return
	}
	kept := *raw
	kept.Data = slices.Clone(raw.Data)
	d.packets = append(d.packets, kept)
}

// show gives the packet p, read as raw, to Options.Packet, behind the other fragments of its datagram.
func (r *run) show(stream int, p *packet, raw *capture.Packet) error {
	if p.seg.Marks&decode.FromFragments != 0 {
		datagram := r.decoder.Datagram()
		if before := r.pieces[datagram]; before != nil {
			delete(r.pieces, datagram)
			for i := range before.packets {
				if err := r.opts.Packet(stream, &before.packets[i]); err != nil {
					return err
				}
			}
		}
	}
	return r.opts.Packet(stream, raw)
}
