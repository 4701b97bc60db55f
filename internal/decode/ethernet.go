package decode

import "encoding/binary"

// ethernet takes an Ethernet frame from its destination address on. A frame check sequence behind it does no harm:
// every length comes from the headers.
func (d *Decoder) ethernet(b []byte, wire int, seg *Segment) Outcome {
	if len(b) < 14 {
		return CutBeforeIP
	}
	if !d.enter() {
		return TooManyLayers
	}
	return d.etherType(binary.BigEndian.Uint16(b[12:]), b[14:], wire-14, seg)
}

// etherType takes what follows an Ethertype (https://www.iana.org/assignments/ieee-802-numbers).
func (d *Decoder) etherType(t uint16, b []byte, wire int, seg *Segment) Outcome {
	for {
		switch t {
		case 0x0800:
			return d.ip4(b, wire, seg)
		case 0x86dd:
			return d.ip6(b, wire, seg)
		case 0x8100, 0x88a8, 0x9100, 0x9200: // 802.1Q, 802.1ad and what was used before it, in any stack
			if len(b) < 4 {
				return CutBeforeIP
			}
			t = binary.BigEndian.Uint16(b[2:])
			b, wire = b[4:], wire-4
		default:
			return d.etherOther(t, b, wire, seg)
		}
	}
}

// etherOther takes the Ethertypes that few captures have.
func (d *Decoder) etherOther(t uint16, b []byte, wire int, seg *Segment) Outcome {
	switch t {
	case 0x0806, 0x8035: // ARP, RARP
		return ARP
	}
	return OtherEthertype
}
