package analyzer

import (
	"slices"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// pieces are the fragments of datagrams that are not complete, for [Options.Packet]: whose they are shows when the last one comes.
// They are bounded as those that wait in the decoder are.
type pieces map[uint64][]capture.Packet

// keep takes up a fragment of a datagram; what it was read from may be written over.
func (ps *pieces) keep(datagram uint64, raw *capture.Packet) {
	if *ps == nil {
		*ps = pieces{}
	}
	if (*ps)[datagram] == nil {
		delete(*ps, datagram-decode.MaxDatagrams)
	}
	kept := *raw
	kept.Data = slices.Clone(raw.Data)
	(*ps)[datagram] = append((*ps)[datagram], kept)
}

// show gives the packet p, read as raw, to Options.Packet, behind the other fragments of its datagram.
func (r *run) show(stream int, p *packet, raw *capture.Packet) error {
	if p.seg.Marks&decode.FromFragments != 0 {
		datagram := r.decoder.Datagram()
		before := r.pieces[datagram]
		delete(r.pieces, datagram)
		for i := range before {
			if err := r.opts.Packet(stream, &before[i]); err != nil {
				return err
			}
		}
	}
	return r.opts.Packet(stream, raw)
}
