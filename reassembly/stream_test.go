package reassembly

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// whole is a stream with its gaps. Before each call the gaps are spoilt if they are not to count.
type whole struct {
	Stream
	g Gaps
}

func (w *whole) gaps() *Gaps {
	if !w.HasGaps() {
		w.g.beyond, w.g.jump = w.nxt+7, span{w.nxt + 3, w.nxt + 9}
		for i := range w.g.holes {
			w.g.holes[i] = span{w.start + 1, w.nxt}
		}
	}
	return &w.g
}

// Accept holds the short way against the long one.
func (w *whole) Accept(seq, end Seq, room uint32) Kind {
	short, n := w.Stream, uint32(end-seq)
	expected := short.Expects(seq, n)
	if expected {
		short.Continue(n)
	}
	kind := w.Stream.Accept(w.gaps(), seq, end, room)
	if expected && (short != w.Stream || kind != New && kind != Empty || (kind == New) != (n > 0)) {
		panic(fmt.Sprintf("Continue leaves %+v, Accept %v and %+v", short, kind, w.Stream))
	}
	return kind
}

// Ack does so too.
func (w *whole) Ack(ack Seq, room uint32) bool {
	short := w.Stream
	covered := short.Cover(ack)
	ok := w.Stream.Ack(w.gaps(), ack, room)
	if short != w.Stream && covered || covered && !ok {
		panic(fmt.Sprintf("Cover leaves %+v, Ack %v and %+v", short, ok, w.Stream))
	}
	return ok
}

func (w *whole) Contiguous() Seq          { return w.Stream.Contiguous(w.gaps()) }
func (w *whole) UnseenAcked() bool        { return w.Stream.UnseenAcked(w.gaps()) }
func (w *whole) AckedBeyond() (Seq, bool) { return w.Stream.AckedBeyond(w.gaps()) }

// TestStream plays scripts of one direction. A line is a segment "low:high" with the kind it is to be, or an
// acknowledgment "ack n" with ok or no for whether it is plausible; or it sets the receiver's room, calls Open, or says what is
// known by then. Every number is relative to a base, and every script runs with its base at each of bases().
func TestStream(t *testing.T) {
	for _, tt := range []struct{ name, reason, script string }{
		{
			name:   "the zero value has seen nothing",
			script: "started no; numbers 0; acked none; beyond none; missing no; unseen no",
		},
		{
			name: "in order",
			script: `0:1 new; ack 1 ok; 1:101 new; 101:101 empty; ack 101 ok; 101:102 new; ack 102 ok
				start 0; next 102; contiguous 102; numbers 102; acked 102; beyond none; missing no; unseen no`,
		},
		{
			name:   "capture starts with an empty segment",
			script: "0:0 empty; started yes; start 0; next 0; numbers 0; acked none; 0:10 new; next 10; numbers 10",
		},
		{
			name:   "window of a closed receiver",
			reason: "room is where the window ends, and says nothing of what stands at the next number: probes of a closed window do",
			script: "room 0; 0:100 new; 100:101 new; 102:103 suspect; 101:102 new; next 102",
		},

		// Ahead and Fill.
		{
			name:   "one segment missing, then sent again",
			script: "0:100 new; 200:300 ahead; next 300; contiguous 100; numbers 200; missing yes; unseen no; 100:200 fill; contiguous 300; numbers 300; missing no",
		},
		{
			name:   "sent again in other cuts",
			reason: "a retransmission may be merged with what lies beside it: what it covers counts, and each number once",
			script: "0:100 new; 200:300 ahead; 50:250 fill; numbers 300; contiguous 300; missing no",
		},
		{
			name:   "sent again together with what follows",
			script: "0:100 new; 50:150 new; next 150; numbers 150; 50:150 again",
		},
		{
			name:   "fills the hole and goes on",
			script: "0:100 new; 200:300 ahead; 100:400 fill; next 400; numbers 400; missing no",
		},
		{
			name:   "fills the middle of a hole",
			script: "0:100 new; 400:500 ahead; 200:300 fill; contiguous 100; numbers 300; 100:200 fill; contiguous 300; 300:400 fill; contiguous 500; numbers 500",
		},
		{
			name:   "fills the start and the end of a hole",
			script: "0:100 new; 400:500 ahead; 100:101 fill; contiguous 101; 399:400 fill; contiguous 101; 101:399 fill; contiguous 500; numbers 500",
		},
		{
			name:   "fills two holes at once",
			script: "0:10 new; 20:30 ahead; 40:50 ahead; numbers 30; 15:45 fill; numbers 45; contiguous 10; 10:15 fill; contiguous 50; numbers 50; missing no",
		},
		{
			name:   "beside a hole is not in it",
			script: "0:100 new; 200:300 ahead; 99:100 again; 200:201 again; 100:200 fill; 100:200 again; missing no",
		},
		{
			name:   "empty segment past the next number",
			reason: "it says that something was sent, not what; a hole would never be filled if its header is garbled",
			script: "0:100 new; 150:150 ahead; next 100; missing no; 100:150 new; numbers 150",
		},
		{
			name:   "FIN seen, the data before it not yet",
			script: "0:1 new; 101:102 ahead; ack 1 ok; contiguous 1; next 102; unseen no; 1:101 fill; contiguous 102; ack 102 ok; acked 102; unseen no",
		},

		// Again and Probe.
		{
			name:   "sent again",
			script: "0:1 new; 1:101 new; 1:101 again; 0:1 again; 100:101 again; numbers 101",
		},
		{
			name:   "keep-alive and window probe",
			reason: "empty and below the next number; one with an octet of garbage looks like that octet sent again",
			script: "0:100 new; ack 100 ok; 99:99 probe; 0:0 probe; 99:100 again; next 100; numbers 100",
		},
		{
			name:   "keep-alive after the FIN",
			script: "0:100 new; 100:101 new; ack 101 ok; 100:100 probe; 101:101 empty; next 101",
		},

		// The start of the connection.
		{
			name:   "below a SYN",
			reason: "left of an earlier connection: it is no part of this one, and what it overlaps counts once",
			script: `1000:1001 new; open 1000; 1001:1101 new; 500:600 again; 900:1000 again; 900:1001 again; 990:1050 again; 990:990 probe
				start 1000; next 1101; numbers 101; missing no; 990:1201 new; start 1000; next 1201; numbers 201`,
		},
		{
			name:   "below a SYN, into a hole",
			script: "1000:1001 new; open 1000; 1101:1201 ahead; 990:1101 fill; numbers 201; start 1000; missing no",
		},
		{
			name:   "a SYN that does not stand first",
			reason: "what was seen before it is of this connection too, or the SYN is not",
			script: "1000:1100 new; open 1050; 900:1000 fill; start 900; numbers 200",
		},

		// The start of the capture.
		{
			name:   "reordered across the start of the capture",
			script: "100:200 new; 0:100 fill; start 0; next 200; numbers 200; missing no",
		},
		{
			name:   "reordered across the start of the capture, overlapping",
			script: "100:200 new; 50:150 fill; start 50; numbers 150; 0:50 fill; numbers 200; contiguous 200; start 0",
		},
		{
			name:   "three segments in the order 3 1 2",
			reason: "between the first and the third something is missing, although it lies below where the capture began",
			script: "200:300 new; 0:100 fill; start 0; contiguous 100; missing yes; numbers 200; 100:200 fill; numbers 300; missing no; contiguous 300",
		},
		{
			name:   "sent again from before the capture",
			reason: "the receiver has acknowledged all that lies between: it need not come again",
			script: "1000:1100 new; ack 1100 ok; 500:600 fill; missing no; unseen no; contiguous 1100; 600:700 again",
		},
		{
			name:   "empty segments from before the capture",
			script: "1000:1000 empty; 990:990 probe; start 1000; ack 990 ok; acked 990; ack 1000 ok; acked 1000",
		},

		// Suspect.
		{
			name:   "within the window and beyond it",
			script: "room 1000; 0:100 new; 1101:1200 suspect; next 100; 1100:1200 ahead; next 1200; contiguous 100",
		},
		{
			name:   "a suspect segment changes nothing",
			script: "room 1000; 0:100 new; 50000:50100 suspect; next 100; numbers 100; missing no; 100:200 new; numbers 200; ack 50100 ok; beyond 50100; acked none",
			reason: "the acknowledgment is of numbers not seen: the suspect was contradicted by the segment before it, and is forgotten",
		},
		{
			name:   "confirmed by the segment that follows it",
			script: "room 1000; 0:100 new; 50000:50100 suspect; 50100:50200 ahead; next 50200; numbers 300; contiguous 100; missing yes; 100:50000 fill; contiguous 50200; missing no",
		},
		{
			name:   "confirmed by a segment a little after it",
			script: "room 1000; 0:100 new; 50000:50100 suspect; 50300:50400 ahead; next 50400; numbers 300; 100:50000 fill; contiguous 50100; 50100:50300 fill; contiguous 50400; numbers 50400",
		},
		{
			name:   "confirmed by an acknowledgment",
			script: "room 1000; 0:100 new; 50000:50100 suspect; ack 50100 ok; acked 50100; beyond none; next 50100; numbers 200; unseen yes",
		},
		{
			name:   "confirmed by an acknowledgment of part of it",
			script: "room 1000; 0:100 new; 50000:50100 suspect; ack 50001 ok; acked 50001; next 50100",
		},
		{
			name:   "an acknowledgment of what lies before it confirms nothing",
			script: "room 1000; 0:100 new; 50000:50100 suspect; ack 50000 ok; next 100; acked none; beyond 50000",
		},
		{
			name:   "an acknowledgment beyond it confirms nothing",
			script: "room 1000; 0:100 new; 50000:50100 suspect; ack 50101 ok; next 100; acked none; beyond 50101",
		},
		{
			name:   "the same suspect again confirms nothing",
			reason: "a garbled packet captured twice is garbled twice",
			script: "room 1000; 0:100 new; 50000:50100 suspect; 50000:50100 suspect; next 100",
		},
		{
			name:   "two suspects that do not agree",
			script: "room 1000; 0:100 new; 50000:50100 suspect; 30000000:30000100 suspect; 50100:50200 suspect; next 100",
		},
		{
			name:   "unknown window",
			script: "room 1048576; 0:1 new; 1048578:1048579 suspect; 1048577:1048578 ahead; next 1048578",
		},
		{
			name:   "no window is larger than 2^30",
			script: "room 4294967295; 0:100 new; 1073741925:1073741926 suspect; ack 1073741925 no; ack 1073741924 ok; beyond 1073741924; 1073741924:1073741925 ahead",
		},
		{
			name:   "far below the start",
			script: "2000000:2000100 new; 951422:951423 suspect; 951423:951423 suspect; start 2000000; numbers 100",
			reason: "2000000-951424 is UnknownRoom: only what ends at that number or later can be reordered",
		},
		{
			name:   "just not too far below the start",
			script: "2000000:2000100 new; 951424:951424 probe; 951423:951424 fill; start 951423; numbers 101",
		},
		{
			name:   "longer than any window",
			reason: "RFC 7323 §2.3: windows end below 2^30; the length comes from an IPv6 jumbogram's header, and is a lie",
			script: "0:1073741825 suspect; started no; 0:10 new; 10:1073741835 suspect; 11:3000000000 suspect; next 10; numbers 10",
		},

		// Acknowledgments.
		{
			name:   "acknowledgments rise only",
			script: "0:100 new; ack 50 ok; ack 100 ok; ack 50 ok; acked 100",
		},
		{
			name:   "acknowledged before it is seen",
			reason: "a capture of two interfaces shows an answer before what it answers",
			script: "0:100 new; ack 101 ok; acked none; beyond 101; unseen yes; 100:101 new; acked 101; beyond none; unseen no",
		},
		{
			name:   "acknowledged before it is seen, as the first of all",
			script: "ack 100 ok; started yes; start 100; next 100; acked 100; numbers 0; 0:100 fill; start 0; numbers 100; acked 100; unseen no; missing no",
		},
		{
			name:   "promoted by a segment that fills and goes on",
			script: "0:100 new; 200:300 ahead; ack 400 ok; beyond 400; 100:400 fill; acked 400; beyond none; unseen no",
		},
		{
			name:   "implausible acknowledgments",
			script: "room 1000; 0:100 new; ack 1048677 no; acked none; beyond none; ack 1048676 ok; beyond 1048676; 2097253:2097254 suspect",
			reason: "nothing is acknowledged that far ahead of what was sent, whatever the capture lacks",
		},
		{
			name:   "implausible acknowledgment below the start",
			script: "2000000:2000100 new; ack 951423 no; acked none; ack 951424 ok; acked 951424",
		},
		{
			name:   "old acknowledgments are plausible",
			reason: "RFC 9293 §3.10.7.4 fifth: \"If the ACK is a duplicate (SEG.ACK =< SND.UNA), it can be ignored.\"",
			script: "0:3000000 new; ack 3000000 ok; ack 1 ok; acked 3000000",
		},
		{
			name:   "one-sided: nothing but acknowledgments",
			script: "ack 0 ok; ack 1000 ok; ack 900000 ok; ack 1800000 ok; beyond 1800000; acked 0; next 0; numbers 0; unseen yes; ack 10000000 no",
		},
		{
			name:   "acknowledged but never captured",
			reason: "what was acknowledged and not seen passed unseen: a fault of the capture, not a loss",
			script: "0:100 new; 200:300 ahead; ack 100 ok; unseen no; ack 101 ok; unseen yes; 100:200 fill; unseen no",
		},

		// Capture gaps.
		{
			name:   "packets dropped by the capture, acknowledgments not",
			script: "0:100 new; ack 100 ok; ack 900000 ok; ack 1700000 ok; 1700000:1700100 ahead; next 1700100; acked 1700000; unseen yes",
			reason: "the acknowledgments say where the sender must be by now: no window is needed to believe it",
		},
		{
			name:   "both directions dropped for a while",
			script: "0:100 new; ack 100 ok; 90000000:90000100 suspect; 90000100:90000200 ahead; ack 90000200 ok; acked 90000200; unseen yes",
		},
		{
			name:   "both directions dropped, the acknowledgment comes first",
			reason: "nothing says whether the acknowledgment or all before it is right until a segment agrees",
			script: "0:100 new; ack 100 ok; ack 90000000 no; 90000000:90000100 suspect; ack 90000100 ok; acked 90000100",
		},

		// Holes.
		{
			name: "more holes than are remembered",
			script: `0:10 new; 20:30 ahead; row 40 31 ahead; contiguous 10; numbers 330
				660:670 ahead; contiguous 30; numbers 340; missing yes
				10:20 again; numbers 340; row 30 32 fill; contiguous 670; numbers 660; missing yes; ack 670 ok; unseen no`,
			reason: "the oldest hole is forgotten: what fills it counts as sent again, and Missing stays. It was not acknowledged before it came",
		},
		{
			name:   "more holes than are remembered, the oldest acknowledged",
			script: `0:10 new; 20:30 ahead; ack 30 ok; unseen yes; row 40 32 ahead; unseen yes; row 30 32 fill; unseen yes`,
			reason: "it passed unseen, whatever is remembered of it",
		},
		{
			name: "splitting the last hole of a full list",
			script: `0:10 new; 20:30 ahead; row 40 30 ahead; 660:670 ahead; 645:650 fill
				contiguous 30; 650:660 fill; 630:645 fill; row 30 30 fill; contiguous 670; 10:20 again; missing yes`,
		},
		{
			name: "splitting the first hole of a full list",
			script: `0:10 new; 40:50 ahead; row 60 31 ahead; 20:30 fill; missing yes
				650:660 fill; contiguous 30; 30:40 fill; row 50 30 fill; contiguous 670; 10:20 again; numbers 660; missing yes`,
			reason: "the oldest part is forgotten, not the newest hole",
		},
		{
			name: "a hole before the start of the capture, with a full list",
			script: `100:110 new; row 120 32 ahead; 50:60 fill; start 50; contiguous 110; missing yes
				row 110 32 fill; missing yes; contiguous 750`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, base := range bases() {
				if play(t, base, tt.script, tt.reason); t.Failed() {
					return
				}
			}
		})
	}
}

// play runs a script of TestStream.
func play(t *testing.T, base Seq, script, reason string) {
	t.Helper()
	var s whole
	room := uint32(UnknownRoom)
	relative := func(n Seq, valid bool) string {
		if !valid {
			return "none"
		}
		return strconv.Itoa(int(uint32(n - base)))
	}
	yes := map[bool]string{true: "yes", false: "no"}
	for line := range strings.FieldsFuncSeq(script, func(r rune) bool { return r == ';' || r == '\n' }) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		number := func(text string) Seq {
			n, err := strconv.ParseUint(text, 10, 32)
			if err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			return Seq(n)
		}
		var got string
		switch words[0] {
		case "room":
			room = uint32(number(words[1]))
			continue
		case "open":
			s.Open(base + number(words[1]))
			continue
		case "ack":
			got = map[bool]string{true: "ok", false: "no"}[s.Ack(base+number(words[1]), room)]
		case "started":
			got = yes[s.Started()]
		case "start":
			got = relative(s.Start(), true)
		case "next":
			got = relative(s.Next(), true)
		case "contiguous":
			got = relative(s.Contiguous(), true)
		case "numbers":
			got = strconv.FormatUint(s.Numbers(), 10)
		case "acked":
			got = relative(s.Acked())
		case "beyond":
			got = relative(s.AckedBeyond())
		case "missing":
			got = yes[s.Missing()]
		case "unseen":
			got = yes[s.UnseenAcked()]
		case "row": // so many segments of 10 from a number on, with gaps of 10
			for i := range number(words[2]) {
				low := base + number(words[1]) + 20*i
				if got = s.Accept(low, low+10, room).String(); got != words[3] {
					break
				}
			}
		default:
			low, high, ok := strings.Cut(words[0], ":")
			if !ok {
				t.Fatalf("line %q: want low:high, ack, room or a fact", line)
			}
			got = s.Accept(base+number(low), base+number(high), room).String()
		}
		if want := words[len(words)-1]; got != want {
			t.Errorf("base %d: %q: got %s, want %s\n%s\n%s\n%+v", base, strings.TrimSpace(line), got, want, script, reason, s)
			return
		}
	}
}

// A connection may carry more than 2^31 numbers: positions 2^31 behind are no longer behind, and nothing may hang on
// the start of the capture, or on an old hole, by then.
func TestStreamPast2GiB(t *testing.T) {
	const step, room = 1 << 16, 1 << 22
	for _, name := range []string{"captured whole", "acknowledgments lost for 3 GiB", "a hole that never fills", "never acknowledged until the end"} {
		t.Run(name, func(t *testing.T) {
			var s whole
			base := Seq(math.MaxUint32 - 5000)
			next := base
			ack := func(n Seq) {
				t.Helper()
				if !s.Ack(n, room) {
					t.Fatalf("after %d numbers: Ack(next) = false", s.Numbers())
				}
				if una, ok := s.Acked(); !ok || una != n {
					t.Fatalf("after %d numbers: Acked() = %d, %v, want %d", s.Numbers(), una, ok, n)
				}
			}
			for i := range 5 << 30 / step {
				if name == "a hole that never fills" && i == 3 {
					next += step
					if kind := s.Accept(next, next+step, room); kind != Ahead {
						t.Fatalf("segment past a hole: %v", kind)
					}
					next += step
					continue
				}
				if kind := s.Accept(next, next+step, room); kind != New {
					t.Fatalf("after %d numbers: %v, want new", s.Numbers(), kind)
				}
				next += step
				seen := s.Numbers()
				if kind := s.Accept(next-step, next-step+100, room); kind != Again {
					t.Fatalf("after %d numbers: sent again is %v", s.Numbers(), kind)
				}
				if kind := s.Accept(next-1, next-1, room); kind != Probe {
					t.Fatalf("after %d numbers: keep-alive is %v", s.Numbers(), kind)
				}
				if s.Numbers() != seen {
					t.Fatalf("after %d numbers: sent again counts as %d new ones", seen, s.Numbers()-seen)
				}
				if name == "captured whole" || name == "acknowledgments lost for 3 GiB" && (i < 10 || i > 3<<30/step) {
					ack(next)
					if !s.Ack(next-step, room) {
						t.Fatalf("after %d numbers: old acknowledgment implausible", s.Numbers())
					}
				}
			}
			ack(next)
			if want := name == "a hole that never fills"; s.Missing() != want || s.UnseenAcked() != want {
				t.Errorf("Missing() = %v, UnseenAcked() = %v, want %v", s.Missing(), s.UnseenAcked(), want)
			}
			if s.Next() != next || s.Contiguous() != next && name != "a hole that never fills" {
				t.Errorf("Next() = %d, Contiguous() = %d, want %d", s.Next(), s.Contiguous(), next)
			}
		})
	}
}

// With nothing captured of a direction but the acknowledgments of it, they are followed all the way round.
func TestStreamOneSidedPast2GiB(t *testing.T) {
	const step = 1 << 18
	var s whole
	ack := Seq(math.MaxUint32 - 5000)
	s.Ack(ack, UnknownRoom)
	for range 9 << 30 / step {
		ack += step
		if !s.Ack(ack, UnknownRoom) {
			t.Fatalf("Ack(%d) = false; %+v", ack, s)
		}
		una, _ := s.Acked()
		if beyond, ok := s.AckedBeyond(); ok && beyond != ack || !ok && una != ack {
			t.Fatalf("acknowledged %d, beyond %d (%v), want %d", una, beyond, ok, ack)
		}
	}
	if kind := s.Accept(ack, ack+10, UnknownRoom); kind != Ahead && kind != New {
		t.Errorf("a segment where the acknowledgments are: %v", kind)
	}
}

// model is what Stream claims to be, written plainly: the set of numbers seen, relative to a base, and the highest
// acknowledgment.
type model struct {
	seen        []bool
	first, next int
	started     bool
	opened      bool // nothing comes before the first
	acked       int  // -1: none
}

func (m *model) accept(low, high int) {
	if m.opened {
		low, high = max(low, m.first), max(high, m.first)
	}
	if !m.started {
		m.started, m.first, m.next = true, low, high
	}
	for n := low; n < high; n++ {
		m.seen[n] = true
	}
	if low < high { // an empty segment moves nothing
		m.first, m.next = min(m.first, low), max(m.next, high)
	}
}

// holes returns the missing ranges below next.
func (m *model) holes() (out [][2]int) {
	for n := m.first; n < m.next; n++ {
		if m.seen[n] {
			continue
		}
		if len(out) > 0 && out[len(out)-1][1] == n {
			out[len(out)-1][1]++
		} else {
			out = append(out, [2]int{n, n + 1})
		}
	}
	return out
}

func (m *model) numbers() (n uint64) {
	for _, seen := range m.seen {
		if seen {
			n++
		}
	}
	return n
}

// kind says what a segment is, before it is entered.
func (m *model) kind(low, high int) Kind {
	switch {
	case !m.started && low == high, low == high && low == m.next:
		return Empty
	case low == high && low < m.next:
		return Probe
	case !m.started || low == m.next:
		return New
	case low > m.next:
		return Ahead
	case m.opened && low < m.first && high <= m.first:
		return Again
	case m.opened && low < m.first:
		return m.kind(m.first, high)
	case low < m.first, slices.Contains(m.seen[low:min(high, m.next)], false):
		return Fill
	case high > m.next:
		return New
	default:
		return Again
	}
}

// Random segments of a short stretch of sequence space, in any order, with acknowledgments of what was seen: as long as
// there are no more holes than a Stream remembers, it knows what a set of numbers knows.
func TestStreamAgainstModel(t *testing.T) {
	const space = 400
	compared := 0
	for seed := range uint64(4000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		base := bases()[seed%uint64(len(bases()))] - Seq(rng.Uint32N(space))
		m := model{seen: make([]bool, space), acked: -1}
		var s whole
		var log []string
		for range 60 {
			if m.started && rng.Uint32N(4) == 0 {
				// Not below the first number: what passed before the capture began is nobody's hole.
				ack := m.first + int(rng.Uint32N(uint32(m.next-m.first+1)))
				log = append(log, fmt.Sprintf("ack %d", ack))
				if !s.Ack(base+Seq(ack), UnknownRoom) {
					t.Fatalf("seed %d: %v: implausible", seed, log)
				}
				m.acked = max(m.acked, ack)
			} else {
				low, length := int(rng.Uint32N(space)), int(rng.Uint32N(40))
				if m.started && rng.Uint32N(3) > 0 { // mostly about where the stream stands
					low = max(0, min(space-1, m.next+int(rng.Int32N(60))-30))
				}
				high := min(space, low+length)
				if m.acked >= 0 && low < m.first && !m.opened {
					continue // then the gap below the start may be no hole; see TestStream
				}
				want := m.kind(low, high)
				log = append(log, fmt.Sprintf("%d:%d", low, high))
				if got := s.Accept(base+Seq(low), base+Seq(high), UnknownRoom); got != want {
					t.Fatalf("seed %d, base %d: %v is %v, want %v", seed, base, log, got, want)
				}
				m.accept(low, high)
				if len(log) == 1 && rng.Uint32N(2) == 0 {
					s.Open(base + Seq(low))
					m.opened = true
				}
			}
			holes := m.holes()
			if len(holes) > MaxHoles {
				break
			}
			compared++
			contiguous := m.next
			if len(holes) > 0 {
				contiguous = holes[0][0]
			}
			una, acked := s.Acked()
			if !m.started {
				continue
			}
			if s.Numbers() != m.numbers() || s.Start() != base+Seq(m.first) || s.Next() != base+Seq(m.next) ||
				s.Missing() != (len(holes) > 0) || s.Contiguous() != base+Seq(contiguous) || acked != (m.acked >= 0) ||
				acked && una != base+Seq(m.acked) || s.UnseenAcked() != (len(holes) > 0 && m.acked > holes[0][0]) {
				t.Fatalf("seed %d, base %d: %v\ngot  %+v\nwant numbers %d, start %d, next %d, holes %v, acked %d",
					seed, base, log, s, m.numbers(), m.first, m.next, holes, m.acked)
			}
		}
	}
	if compared < 20_000 {
		t.Errorf("only %d comparisons: the random segments open too many holes", compared)
	}
}

// hostile plays arbitrary bytes, 10 to a call, against a Stream whose base is shifted, and returns what it answered.
func hostile(t testing.TB, data []byte, shift Seq) (answers []string, s whole) {
	seen := uint64(0)
	for len(data) >= 10 {
		op, a, b, r := data[0], data[1:5], data[5:9], data[9]
		data = data[10:]
		seq := shift + Seq(a[0])<<24 + Seq(a[1])<<16 + Seq(a[2])<<8 + Seq(a[3])
		length := uint32(b[2])<<8 + uint32(b[3])
		if op&2 != 0 {
			length = uint32(b[0])<<24 + uint32(b[1])<<16 + length
		}
		if op&4 != 0 && s.Started() { // near where the stream stands
			seq = s.Next() + Seq(int32(int16(uint16(a[2])<<8+uint16(a[3]))))
		}
		room := uint32(1)<<(r&31) | uint32(r)
		if op&1 != 0 {
			answers = append(answers, fmt.Sprint(s.Ack(seq, room)))
		} else {
			kind := s.Accept(seq, seq+Seq(length), room)
			answers = append(answers, kind.String())
			if kind == Suspect && s.Numbers() != seen {
				t.Fatalf("a suspect segment was counted: %+v", s)
			}
		}
		if s.Numbers() < seen || s.Numbers() > seen+2*maxRoom {
			t.Fatalf("numbers went from %d to %d", seen, s.Numbers())
		}
		seen = s.Numbers()
		checkInvariants(t, &s)
	}
	return answers, s
}

// checkInvariants holds a Stream against what its fields promise.
func checkInvariants(t testing.TB, s *whole) {
	if s.nholes > MaxHoles {
		t.Fatalf("%d holes", s.nholes)
	}
	low := s.start
	if s.has(far) {
		low = s.nxt - maxRoom
	}
	for _, h := range s.g.holes[:s.nholes] {
		if !low.AtOrBefore(h.low) || !h.low.Before(h.high) || !h.high.AtOrBefore(s.nxt) {
			t.Fatalf("hole %+v out of order or place in %+v", h, s)
		}
		low = h.high + 1 // two holes that touch would be one
	}
	if s.has(acked) && s.nxt.Before(s.una) {
		t.Fatalf("acknowledged %d, past the next number %d", s.una, s.nxt)
	}
	if s.has(hasBeyond) && s.g.beyond.AtOrBefore(s.nxt) {
		t.Fatalf("acknowledged unseen %d, not past the next number %d", s.g.beyond, s.nxt)
	}
	if !s.has(far) && s.nxt.Before(s.start) {
		t.Fatalf("next number %d before the first %d", s.nxt, s.start)
	}
	if c := s.Contiguous(); s.nxt.Before(c) {
		t.Fatalf("contiguous up to %d, past the next number %d", c, s.nxt)
	}
}

// Whatever is sent, a Stream neither panics nor loses its order, and it does not matter where in the sequence space the
// whole of it lies.
func TestStreamHostile(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		data := make([]byte, 10*60)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		for i := 0; i < len(data); i += 10 {
			if rng.Uint32N(4) > 0 {
				data[i] |= 4
			}
			if rng.Uint32N(8) > 0 {
				data[i] &^= 2
			}
		}
		sameWhereverItLies(t, data)
	}
}

func sameWhereverItLies(t testing.TB, data []byte) {
	want, _ := hostile(t, data, 0)
	for _, shift := range bases() {
		if got, s := hostile(t, data, shift); !slices.Equal(got, want) {
			t.Fatalf("shifted by %d: %v, else %v; %+v", shift, got, want, s)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x64\x14\x01\x00\x00\x00\x64\x00\x00\x00\x00\x14"))     // 0:100, ack 100
	f.Add([]byte("\x00\xff\xff\xff\xf0\x00\x00\x00\x64\x14\x04\x00\x00\x00\x64\x00\x00\x00\x64\x14"))     // across the wrap, then ahead
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x64\x0a\x00\x00\x10\x00\x00\x00\x00\x00\x64\x0a"))     // suspect
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x14\x01\x00\x0f\x00\x00\x00\x00\x00\x00\x14"))     // acknowledgments only
	f.Add([]byte("\x02\x00\x00\x00\x00\x3f\xff\xff\xff\x14\x06\x00\x00\x00\x00\x3f\xff\xff\xff\x14"))     // more than 2^30 numbers
	f.Add([]byte("\x00\x00\x00\x64\x00\x00\x00\x00\x0a\x14\x00\x00\x00\x00\x00\x00\x00\x00\x0a\x14\x03")) // below the start
	f.Fuzz(func(t *testing.T, data []byte) {
		sameWhereverItLies(t, data[:min(len(data), 10*200)])
	})
}

// The package comment promises 72 bytes, no pointers and no allocation.
// Numbers that were sent and not acknowledged are outstanding, also where they come round.
func TestOutstanding(t *testing.T) {
	var s Stream
	var g Gaps
	if s.Outstanding(0) {
		t.Error("a stream that has seen nothing has something outstanding")
	}
	isn := Seq(1<<32 - 50)
	s.Accept(&g, isn, isn+1, UnknownRoom)
	s.Accept(&g, isn+1, isn+101, UnknownRoom)
	s.Ack(&g, isn+31, UnknownRoom)
	for _, tt := range []struct {
		at   Seq
		want bool
	}{{isn, false}, {isn + 30, false}, {isn + 31, true}, {isn + 50, true}, {isn + 100, true}, {isn + 101, false}, {isn - 1, false}} {
		if got := s.Outstanding(tt.at); got != tt.want {
			t.Errorf("number %d: outstanding %v, want %v", tt.at-isn, got, tt.want)
		}
	}
}

func TestStreamIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Stream{}); size != 32 {
		t.Errorf("a Stream is %d bytes, the package comment says 72", size)
	}
	checkPointerFree(t, reflect.TypeFor[Stream]())
	var s whole
	next := Seq(math.MaxUint32 - 100)
	if n := testing.AllocsPerRun(1000, func() {
		s.Accept(next, next+10, UnknownRoom)
		s.Accept(next+20, next+30, UnknownRoom)
		s.Accept(next+10, next+20, UnknownRoom)
		s.Accept(next+1<<25, next+1<<25, UnknownRoom)
		s.Ack(next+30, UnknownRoom)
		next += 40
	}); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}

func checkPointerFree(t *testing.T, typ reflect.Type) {
	switch typ.Kind() {
	case reflect.Struct:
		for f := range typ.Fields() {
			checkPointerFree(t, f.Type)
		}
	case reflect.Array:
		checkPointerFree(t, typ.Elem())
	case reflect.Bool, reflect.Uint8, reflect.Int32, reflect.Uint32, reflect.Uint64:
	default:
		t.Errorf("%v may hold pointers", typ)
	}
}

func TestKindString(t *testing.T) {
	seen := map[string]bool{}
	for k := Empty; k <= Suspect; k++ {
		if s := k.String(); s == "" || seen[s] {
			t.Errorf("Kind(%d) is called %q", k, s)
		} else {
			seen[s] = true
		}
	}
}

func BenchmarkAccept(b *testing.B) {
	b.Run("in-order", func(b *testing.B) {
		b.ReportAllocs()
		var s whole
		next := Seq(0)
		for b.Loop() {
			s.Accept(next, next+1448, 1<<20)
			next += 1448
		}
	})
	b.Run("ack", func(b *testing.B) {
		b.ReportAllocs()
		var s whole
		s.Accept(0, 1448, 1<<20)
		next := Seq(1448)
		for b.Loop() {
			s.Accept(next, next+1448, 1<<20)
			s.Ack(next, 1<<20)
			next += 1448
		}
	})
	b.Run("reordered", func(b *testing.B) { // two segments a round, the second first
		b.ReportAllocs()
		var s whole
		s.Accept(0, 1, 1<<20)
		next := Seq(1)
		for b.Loop() {
			s.Accept(next+1448, next+2896, 1<<20)
			s.Accept(next, next+1448, 1<<20)
			next += 2896
		}
	})
}

func TestMissingBelow(t *testing.T) {
	var s Stream
	var g Gaps
	for _, seg := range []span{{100, 200}, {300, 400}, {600, 700}} {
		s.Accept(&g, seg.low, seg.high, UnknownRoom)
	}
	for seq, want := range map[Seq]uint64{200: 0, 299: 99, 300: 100, 450: 150, 599: 299, 600: 300, 700: 300} {
		if got := s.MissingBelow(&g, seq); got != want {
			t.Errorf("below %d: %d missing, want %d", seq, got, want)
		}
	}
}
