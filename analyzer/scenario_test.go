package analyzer

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"finscope/analyzer/pkttest"
	"finscope/internal/decode"
	"finscope/reassembly"
)

// TestScenarios plays every script of testdata/scenarios in every way that ought to make no difference. The notation is
// explained in package pkttest.
func TestScenarios(t *testing.T) {
	for _, s := range allScripts(t) {
		t.Run(s.Title, func(t *testing.T) { runScript(t, s) })
	}
}

// allScripts returns the scripts of testdata/scenarios.
func allScripts(t *testing.T) (all []*pkttest.Script) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts, err := pkttest.Parse(file, string(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scripts...)
	}
	return all
}

// runScript plays one script.
func runScript(t *testing.T, s *pkttest.Script) {
	failure := playAll(t, s)
	switch {
	case s.Todo != "" && failure == "":
		t.Errorf("%s:%d: passes now: take the todo line out (%s)", s.File, s.Line, s.Todo)
	case s.Todo != "":
		t.Skipf("todo: %s", s.Todo)
	case failure != "":
		t.Error(failure)
	}
}

// playAll plays a script in all variants and describes the first failure.
func playAll(t *testing.T, s *pkttest.Script) string {
	asWritten := pkttest.Variant{ISN: plainISNs()}
	if got := analyze(t, s, asWritten); !s.Meets(got) {
		return "as written:\n" + s.Format(got)
	}
	for _, v := range variants(s, asWritten) {
		want := s
		if v.Mirror {
			want = s.Mirrored()
		}
		if v.Order != nil {
			want = want.EndOnly()
		}
		if got := analyze(t, want, v.Variant); !want.Meets(got) {
			return v.name + ":\n" + want.Format(got)
		}
	}
	if s.Ordered != "" {
		t.Logf("not permuted: %s", s.Ordered)
	}
	return ""
}

// plainISNs returns ISNs under which nothing wraps.
func plainISNs() [2]reassembly.Seq { return [2]reassembly.Seq{0x1a2b3c4d, 0x5e6f7081} }

// namedVariant is a way to play a script.
type namedVariant struct {
	name string
	pkttest.Variant
}

// variants returns all the ways to play a script but the first.
func variants(s *pkttest.Script, base pkttest.Variant) []namedVariant {
	var out []namedVariant
	for _, isn := range isns(s, base.ISN) {
		v := base
		v.ISN = isn
		out = append(out, namedVariant{fmt.Sprintf("with ISNs %#x and %#x", isn[0], isn[1]), v})
	}
	swapped := base
	swapped.Swap = true
	out = append(out, namedVariant{"with addresses exchanged", swapped})
	v6 := base
	v6.V6 = true
	out = append(out, namedVariant{"over IPv6", v6})
	if s.Mirrors() {
		m := base
		m.Mirror = true
		out = append(out, namedVariant{"with roles exchanged", m})
	}
	for _, order := range s.Orders() {
		p := base
		p.Order = order
		out = append(out, namedVariant{fmt.Sprintf("captured in the order %v", order), p})
		p.ISN = isns(s, base.ISN)[bothFINsZero]
		out = append(out, namedVariant{fmt.Sprintf("captured in the order %v, the FINs are numbers 0", order), p})
		if s.Mirrors() {
			p.ISN, p.Mirror = base.ISN, true
			out = append(out, namedVariant{fmt.Sprintf("captured in the order %v, with roles exchanged", order), p})
		}
	}
	return out
}

// bothFINsZero is the index of the pair of isns under which both FINs are number 0.
const bothFINsZero = 2

// isns returns pairs of ISNs that put the FINs, the data and the SYNs of a script at and around 2^32.
func isns(s *pkttest.Script, base [2]reassembly.Seq) [][2]reassembly.Seq {
	fin := [2]uint32{1, 1} // where each side's FIN stands
	for i := range s.Packets {
		p := &s.Packets[i]
		if p.Flow == 0 && p.Flags.Has(decode.FIN) && fin[p.Side] == 1 {
			fin[p.Side] = p.Seq + p.Len
		}
	}
	var out [][2]reassembly.Seq
	for _, choose := range []func(fin uint32) uint32{
		func(fin uint32) uint32 { return -fin },            // the FIN is number 0
		func(fin uint32) uint32 { return -fin - 1 },        // the FIN is the last number before 0
		func(uint32) uint32 { return 1<<32 - 50 },          // the data cross 2^32
		func(uint32) uint32 { return 1<<32 - 1 },           // the SYN is the last number before 0
		func(uint32) uint32 { return 0 },                   // the SYN is number 0
		func(fin uint32) uint32 { return 1<<31 - fin - 1 }, // the FIN is the last positive number
	} {
		l, r := reassembly.Seq(choose(fin[0])), reassembly.Seq(choose(fin[1]))
		out = append(out, [2]reassembly.Seq{l, base[1]}, [2]reassembly.Seq{base[0], r}, [2]reassembly.Seq{l, r})
	}
	return out
}

// maxTraced is how many streams of a script are traced: more than any has.
const maxTraced = 16

// analyze plays a script into the analyzer. On the way it checks that the number of jobs makes no difference.
func analyze(t *testing.T, s *pkttest.Script, v pkttest.Variant) pkttest.Got {
	t.Helper()
	cap := s.Play(v)
	trace := make([]int, maxTraced)
	for i := range trace {
		trace[i] = i
	}
	one := enterAll(t, &cap, Options{Jobs: 1, Trace: trace})
	if v.Order == nil && v.ISN == plainISNs() { // what decides on the shard is addresses and ports
		four := enterAll(t, &cap, Options{Jobs: 4})
		if a, b := marshal(t, one), marshal(t, four); a != b {
			t.Errorf("%s:%d: one job and four give different records:\n%s\n%s", s.File, s.Line, a, b)
		}
	}
	v.V6 = v.V6 || s.V6
	got := pkttest.Got{Findings: true, States: statesAfter(one, &cap, v.LeftAddr())}
	for f := range one.Flows() {
		got.Flows = append(got.Flows, observed(f))
	}
	for _, g := range one.Findings {
		switch g.Code {
		case BindBlocked, ServerHoldsTimeWait, PortExhaustion, ReservedPortsExhausted, RefusedWhileTimeWait:
			// Every TIME_WAIT of a server leads to some of these: only scripts that are about them name them.
			if !slices.Contains(s.Groups, string(g.Code)) {
				continue
			}
		}
		got.Groups = append(got.Groups, string(g.Code))
	}
	slices.Sort(got.Groups)
	return got
}

// enterAll does with ready segments what run.read does with a capture.
func enterAll(t *testing.T, cap *pkttest.Capture, opts Options) *Report {
	t.Helper()
	r, err := newRun(opts)
	if err != nil {
		t.Fatal(err)
	}
	var several *queue
	if len(r.shards) > 1 {
		several = newQueue(r.shards...)
	}
	var online []int32 // stream numbers while reading
	for i := range cap.Packets {
		c := &cap.Packets[i]
		if i == 0 {
			r.first = c.Time
		}
		r.frames++
		r.tcp++
		r.end = max(r.end, c.Time)
		r.latest = r.end
		p := packet{frame: r.frames, time: c.Time, seg: c.Seg}
		if several != nil {
			several.add(&p, r.seed)
		} else {
			enter(r.shards[0], &p)
			online = append(online, r.shards[0].current)
		}
		if c.Returned == nil {
			continue
		}
		ret := returned{p.frame, p.time, *c.Returned}
		if several != nil {
			several.batch.putReturned(&ret, ret.hash(r.seed))
		} else {
			r.shards[0].enterReturned(&ret, ret.hash(r.seed))
		}
	}
	if several != nil {
		several.flush()
	}
	r.end = max(r.end, cap.End)
	r.latest = r.end
	rep := r.report(nil, 0, nil)
	if online == nil {
		return rep
	}
	for f := range rep.Flows() {
		if !slices.Contains(online, int32(f.Stream)) {
			t.Errorf("stream %d: no packet had that number while it was read, only %v", f.Stream, online)
		}
	}
	return rep
}

// statesAfter returns the states of left and right end after each packet, by its index in the script.
func statesAfter(rep *Report, cap *pkttest.Capture, left netip.Addr) map[int][2]string {
	out := map[int][2]string{}
	for _, c := range cap.Packets {
		out[c.Packet] = [2]string{"?", "?"} // a packet that no ladder has
	}
	for f := range rep.Flows() {
		rungs, _ := rep.Ladder(f.Stream)
		for _, r := range rungs {
			states := [2]string{spell(r.Client), spell(r.Server)}
			if f.Client.IP != left {
				states[0], states[1] = states[1], states[0]
			}
			out[cap.Packets[r.Frame-1].Packet] = states
		}
	}
	return out
}

// spell writes a state as scripts do.
func spell(s State) string {
	if s == Unknown {
		return "-"
	}
	return s.String()
}

// observed puts a record into the notation of the scripts.
func observed(f *Flow) pkttest.Expect {
	e := pkttest.Expect{
		Stream: f.Stream, Verdict: string(f.Verdict), First: string(f.ClosedFirst), Roles: string(f.Roles),
		Ends: [2]string{spell(f.Client.State), spell(f.Server.State)}, Holds: "none",
	}
	e.FINs = fmt.Sprint(timesSent(f.Client.FIN), " ", timesSent(f.Server.FIN))
	e.Bytes = fmt.Sprint(f.Client.Bytes, " ", f.Server.Bytes)
	if f.ClosedBy != nil {
		e.By = string(*f.ClosedBy)
	}
	for _, tw := range f.TimeWait {
		if e.Holds == "none" {
			e.Holds = string(tw.Holder)
		} else {
			e.Holds = "both"
		}
		e.TimeWait = string(tw.Ended)
	}
	if h := f.HalfClose; h != nil {
		e.HalfClose, e.Octets = string(h.By), h.Bytes
	}
	if r := f.Reset; r != nil {
		e.Reset, e.Before = string(r.By), [2]string{spell(r.ClientState), spell(r.ServerState)}
	}
	for _, d := range f.Doubts {
		e.Doubts = append(e.Doubts, string(d))
	}
	slices.Sort(e.Doubts)
	for _, c := range f.Codes {
		e.Findings = append(e.Findings, string(c))
	}
	return e
}

func timesSent(f *FIN) int {
	if f == nil {
		return 0
	}
	return f.Sent
}

// marshal returns all records as JSON.
func marshal(t *testing.T, rep *Report) string {
	t.Helper()
	out := ""
	for f := range rep.Flows() {
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		out += string(b) + "\n"
	}
	return out
}
