package analyzer

import (
	"strconv"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// step is a rung of a ladder before it is known who the client is.
type step struct {
	p      packet
	x      uint8
	states [2]State
	why    string
	text   string // what stands there for a packet that is no segment
}

// trace keeps the packet at hand for the ladder of its connection.
func (s *shard) trace(f *flow, x int, p *packet) {
	st := step{p: *p, x: uint8(x), states: [2]State{f.e[0].state, f.e[1].state}, why: s.why}
	s.traced[f.birth] = append(s.traced[f.birth], st)
	s.why = ""
}

// sayKind notes for the ladder what a segment was in its sequence space.
func (s *shard) sayKind(k reassembly.Kind, p *packet) {
	if !s.tracing || p.seg.Flags.Any(decode.SYN|decode.FIN) && k == reassembly.Again {
		return
	}
	switch k {
	case reassembly.Ahead:
		s.say("before this, something is missing")
	case reassembly.Fill:
		s.say("fills what was missing")
	case reassembly.Again:
		s.say("sent again")
	case reassembly.Probe:
		s.say("keep-alive, window probe or old acknowledgment")
	case reassembly.Suspect:
		s.say("outside the window: ignored unless confirmed")
	}
}

// appendPacket appends a segment in tcpdump's notation, with numbers relative to the bases of its sender and of the
// peer, as packetdrill writes it: "F. 101:101(0) ack 201".
func appendPacket(b []byte, seg *decode.Segment, base, peerBase reassembly.Seq) []byte {
	for _, f := range []struct {
		bit  decode.Flags
		name byte
	}{{decode.FIN, 'F'}, {decode.SYN, 'S'}, {decode.RST, 'R'}, {decode.PSH, 'P'}, {decode.URG, 'U'}, {decode.ECE, 'E'}, {decode.CWR, 'W'}, {decode.AE, 'e'}, {decode.ACK, '.'}} {
		if seg.Flags.Has(f.bit) {
			b = append(b, f.name)
		}
	}
	from := uint32(seg.Seq - base)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(from), 10)
	b = append(b, ':')
	b = strconv.AppendUint(b, uint64(from+seg.Len), 10)
	b = append(b, '(')
	b = strconv.AppendUint(b, uint64(seg.Len), 10)
	b = append(b, ')')
	if seg.Flags.Has(decode.ACK) {
		b = append(b, " ack "...)
		b = strconv.AppendUint(b, uint64(uint32(seg.Ack-peerBase)), 10)
	}
	if seg.Flags.Has(decode.SYN) {
		b = append(b, " win "...)
		b = strconv.AppendUint(b, uint64(seg.Window), 10)
	}
	return b
}

// ladder makes the rungs of a connection from its steps.
func (s *shard) ladder(f *flow, steps []step) []Rung {
	client, _ := roles(f)
	out := make([]Rung, len(steps))
	for i := range steps {
		st := &steps[i]
		x := int(st.x)
		arrow := "> "
		if x != client {
			arrow = "< "
		}
		packet := arrow + st.text
		if st.text == "" {
			packet = string(appendPacket([]byte(arrow), &st.p.seg, f.e[x].out.Start(), f.e[f.peer(x)].out.Start()))
		}
		out[i] = Rung{
			Frame: st.p.frame, Time: at(st.p.time), Packet: packet,
			Client: st.states[client], Server: st.states[f.peer(client)], Note: st.why,
		}
	}
	return out
}
