package pkttest

import (
	"reflect"
	"strings"
	"testing"

	"finscope/internal/decode"
	"finscope/reassembly"
)

const closeScript = `== client first
P0
> F. 101:101(0) ack 201    FIN_WAIT_1 ESTABLISHED
x< . 201:201(0) ack 102
< F. 201:201(0) ack 102    FIN_WAIT_2 LAST_ACK
> .  102:102(0) ack 202    TIME_WAIT CLOSED
> .  102:102(0) ack 202 same
+0.5 < R 202:202(0) win 3
end +2
= graceful, client first
`

func TestPlay(t *testing.T) {
	s := parseOne(t, closeScript)
	c := s.Play(Variant{ISN: [2]reassembly.Seq{1<<32 - 101, 5000}})
	if len(c.Packets) != 12 {
		t.Fatalf("%d packets, want 12: the lost one is not captured", len(c.Packets))
	}
	fin, ack, again, rst := c.Packets[7], c.Packets[9], c.Packets[10], c.Packets[11]
	if fin.Seg.Seq != 0 || fin.Seg.Ack != 5201 || !fin.Left || fin.Frame != 8 {
		t.Errorf("FIN: %+v", fin)
	}
	if ack.Seg.Seq != 1 || ack.Seg.SrcPort != clientPort || ack.Seg.DstPort != serverPort {
		t.Errorf("ACK: %+v", ack)
	}
	if again.Seg != ack.Seg || again.Time-ack.Time != int64(copyStep) {
		t.Errorf("the copy differs: %+v", again)
	}
	if rst.Seg.IPID != 0 || rst.Seg.Marks&decode.HasTimestamp != 0 || rst.Seg.Window != 3 || rst.Time-again.Time != 5e8 {
		t.Errorf("RST: %+v", rst)
	}
	if c.End != rst.Time+2e9 {
		t.Errorf("the capture ends %d ns after its last packet", c.End-rst.Time)
	}
	ids := map[uint32]bool{}
	for _, p := range c.Packets[:10] {
		if p.Seg.IPID != 0 && ids[p.Seg.IPID] {
			t.Errorf("frame %d has the identification of another", p.Frame)
		}
		ids[p.Seg.IPID] = true
	}
}

func TestPlaySwapped(t *testing.T) {
	s := parseOne(t, closeScript)
	for _, v := range []Variant{{}, {Swap: true}, {V6: true}, {V6: true, Swap: true}} {
		c := s.Play(v)
		seg := c.Packets[0].Seg
		if got := seg.Src.Netip(); got != v.LeftAddr() {
			t.Errorf("%+v: the SYN comes from %v, want %v", v, got, v.LeftAddr())
		}
		if low := seg.Src.Netip().Less(seg.Dst.Netip()); low == v.Swap {
			t.Errorf("%+v: %v to %v", v, seg.Src.Netip(), seg.Dst.Netip())
		}
		if v.V6 && (seg.IPID != 0 || seg.Src.Is4()) {
			t.Errorf("%+v: identification %d, %v", v, seg.IPID, seg.Src.Netip())
		}
	}
}

func TestPlayMirrored(t *testing.T) {
	s := parseOne(t, closeScript)
	if !s.Mirrors() {
		t.Fatal("the roles can be exchanged")
	}
	c := s.Play(Variant{Mirror: true})
	for i, left := range []bool{true, false, true, false, true, true, false, false, true, false} {
		if c.Packets[i].Left != left {
			t.Errorf("frame %d: from the left is %v, want %v", i+1, c.Packets[i].Left, left)
		}
	}
	m := s.Mirrored()
	if m.Packets[7].States != [2]string{"ESTABLISHED", "FIN_WAIT_1"} {
		t.Errorf("states are not exchanged: %v", m.Packets[7].States)
	}
	if got := m.Packets[0].States; got != s.Packets[0].States {
		t.Errorf("the opening is exchanged: %v", got)
	}
}

func TestOrders(t *testing.T) {
	s := parseOne(t, `== x
> S  0:0(0)
< S. 0:0(0) ack 1
> .  1:1(0) ack 1
+1 > P. 1:2(1) ack 1
x< . 1:1(0) ack 2
< .  1:1(0) ack 2
> P. 2:3(1) ack 1
+1 < F. 1:1(0) ack 3
= open, ends - -
`)
	want := [][]int{{0, 1, 2, 3, 5, 4, 6}, {0, 1, 2, 4, 3, 5, 6}}
	if got := s.Orders(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c := s.Play(Variant{Order: want[1]})
	if c.Packets[3].Packet != 5 || c.Packets[4].Packet != 3 || c.Packets[3].Time >= c.Packets[4].Time || c.Packets[3].Frame != 4 {
		t.Errorf("frames 4 and 5: %+v %+v", c.Packets[3], c.Packets[4])
	}
	s.Ordered = "why not"
	if got := s.Orders(); got != nil {
		t.Errorf("got %v of an ordered script", got)
	}
}

func TestOrdersOfALongBurst(t *testing.T) {
	text := "== x\n"
	for range 5 {
		text += "> . 1:1(0) ack 1\n< . 1:1(0) ack 1\n"
	}
	if got := len(parseOne(t, text+"= open, ends - -\n").Orders()); got != 19 {
		t.Errorf("%d orders of the last six packets, want 6!/(3!3!) - 1", got)
	}
}

func TestFormat(t *testing.T) {
	s := parseOne(t, closeScript)
	got := Got{States: map[int][2]string{7: s.Packets[7].States, 9: {"CLOSING", "LAST_ACK"}}, Flows: []Expect{s.Expect[0]}}
	if s.Meets(got) {
		t.Error("a state differs, but it meets the script")
	}
	text := s.Format(got)
	if !strings.Contains(text, "got CLOSING LAST_ACK") || strings.Contains(text, "want  =") {
		t.Errorf("printed:\n%s", text)
	}
	got.States = nil
	if !s.Meets(got) {
		t.Errorf("nothing differs, but it does not meet the script:\n%s", s.Format(got))
	}
	got.Flows[0].Doubts = []string{"gap"}
	if s.Meets(got) {
		t.Error("a doubt too many, but it meets the script")
	}
	if text := s.Format(got); !strings.Contains(text, "got   = graceful, client first, by fin, ends TIME_WAIT CLOSED, holds client, doubts gap") {
		t.Errorf("printed:\n%s", text)
	}
}

func TestMeetsFindings(t *testing.T) {
	s := parseOne(t, closeScript+"! lost-ack\n")
	found := s.Expect[0]
	found.Findings = []string{"half-close"}
	got := Got{Flows: []Expect{found}}
	if !s.Meets(got) {
		t.Errorf("findings are compared although nobody asked:\n%s", s.Format(got))
	}
	got.Findings = true
	if s.Meets(got) {
		t.Error("a finding is missing, but it meets the script")
	}
	if text := s.Format(got); !strings.Contains(text, "! lost-ack\n") || !strings.Contains(text, "! half-close\n") {
		t.Errorf("printed:\n%s", text)
	}
	got.Flows[0].Findings = []string{"half-close", "lost-ack"}
	if s.Meets(got) {
		t.Error("a finding too many, but it meets the script")
	}
	got.Flows[0].Findings = []string{"lost-ack"}
	if !s.Meets(got) {
		t.Errorf("it does not meet the script:\n%s", s.Format(got))
	}
	got.Groups = []string{"capture-loss"}
	if text := s.Format(got); s.Meets(got) || !strings.Contains(text, "got   !! capture-loss") {
		t.Errorf("a finding across connections too many:\n%s", text)
	}
}
