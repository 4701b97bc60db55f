package decode

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// plainSum is RFC 1071 §4.1 as it stands there: 16 bits at a time, not complemented.
func plainSum(parts ...[]byte) uint16 {
	var sum uint32
	for _, b := range parts {
		for ; len(b) >= 2; b = b[2:] {
			sum += uint32(binary.BigEndian.Uint16(b))
		}
		if len(b) == 1 {
			sum += uint32(b[0]) << 8
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

func TestChecksum(t *testing.T) {
	p := tcp()
	n := be16(len(p))
	addrs4 := x("0a000001 0a000002")
	addrs6 := x("20010db8000000000000000000000001 20010db8000000000000000000000002")
	right4 := ^plainSum(addrs4, []byte{0, 6}, n, p)
	right6 := ^plainSum(addrs6, []byte{0, 6}, n, p)

	with := func(sum uint16, change ...func([]byte)) []byte {
		q := cat(p)
		binary.BigEndian.PutUint16(q[16:], sum)
		for _, f := range change {
			f(q)
		}
		return q
	}
	ackOnly := func(q []byte) { q[13] = 0x10 }
	rst := func(q []byte) { q[13] = 0x04 }
	big := func(sum uint16) []byte { return ip4(protoTCP, with(sum), make([]byte, 1500)) }

	tests := []struct {
		name string
		data []byte
		bad  bool
	}{
		{"right", ip4(protoTCP, with(right4)), false},
		{"right, padded", cat(ip4(protoTCP, with(right4)), x("000000")), false},
		{"right, v6", ip6(protoTCP, with(right6)), false},
		{"wrong", ip4(protoTCP, with(right4^1)), true},
		{"wrong, v6", ip6(protoTCP, with(right6^1)), true},
		{"wrong, rst", ip4(protoTCP, with(right4^1, rst)), true},
		{"wrong, only ack", ip4(protoTCP, with(right4^1, ackOnly)), false},
		{"offload", ip4(protoTCP, with(plainSum(addrs4, []byte{0, 6}, n))), false},
		{"offload, v6", ip6(protoTCP, with(plainSum(addrs6, []byte{0, 6}, n))), false},
		{"segmentation offload", ip4(protoTCP, with(plainSum(addrs4, []byte{0, 6}))), false},
		{"left to the device", ip4(protoTCP, with(0)), false},
		{"complement of offload", ip4(protoTCP, with(^plainSum(addrs4, []byte{0, 6}, n))), true},
		{"merged by the device", big(right4), false},
		{"source route", routed(ip4(protoTCP, with(right4^1))), false},
		{"destination options", ip6(protoDestination, x("0600 010400000000"), with(right6^1)), false},
		{"routing, segments left", ip6(protoRouting, x("0602 0001 00000000 20010db8000000000000000000000009"), with(right6^1)), false},
		{"routing, no segments left", ip6(protoRouting, x("0602 0000 00000000 20010db8000000000000000000000009"), with(right6^1)), true},
		{"hop by hop", ip6(protoHopByHop, x("0600 010400000000"), with(right6^1)), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seg, outcome := decodeOne(LinkRaw, tt.data)
			if outcome != TCP {
				t.Fatalf("outcome %v", outcome)
			}
			if got := seg.Marks&BadChecksum != 0; got != tt.bad {
				t.Errorf("bad checksum %v, want %v ", got, tt.bad)
			}
		})
	}

	t.Run("cut", func(t *testing.T) {
		data := ip4(protoTCP, with(right4^1))
		var seg Segment
		NewDecoder().Decode(LinkRaw, data[:len(data)-1], len(data), 0, &seg)
		if seg.Marks&BadChecksum != 0 {
			t.Error("a segment that is not there in full was judged")
		}
	})
}

// routed puts a strict source route into an IPv4 header.
func routed(b []byte) []byte {
	r := cat(b[:20], x("89070400000000 00"), b[20:])
	r[0] = 0x47
	binary.BigEndian.PutUint16(r[2:], uint16(len(r)))
	return r
}

func TestSumBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 100 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		if got, want := fold(sumBytes(0, b)), plainSum(b); got != want {
			t.Errorf("%d bytes: sum %04x, want %04x", n, got, want)
		}
	}
}
