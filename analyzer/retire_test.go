package analyzer

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// What is said of services, hosts, TIME_WAIT and connections with findings does not depend on whether the other connections
// are kept, nor on the number of shards.
func TestFindingsOnlyChangesNothing(t *testing.T) {
	name := benchCapture(t, "a", 6000)
	want, err := ReadFile(context.Background(), name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for jobs := 1; jobs <= 3; jobs++ {
		got, err := ReadFile(context.Background(), name, Options{FindingsOnly: true, Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		sameReport(t, got, want)
		if n := len(got.flows); n > len(want.flows)*2/3 {
			t.Errorf("%d of %d connections are kept", n, len(want.flows))
		}
		if n, most := count(want.Marked()), Examples*len(exampleRecords(want.Flows())); n > most {
			t.Errorf("%d connections are marked, want at most %d", n, most)
		}
		if t.Failed() {
			t.Fatalf("with %d jobs", jobs)
		}
	}
}

// Neither does it where ports are used again and again, in TIME_WAIT and after it.
func TestFindingsOnlyWithReuse(t *testing.T) {
	gone := 0
	for seed := range uint64(12) {
		p := newPlay(seed)
		for port := range uint16(6) {
			u := &tuple{p: p, port: 40000 + port, now: p.rng.IntN(3000)}
			u.live(30000 + p.rng.IntN(30000))
		}
		slices.SortStableFunc(p.packets, func(a, b packet) int { return int(a.time - b.time) })
		want := analyzePackets(t, p.packets)
		got := analyzePacketsAs(t, p.packets, Options{FindingsOnly: true})
		if got.Summary.LatePackets > 0 {
			t.Fatalf("seed %d: %d late packets: the model sends none", seed, got.Summary.LatePackets)
		}
		sameReport(t, got, want)
		gone += len(want.flows) - len(got.flows)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if gone == 0 {
		t.Error("no connection was retired")
	}
}

func sameReport(t *testing.T, got, want *Report) {
	t.Helper()
	if g, w := got.Summary, want.Summary; !reflect.DeepEqual(g, w) {
		t.Errorf("summary %+v\nwant %+v", g, w)
	}
	if g, w := got.Services, want.Services; !reflect.DeepEqual(g, w) {
		t.Errorf("services %+v\nwant %+v", g, w)
	}
	if g, w := got.TimeWait, want.TimeWait; !reflect.DeepEqual(g, w) {
		t.Errorf("TIME_WAIT %+v\nwant %+v", g, w)
	}
	if g, w := got.Findings, want.Findings; !reflect.DeepEqual(g, w) {
		t.Errorf("findings %+v\nwant %+v", g, w)
	}
	g, w := exampleRecords(got.Marked()), exampleRecords(want.Flows())
	for k := range w {
		if !reflect.DeepEqual(g[k], w[k]) {
			t.Errorf("%v: %d examples, want the %d with the lowest stream numbers", k, len(g[k]), len(w[k]))
		}
	}
}

func count(flows iter.Seq[*Flow]) (n int) {
	for range flows {
		n++
	}
	return n
}

// A packet that comes when its connection has been over for long belongs to it and changes nothing, whether the records
// of the connection were given back by then or not; a SYN starts the next connection.
func TestLatePackets(t *testing.T) {
	for _, busy := range []bool{false, true} {
		w := closedWorld(t, busy)
		end := w[len(w)-1].time
		late := w[5]
		late.time = end + 123e9
		w = append(w, late)
		syn := w[0]
		syn.time = end + 124e9
		syn.seg.Seq += 1 << 20
		w = append(w, syn)
		r := analyzePacketsAs(t, w, Options{FindingsOnly: true})
		if r.Summary.LatePackets != 1 {
			t.Errorf("busy %v: %d late packets, want 1", busy, r.Summary.LatePackets)
		}
		n := 2
		if busy {
			n += others
		}
		if r.Summary.Flows != n {
			t.Errorf("busy %v: %d connections, want %d", busy, r.Summary.Flows, n)
		}
		if _, kept := r.Flow(0); kept {
			t.Errorf("busy %v: the connection that is over is kept", busy)
		}
		if _, kept := r.Flow(n - 1); !kept {
			t.Errorf("busy %v: the one that has just begun is not kept", busy)
		}
	}
}

// A SYN that nobody answered leaves nothing behind in a session, not even its place in the table.
func TestSessionForgetsUnanswered(t *testing.T) {
	const syns, rate = 6000, 10 // 10 minutes
	s, err := NewSession("test", Options{})
	if err != nil {
		t.Fatal(err)
	}
	sh := s.run.shards[0]
	for i := range syns {
		p := packet{frame: uint64(i + 1), time: 1e18 + int64(i)*1e9/rate}
		p.seg.Src, p.seg.Dst = decode.Addr{Lo: 0xffff_c0000201 + uint64(i)<<8}, decode.Addr{Lo: 0xffff_0a000001}
		p.seg.SrcPort, p.seg.DstPort, p.seg.Flags, p.seg.Window = 1024, 80, decode.SYN, 1024
		enter(sh, &p)
		s.run.end = p.time
	}
	alive := int(sh.retired.after/1e9) * rate
	if n := sh.table.used; n > 3*alive/2 {
		t.Errorf("%d of %d SYNs have a place, want about %d", n, syns, alive)
	}
	if n := len(sh.retired.graves.all); n > 0 {
		t.Errorf("%d wait to be forgotten", n)
	}
	if got := s.Report().Summary; got.Verdicts[NoReply] != syns || got.Flows != syns {
		t.Errorf("%d connections, %v; want %d without a reply", got.Flows, got.Verdicts, syns)
	}
}

const others = 50

// closedWorld is a connection that was closed, and if busy is set others afterwards, so that the shard comes round to give
// its records back.
func closedWorld(t *testing.T, busy bool) []packet {
	t.Helper()
	c, s := decode.Addr{Lo: 0xffff_c0000201}, decode.Addr{Lo: 0xffff_c0000202}
	var all []packet
	send := func(at int64, fromClient bool, port uint16, flags decode.Flags, seq, ack uint32) {
		p := packet{time: at}
		p.seg.Src, p.seg.Dst, p.seg.SrcPort, p.seg.DstPort = c, s, port, 80
		if !fromClient {
			p.seg.Src, p.seg.Dst, p.seg.SrcPort, p.seg.DstPort = s, c, 80, port
		}
		p.seg.Flags, p.seg.Window = flags, 65535
		p.seg.Seq, p.seg.Ack = reassembly.Seq(seq), reassembly.Seq(ack)
		all = append(all, p)
	}
	send(1e9, true, 40000, decode.SYN, 100, 0)
	send(1e9+1e6, false, 40000, decode.SYN|decode.ACK, 300, 101)
	send(1e9+2e6, true, 40000, decode.ACK, 101, 301)
	send(2e9, true, 40000, decode.FIN|decode.ACK, 101, 301)
	send(2e9+1e6, false, 40000, decode.FIN|decode.ACK, 301, 102)
	send(2e9+2e6, true, 40000, decode.ACK, 102, 302)
	if busy {
		for i := range others {
			send(3e9+int64(i)*2e9+24e9, true, 50000+uint16(i), decode.SYN, 1000, 0)
		}
	}
	return all
}

// exampleRecords returns the first records with each finding of each severity.
func exampleRecords(flows iter.Seq[*Flow]) map[kind][]*Flow {
	out := map[kind][]*Flow{}
	for f := range flows {
		seen := map[kind]bool{}
		for i := range f.Findings {
			k := kind{f.Findings[i].Code, f.Findings[i].Severity}
			if !seen[k] && len(out[k]) < Examples {
				out[k] = append(out[k], f)
			}
			seen[k] = true
		}
	}
	return out
}
