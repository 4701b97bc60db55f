package decode

import "testing"

// fragments4 is I4 in two fragments, the first of which ends inside the TCP header: 10.0.0.1 > 10.0.0.2, id 0x1234,
// (0:16, +) and (16:39).
func fragments4() (first, second []byte) {
	p := tcp()
	return ip4Fragment(ip4MF, protoTCP, p[:16]), ip4Fragment(2, protoTCP, p[16:])
}

// fragments6 is I6 in two fragments, id 7: (0:24, +) and (24:39).
func fragments6() (first, second []byte) {
	p := tcp()
	return ip6(protoFragment, x("0600 0001 00000007"), p[:24]), ip6(protoFragment, x("0600 0018 00000007"), p[24:])
}

const second = int64(1e9)

// fragmentStep is one packet of a fragment test and what Decode must say to it.
type fragmentStep struct {
	at   int64 // capture time
	data []byte
	want Outcome
}

func TestFragments(t *testing.T) {
	p := tcp()
	a4, b4 := fragments4()
	a6, b6 := fragments6()
	// Three pieces of eight bytes and the rest: the TCP header lies in all of them.
	tiny := [][]byte{
		ip4Fragment(ip4MF, protoTCP, p[:8]), ip4Fragment(ip4MF|1, protoTCP, p[8:16]),
		ip4Fragment(ip4MF|2, protoTCP, p[16:24]), ip4Fragment(3, protoTCP, p[24:]),
	}
	other := ip4Fragment(2, protoTCP, p[16:])
	copy(other[4:], x("9999"))
	evil := ip4Fragment(ip4MF, protoTCP, x("ffffffffffffffffffffffffffffffff"))
	long := ip4Fragment(ip4MF|1000, protoTCP, make([]byte, 8))
	tunnel := udp(4789, x("08000000 00000100"), frame4())
	gre := cat(x("0000 0800"), inner4())
	dns := udp(53, make([]byte, 40))

	tests := []struct {
		name       string
		steps      []fragmentStep
		incomplete int
	}{
		{"v4", []fragmentStep{{0, a4, Fragment}, {1, b4, TCP}}, 0},
		{"v4 reversed", []fragmentStep{{0, b4, Fragment}, {1, a4, TCP}}, 0},
		{"v6", []fragmentStep{{0, a6, Fragment}, {1, b6, TCP}}, 0},
		{"v6 reversed", []fragmentStep{{0, b6, Fragment}, {1, a6, TCP}}, 0},
		{"tiny (RFC 1858)", []fragmentStep{{0, tiny[2], Fragment}, {1, tiny[0], Fragment}, {2, tiny[3], Fragment}, {3, tiny[1], TCP}}, 0},
		{"repeated", []fragmentStep{{0, a4, Fragment}, {1, a4, Fragment}, {2, b4, TCP}}, 0},
		{"captured twice", []fragmentStep{{0, a4, Fragment}, {1, b4, TCP}, {2, a4, Fragment}, {3, b4, TCP}}, 0},
		{"overlap: first wins", []fragmentStep{{0, a4, Fragment}, {1, evil, Fragment}, {2, b4, TCP}}, 0},
		{"another id", []fragmentStep{{0, a4, Fragment}, {1, other, Fragment}}, 2},
		{"one lost", []fragmentStep{{0, a4, Fragment}}, 1},
		{"29 s later", []fragmentStep{{0, a4, Fragment}, {29 * second, b4, TCP}}, 0},
		{"31 s later", []fragmentStep{{0, a4, Fragment}, {31 * second, b4, Fragment}}, 2},
		{"beyond the end", []fragmentStep{{0, b4, Fragment}, {1, long, FragmentIncomplete}, {2, a4, TCP}}, 0},
		{"two ends", []fragmentStep{{0, long, Fragment}, {1, b4, FragmentIncomplete}}, 1},
		{"odd length", []fragmentStep{{0, ip4Fragment(ip4MF, protoTCP, p[:9]), FragmentIncomplete}}, 0},
		{"beyond 64 KB", []fragmentStep{{0, ip4Fragment(0x1fff, protoTCP, p), FragmentIncomplete}}, 0},
		{"vxlan", []fragmentStep{
			{0, ip4Fragment(ip4MF, protoUDP, tunnel[:40]), Fragment}, {1, ip4Fragment(5, protoUDP, tunnel[40:]), TCP}}, 0},
		{"gre", []fragmentStep{
			{0, ip4Fragment(ip4MF, protoGRE, gre[:8]), Fragment}, {1, ip4Fragment(1, protoGRE, gre[8:]), TCP}}, 0},
		{"inside ip", []fragmentStep{
			{0, ip4Outer(protoIPv4, a4), Fragment}, {1, ip4Outer(protoIPv4, b4), TCP}}, 0},
		{"inside vxlan", []fragmentStep{
			{0, ip4Outer(protoUDP, udp(4789, x("08000000 00000100"), eth(0x0800, a4))), Fragment},
			{1, ip4Outer(protoUDP, udp(4789, x("08000000 00000100"), eth(0x0800, b4))), TCP}}, 0},
		{"udp", []fragmentStep{
			{0, ip4Fragment(ip4MF, protoUDP, dns[:40]), Fragment}, {1, ip4Fragment(5, protoUDP, dns[40:]), UDP}}, 0},
		{"udp, one lost: cannot have been TCP", []fragmentStep{{0, ip4Fragment(ip4MF, protoUDP, dns[:40]), Fragment}}, 0},
		{"icmp: not held", []fragmentStep{{0, ip4Fragment(ip4MF, protoICMP, make([]byte, 8)), ICMP}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDecoder()
			var seg Segment
			for i, step := range tt.steps {
				if got := d.Decode(LinkRaw, step.data, len(step.data), step.at, &seg); got != step.want {
					t.Fatalf("packet %d: outcome %v, want %v", i+1, got, step.want)
				}
				if step.want != TCP {
					continue
				}
				want := want4()
				if !seg.Src.Is4() {
					want = want6()
				}
				want.Marks |= FromFragments
				if seg != want {
					t.Errorf("packet %d:\n got %+v\nwant %+v", i+1, seg, want)
				}
			}
			if got := d.Incomplete(); got != tt.incomplete {
				t.Errorf("Incomplete() = %d, want %d", got, tt.incomplete)
			}
		})
	}
}

// The capture cuts both fragments: what is kept of the first reaches into the TCP options, and the length is known all
// the same.
func TestFragmentsCut(t *testing.T) {
	p := tcp()
	d := NewDecoder()
	var seg Segment
	first, last := ip4Fragment(ip4MF, protoTCP, p[:24]), ip4Fragment(3, protoTCP, p[24:])
	if got := d.Decode(LinkRaw, first[:42], len(first), 0, &seg); got != Fragment {
		t.Fatalf("outcome %v", got)
	}
	if got := d.Decode(LinkRaw, last[:20], len(last), 1, &seg); got != TCP {
		t.Fatalf("outcome %v", got)
	}
	if seg.Len != 7 || seg.Seq != 1000 || seg.Marks != FromFragments|OptionsCut {
		t.Errorf("got %+v", seg)
	}
}

// An atomic fragment is whole (RFC 6946), and not put together from anything.
func TestAtomicFragment(t *testing.T) {
	wantSegment(t, LinkRaw, ip6(protoFragment, x("0600 0000 00000007"), tcp()), want6())
}

// The table stays within its bounds, and what it gives up is counted.
func TestFragmentFlood(t *testing.T) {
	d := NewDecoder()
	var seg Segment
	const n = 3 * MaxDatagrams
	for i := range n {
		p := ip4Fragment(ip4MF, protoTCP, make([]byte, 8))
		copy(p[4:], be16(i))
		if got := d.Decode(LinkRaw, p, len(p), 0, &seg); got != Fragment {
			t.Fatalf("fragment %d: outcome %v", i, got)
		}
	}
	if len(d.frags.byKey) != MaxDatagrams {
		t.Errorf("%d datagrams wait, want %d", len(d.frags.byKey), MaxDatagrams)
	}
	if got := d.Incomplete(); got != n {
		t.Errorf("Incomplete() = %d, want %d", got, n)
	}
	// The newest is still there.
	p := ip4Fragment(1, protoTCP, make([]byte, 12))
	copy(p[4:], be16(n-1))
	if got := d.Decode(LinkRaw, p, len(p), 0, &seg); got != BadTCPHeader {
		t.Errorf("outcome %v, want %v", got, BadTCPHeader)
	}
}

// A datagram in more pieces than anyone makes is given up.
func TestFragmentSpans(t *testing.T) {
	d := NewDecoder()
	var seg Segment
	outcome := Fragment
	for i := 0; i <= maxSpans && outcome == Fragment; i++ {
		p := ip4Fragment(ip4MF|(2*i+1), protoTCP, make([]byte, 8))
		outcome = d.Decode(LinkRaw, p, len(p), 0, &seg)
	}
	// The one too many counts by its outcome, the others are those that Incomplete tells of: each once.
	if outcome != FragmentIncomplete || len(d.frags.byKey) != 0 || d.Incomplete() != maxSpans {
		t.Errorf("outcome %v, %d wait, %d incomplete", outcome, len(d.frags.byKey), d.Incomplete())
	}
}

// Fragments of datagrams that wait side by side are told apart by number, up to the last ones.
func TestDatagramNumbers(t *testing.T) {
	a4, b4 := fragments4()
	a6, b6 := fragments6()
	d := NewDecoder()
	for i, step := range []struct {
		data   []byte
		want   Outcome
		number uint64
	}{{a4, Fragment, 1}, {b6, Fragment, 2}, {b4, TCP, 1}, {a6, TCP, 2}, {a4, Fragment, 3}} {
		var seg Segment
		if got := d.Decode(LinkRaw, step.data, len(step.data), int64(i), &seg); got != step.want || d.Datagram() != step.number {
			t.Errorf("fragment %d: %v of datagram %d, want %v of %d", i, got, d.Datagram(), step.want, step.number)
		}
	}
}
