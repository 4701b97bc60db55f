package capgen

import (
	"cmp"
	"io"
	"slices"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// sighting is what an observer saw of a capture.
type sighting struct {
	packets     int
	first, last int64
	streams     []*stream // in order of their first packets
	peak, low   int       // streams between their first and last packets: at most, and at least in the middle half
}

// stream is what an observer keeps of one connection, ends by Party: the end with the high port is the client.
type stream struct {
	clientPort       uint16
	first, last      int64
	syn, synack, rst int
	rstCounted       bool // before both FINs were acknowledged
	rstBy            Party
	resent           int // data segments below what was sent before
	ends             [2]seenEnd
}

type seenEnd struct {
	isn, nxt reassembly.Seq
	any      bool
	ack      reassembly.Seq
	ts       uint32
	fin      reassembly.Seq // just past it
	hasFIN   bool
	finAck   reassembly.Seq // on its first copy
}

type tuple struct {
	host       decode.Addr
	port       uint16
	server     decode.Addr
	serverPort uint16
}

// observe reads a capture and checks on the way what holds for every packet.
func observe(t *testing.T, file io.Reader, snaplen int) *sighting {
	t.Helper()
	d := decode.NewDecoder()
	seen := &sighting{}
	current := map[tuple]*stream{}
	readRecords(t, file, snaplen, func(r record) {
		var seg decode.Segment
		outcome := d.Decode(ethernet, r.data, r.wireLen, r.time, &seg)
		if outcome != decode.TCP || seg.Marks&(decode.BadChecksum|decode.OptionsCut) != 0 {
			t.Fatalf("packet %d: outcome %v, %+v", seen.packets, outcome, seg)
		}
		if seen.packets == 0 {
			seen.first = r.time
		}
		if r.time < seen.last {
			t.Fatalf("packet %d: time goes back", seen.packets)
		}
		seen.last = r.time
		seen.packets++

		key, from := tuple{seg.Src, seg.SrcPort, seg.Dst, seg.DstPort}, Client
		if seg.SrcPort < seg.DstPort {
			key, from = tuple{seg.Dst, seg.DstPort, seg.Src, seg.SrcPort}, Server
		}
		s := current[key]
		first := seg.Flags.Has(decode.SYN) && !seg.Flags.Has(decode.ACK)
		if s == nil || first && seg.Seq != s.ends[Client].isn {
			s = &stream{clientPort: key.port, first: r.time}
			current[key] = s
			seen.streams = append(seen.streams, s)
		}
		s.last = r.time
		s.see(t, from, &seg)
	})
	seen.concurrency()
	return seen
}

// see takes in one segment of from.
func (s *stream) see(t *testing.T, from Party, seg *decode.Segment) {
	t.Helper()
	e, other := &s.ends[from], &s.ends[from.other()]
	refusal := seg.Flags.Has(decode.RST|decode.ACK) && !e.any
	if !e.any {
		e.any = true
		e.isn, e.nxt = seg.Seq, seg.Seq
	}
	if e.nxt.Before(seg.Seq) {
		t.Errorf("%v sends %d, %d is next", from, seg.Seq, e.nxt)
	}
	if seg.Seq.Before(e.nxt) && seg.Len > 0 {
		s.resent++
	}
	e.nxt = e.nxt.Max(seg.End())
	if seg.Marks&decode.HasTimestamp != 0 {
		e.ts = seg.TSVal
	}
	if seg.Flags.Has(decode.ACK) {
		if other.any && other.nxt.Before(seg.Ack) {
			t.Errorf("%v acknowledges %d, only %d has been sent", from, seg.Ack, other.nxt)
		}
		e.ack = seg.Ack
	}
	switch {
	case seg.Flags.Has(decode.SYN | decode.ACK):
		s.synack++
	case seg.Flags.Has(decode.SYN):
		s.syn++
	case seg.Flags.Has(decode.FIN):
		if !e.hasFIN {
			e.hasFIN, e.fin, e.finAck = true, seg.End(), seg.Ack
		}
	case seg.Flags.Has(decode.RST):
		s.rst++
		s.rstBy = from
		if !refusal && seg.Seq != other.ack && other.any && other.ack != 0 {
			// Data may be on its way unacknowledged, never more.
			if seg.Seq.Before(other.ack) {
				t.Errorf("%v resets at %d, the peer expects %d", from, seg.Seq, other.ack)
			}
		}
		s.rstCounted = s.rstCounted || !s.acked(Client) || !s.acked(Server)
	}
}

// acked reports whether the FIN of p has been acknowledged.
func (s *stream) acked(p Party) bool {
	return s.ends[p].hasFIN && s.ends[p.other()].ack == s.ends[p].fin
}

func (s *stream) midStream() bool { return s.syn == 0 }

// judge names the verdict and who closed first, by finscope's published rules.
func (s *stream) judge() (verdict, closedFirst string) {
	client, server := &s.ends[Client], &s.ends[Server]
	// An end whose FIN acknowledges the other's had seen it.
	clientSaw := client.hasFIN && server.hasFIN && client.finAck == server.fin
	serverSaw := client.hasFIN && server.hasFIN && server.finAck == client.fin
	first := "none"
	switch {
	case client.hasFIN && server.hasFIN && !clientSaw && !serverSaw:
		first = "both"
	case client.hasFIN && !clientSaw:
		first = "client"
	case server.hasFIN && !serverSaw:
		first = "server"
	}
	switch {
	case s.syn > 0 && s.synack == 0 && s.rst > 0:
		return "refused", first
	case s.syn > 0 && s.synack == 0:
		return "no-reply", first
	case s.rstCounted:
		if first == "none" {
			first = s.rstBy.String()
		}
		return "reset", first
	case s.acked(Client) && s.acked(Server) && first == "both":
		return "simultaneous", first
	case s.acked(Client) && s.acked(Server):
		return "graceful", first
	case client.hasFIN && server.hasFIN:
		return "last-ack-missing", first
	case s.acked(Client) || s.acked(Server):
		return "half-closed", first
	case client.hasFIN || server.hasFIN:
		return "unanswered", first
	}
	return "open", first
}

// concurrency counts how many streams are between their first and last packets at the start of each.
func (seen *sighting) concurrency() {
	type change struct {
		at   int64
		by   int
		rank int // ends before starts of the same instant: a slot goes on with its next connection
	}
	var changes []change
	for _, s := range seen.streams {
		changes = append(changes, change{s.first, +1, 1}, change{s.last, -1, 0})
	}
	slices.SortFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank))
	})
	open := 0
	seen.low = len(seen.streams)
	for i, c := range changes {
		open += c.by
		seen.peak = max(seen.peak, open)
		if i > len(changes)/4 && i < len(changes)*3/4 {
			seen.low = min(seen.low, open)
		}
	}
}
