package pkttest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"finscope/internal/decode"
)

// parseOne parses a file that holds one script.
func parseOne(t *testing.T, text string) *Script {
	t.Helper()
	scripts, err := Parse("test.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) != 1 {
		t.Fatalf("%d scripts, want 1", len(scripts))
	}
	return scripts[0]
}

func TestParsePacket(t *testing.T) {
	plain := Packet{Line: 2, Delay: step, Window: -1, WScale: -1, ID: -1, TTL: -1, TSVal: -1}
	with := func(change func(*Packet)) Packet {
		p := plain
		change(&p)
		return p
	}
	for _, c := range []struct {
		line string
		want Packet
	}{
		{"> S 0:0(0)", with(func(p *Packet) { p.Flags = decode.SYN })},
		{"< F. 201:201(0) ack 101", with(func(p *Packet) {
			p.Side, p.Flags, p.Seq, p.Ack = Right, decode.FIN|decode.ACK, 201, 101
		})},
		{"> FPUEWe. 1:11(10) ack 7", with(func(p *Packet) {
			p.Flags = decode.FIN | decode.PSH | decode.URG | decode.ECE | decode.CWR | decode.AE | decode.ACK
			p.Seq, p.Len, p.Ack = 1, 10, 7
		})},
		{"x> R 4294967295:9(10)", with(func(p *Packet) { p.Lost, p.Flags, p.Seq, p.Len = true, decode.RST, 1<<32-1, 10 })},
		{"+0.25 x< R 1:1(0)", with(func(p *Packet) {
			p.Side, p.Lost, p.Flags, p.Seq = Right, true, decode.RST, 1
			p.Delay, p.Pause = 250*time.Millisecond, true
		})},
		{"> . 1:1(0) ack 1 win 7 id 9 ttl 3 ts 5 LAST_ACK -", with(func(p *Packet) {
			p.Flags, p.Seq, p.Ack, p.Window, p.ID, p.TTL, p.TSVal = decode.ACK, 1, 1, 7, 9, 3, 5
			p.States = [2]string{"LAST_ACK", "-"}
		})},
		{"> S 0:0(0) wscale 3 nots nosack tfo mptcp", with(func(p *Packet) {
			p.NoSACK = true
			p.Flags, p.WScale, p.NoTS, p.Marks = decode.SYN, 3, true, decode.HasFastOpen|decode.HasMPTCP
		})},
		{"> S 0:0(0) wscale none", with(func(p *Packet) { p.Flags, p.NoWScale = decode.SYN, true })},
		{"> . 1:1(0) ack 1 sack 5:6,8:10", with(func(p *Packet) {
			p.Flags, p.Seq, p.Ack, p.SACK = decode.ACK, 1, 1, []Range{{5, 6}, {8, 10}}
		})},
		{"> . 1:1(0) ack 1 datafin badsum cut", with(func(p *Packet) {
			p.Flags, p.Seq, p.Ack = decode.ACK, 1, 1
			p.Marks = decode.HasMPTCP | decode.HasDataFIN | decode.BadChecksum | decode.OptionsCut
		})},
		{"> R 1:1(0) stack", with(func(p *Packet) { p.Flags, p.Seq, p.ID, p.Window, p.NoTS = decode.RST, 1, 0, 0, true })},
		{"> S 0:0(0) returned port", with(func(p *Packet) { p.Flags, p.Returned = decode.SYN, decode.PortUnreachable })},
		{"> R 1:1(0) mini", with(func(p *Packet) { p.Flags, p.Seq, p.ID = decode.RST, 1, 0 })},
	} {
		s := parseOne(t, "== x\n"+c.line+"\n= open, ends - -\n")
		if got := s.Packets[0]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", c.line, got, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"text before the first title", "# fine\n> S 0:0(0)\n", `test.txt:2: "> S 0:0(0)" before the first title`},
		{"no packets", "== x\n= open\n", `test.txt:1: "x" has no packets`},
		{"no verdict", "== x\n> S 0:0(0) SYN_SENT -\n== y\n", `test.txt:1: "x" has no verdict`},
		{"no final states", "== x\n> S 0:0(0)\n= open\n", "test.txt:3: no packet says the final states"},
		{"arrow", "== x\n-> S 0:0(0)\n", `test.txt:2: unknown line: it starts with "->"`},
		{"too short", "== x\n> S\n", "test.txt:2: not a packet"},
		{"unknown flag", "== x\n> Q 0:0(0)\n", `test.txt:2: flags "Q"`},
		{"flag twice", "== x\n> SS 0:0(0)\n", `test.txt:2: flags "SS"`},
		{"numbers", "== x\n> S 0-0\n", `test.txt:2: write numbers as SEQ:END(LEN), not "0-0"`},
		{"sum", "== x\n> . 1:5(3) ack 1\n", `test.txt:2: "1:5(3)" does not add up`},
		{"ACK flag without number", "== x\n> F. 1:1(0)\n", "test.txt:2: the flag . and an ack number go together"},
		{"number without ACK flag", "== x\n> F 1:1(0) ack 1\n", "test.txt:2: the flag . and an ack number go together"},
		{"option", "== x\n> S 0:0(0) foo\n", `test.txt:2: unknown option or state "foo"`},
		{"one state only", "== x\n> S 0:0(0) SYN_SENT\n", `test.txt:2: unknown option or state "SYN_SENT"`},
		{"option without number", "== x\n> S 0:0(0) win\n", "test.txt:2: win needs a number"},
		{"option out of range", "== x\n> S 0:0(0) ttl 256\n", "test.txt:2: ttl takes a number up to 255"},
		{"wscale out of range", "== x\n> S 0:0(0) wscale 15\n", "test.txt:2: wscale takes a number up to 14"},
		{"SACK", "== x\n> . 1:1(0) ack 1 sack 9\n", "test.txt:2: write SACK blocks as L:R[,L:R]"},
		{"SACK backwards", "== x\n> . 1:1(0) ack 1 sack 9:9\n", "test.txt:2: write SACK blocks"},
		{"SACK without blocks", "== x\n> . 1:1(0) ack 1 sack\n", "test.txt:2: sack needs L:R"},
		{"copy of nothing", "== x\n> S 0:0(0) same\n", "test.txt:2: a copy of nothing"},
		{"delay", "== x\n+x > S 0:0(0)\n", `test.txt:2: write a delay as +SECONDS, not "+x"`},
		{"end", "== x\nend 5\n", `test.txt:2: write a delay as +SECONDS, not "5"`},
		{"flow", "== x\nflow 3\n", "test.txt:2: write flow N"},
		{"flow on a later one", "== x\nflow 2 as 2\n", "test.txt:2: write flow N"},
		{"flow defined again", "== x\nflow 1 isn 1 1\n", "test.txt:2: flow 1 exists"},
		{"flow with rubbish", "== x\nflow 2 on 1\n", "test.txt:2: write flow N"},
		{"P0 with rubbish", "== x\nP0 1\n", "test.txt:2: P0 stands alone"},
		{"todo without reason", "== x\ntodo\n", "test.txt:2: say why: todo REASON"},
		{"verdict", "== x\nP0\n= fine\n", `test.txt:3: unknown verdict "fine"`},
		{"clause", "== x\nP0\n= open, nobody first\n", `test.txt:3: unknown clause "nobody first"`},
		{"empty clause", "== x\nP0\n= open,\n", `test.txt:3: unknown clause ""`},
		{"TIME_WAIT end", "== x\nP0\n= open, holds client maybe\n", `test.txt:3: unknown clause "holds client maybe"`},
		{"half-close octets", "== x\nP0\n= open, half-close client many\n", `test.txt:3: unknown clause`},
		{"reset without by", "== x\nP0\n= reset, client first\n", "test.txt:3: the verdict reset needs the clauses"},
		{"finding without verdict", "== x\nP0\n! lost-ack\n", "test.txt:3: a finding before any verdict"},
		{"finding with rubbish", "== x\nP0\n= open\n! lost ack\n", "test.txt:4: write ! CODE"},
	} {
		_, err := Parse("test.txt", c.text)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestParseScript(t *testing.T) {
	s := parseOne(t, `# About these scripts.

== 7 a title
# why
v6
ordered because
unmirrored indeed
todo later
P0
> P. 101:111(10) ack 201
flow 2 as 1 isn 5 6
> S 0:0(0)   SYN_SENT -
end +2.5
= open
! peer-vanished
= no-reply, stream 3
`)
	if s.Title != "7 a title" || s.Line != 3 || !s.V6 || s.Ordered != "because" || s.Unmirrored != "indeed" || s.Todo != "later" || s.After != 2500*time.Millisecond {
		t.Errorf("got %+v", s)
	}
	if n := len(s.Packets); n != 9 {
		t.Fatalf("%d packets, want the 7 of P0 and 2", n)
	}
	if p := s.Packets[7]; !p.Pause || p.Delay != preludePause {
		t.Errorf("no pause after P0: %+v", p)
	}
	if want := []FlowDef{{}, {0, [2]uint32{5, 6}}}; !reflect.DeepEqual(s.Flows, want) {
		t.Errorf("flows %v, want %v", s.Flows, want)
	}
	if e := s.Expect[0]; e.Ends != [2]string{"ESTABLISHED", "ESTABLISHED"} || e.First != "none" || !reflect.DeepEqual(e.Findings, []string{"peer-vanished"}) {
		t.Errorf("first verdict: %+v", e)
	}
	if e := s.Expect[1]; e.Ends != [2]string{"SYN_SENT", "-"} || e.Stream != 3 {
		t.Errorf("second verdict: %+v", e)
	}
	if s.Mirrors() {
		t.Error("the roles of this script must not be exchanged")
	}
}
