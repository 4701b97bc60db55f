package decode

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// viaGopacket walks the link layers that gopacket knows and that are too rare, or too varied, for code of our own, up
// to the LLC header. It takes about a microsecond and some allocations. gopacket recovers from its own panics and
// turns them into error layers; it also changes bytes in place (802.11 padding), hence the copy that NewPacket makes.
func (d *Decoder) viaGopacket(link LinkType, b []byte, wire int, seg *Segment) Outcome {
	kept := len(b)
	if kept == 0 { // gopacket finds no layer and no error either
		return short(b, wire, CutBeforeIP, OtherEthertype)
	}
	if link == LinkIEEE80211 || link == LinkPrism {
		// gopacket takes the last four bytes of an 802.11 frame for its check sequence, which hardly any capture of
		// these kinds has, and none that is cut. Only radiotap says whether they are there.
		b = append(b[:kept:kept], 0, 0, 0, 0)
	}
	p := gopacket.NewPacket(b, layers.LinkType(link), gopacket.Lazy)
	l, _ := p.Layer(layers.LayerTypeLLC).(*layers.LLC)
	switch {
	case l != nil:
		n := len(l.Contents)
		inner := l.Contents[:n+len(l.Payload)] // both lie in one array
		return d.llc(inner, max(len(inner), wire-kept+len(inner)), seg)
	case p.Layer(layers.LayerTypeDot11WEP) != nil:
		return Encrypted
	case p.ErrorLayer() != nil:
		return CutBeforeIP
	}
	return OtherEthertype
}
