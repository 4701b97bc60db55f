package lab

import (
	"testing"
	"time"

	"finscope/analyzer"
)

// passing is a packet of one side: when it left its host, whether it passed the tap (5 ms later), and whether it arrived.
type passing struct {
	side         Side
	at           Moment // ms
	seg          Segment
	tap, arrived bool
}

// comparing makes a comparison at the tap of the server's side of the middle.
func comparing(flow *analyzer.Flow, client *Life, packets ...passing) *comparison {
	const ms = 1e6
	w := &onWire{packets: map[Side][]wirePacket{}, at: map[Tap]map[uint64]Moment{AtMidServer: {}}}
	for i, p := range packets {
		p.seg.hash = uint64(i + 1)
		w.packets[p.side] = append(w.packets[p.side], wirePacket{p.at * ms, p.seg, true})
		if p.arrived {
			w.packets[p.side.other()] = append(w.packets[p.side.other()], wirePacket{(p.at + 10) * ms, p.seg, false})
		}
		if p.tap {
			w.at[AtMidServer][p.seg.hash] = (p.at + 5) * ms
		}
	}
	return &comparison{t: &Truth{}, c: &Connection{Client: client}, w: w, v: &View{Tap: AtMidServer, Flow: flow}}
}

func TestLostReset(t *testing.T) {
	flow := &analyzer.Flow{Reset: &analyzer.Reset{By: analyzer.ServerSide, Accepted: true, Time: time.Unix(0, 105e6)}}
	rst := passing{side: Server, at: 100, seg: Segment{Flags: flagRST | flagACK, Seq: 51}, tap: true}
	data := passing{side: Server, at: 99, seg: Segment{Flags: flagACK, Seq: 1, Payload: 50}, tap: true, arrived: true}
	for _, c := range []struct {
		name    string
		packets func() []passing
		want    bool
	}{
		{"it never came", func() []passing { return []passing{data, rst} }, true},
		{"it came", func() []passing { r := rst; r.arrived = true; return []passing{data, r} }, false},
		{"one came later that could not be believed", func() []passing {
			return []passing{data, rst, {side: Server, at: 101, seg: Segment{Flags: flagRST, Seq: 20}, tap: true, arrived: true}}
		}, true},
		{"it came, and the data before it did not", func() []passing {
			r, d := rst, data
			r.arrived, d.arrived = true, false
			return []passing{d, r}
		}, true},
		{"its receiver sent something that passed", func() []passing {
			return []passing{data, rst, {side: Client, at: 300, seg: Segment{Flags: flagACK}, tap: true}}
		}, false},
		{"its receiver had sent something before", func() []passing {
			return []passing{data, rst, {side: Client, at: 102, seg: Segment{Flags: flagACK}, tap: true}}
		}, true},
	} {
		if got := comparing(flow, &Life{Side: Client}, c.packets()...).lostReset(Client); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestLostAck(t *testing.T) {
	waits := &Life{Side: Client, Visits: []Visit{{State: "ESTABLISHED"}, {State: "LAST_ACK"}}}
	fin := passing{side: Client, at: 10, seg: Segment{Flags: flagFIN | flagACK, Seq: 100}, tap: true, arrived: true}
	ack := passing{side: Server, at: 30, seg: Segment{Flags: flagACK, Ack: 101}, tap: true}
	came := ack
	came.arrived = true
	early := ack
	early.seg.Ack = 100
	again := fin
	again.at = 300
	for _, c := range []struct {
		name    string
		life    *Life
		packets []passing
		want    bool
	}{
		{"it never came", waits, []passing{fin, ack}, true},
		{"it came", waits, []passing{fin, came}, false},
		{"it does not cover the FIN", waits, []passing{fin, early}, false},
		{"the FIN came again", waits, []passing{fin, ack, again}, false},
		{"nobody waits for it", &Life{Side: Client, Visits: []Visit{{State: "TIME_WAIT"}}}, []passing{fin, ack}, false},
	} {
		if got := comparing(nil, c.life, c.packets...).lostAck(Client); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
