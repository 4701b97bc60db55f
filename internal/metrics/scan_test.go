package metrics

import (
	"encoding/binary"
	"testing"
	"time"

	"finscope/analyzer"
	"finscope/internal/capture"
)

// A port scan takes no labels from services, with whatever flags it probes.
func TestScanTakesNoLabels(t *testing.T) {
	const fin, syn, rst, psh, ack, urg = 1, 2, 4, 8, 16, 32
	for _, tt := range []struct {
		name          string
		probe, answer byte
	}{
		{"SYN", syn, rst | ack},
		{"FIN", fin, rst | ack},
		{"Xmas", fin | psh | urg, rst | ack},
		{"ACK", ack, rst},
		{"Maimon", fin | ack, rst},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New()
			s, err := analyzer.NewSession("test", analyzer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			closed := 0
			tell := func(e analyzer.Event) error {
				m.Event(&e)
				if e.Kind == analyzer.EventClosed {
					closed++
				}
				return nil
			}
			now := int64(1772323200e9)
			send := func(src, dst byte, from, to uint16, flags byte, seq, ack uint32) {
				now += 1e5
				b := segment(src, dst, from, to, flags, seq, ack)
				if err := s.Add(&capture.Packet{Time: now, Data: b, WireLen: len(b), Link: 1}); err != nil {
					t.Fatal(err)
				}
			}
			for port := uint16(1); port <= 500; port++ {
				send(1, 2, 40000, port, tt.probe, 77, 88)
				if tt.answer == rst {
					send(2, 1, port, 40000, tt.answer, 88, 0)
				} else {
					send(2, 1, port, 40000, tt.answer, 0, 78)
				}
			}
			if err := s.Advance(time.Unix(0, now+10e9), tell); err != nil {
				t.Fatal(err)
			}
			if closed == 0 {
				t.Error("no close was told")
			}
			if len(m.labels) != 0 {
				t.Errorf("%d labels were given to ports that were scanned", len(m.labels))
			}
		})
	}
}

// segment makes a segment without payload in Ethernet and IPv4.
func segment(src, dst byte, from, to uint16, flags byte, seq, ack uint32) []byte {
	b := make([]byte, 54)
	b[12] = 8
	ip := b[14:]
	ip[0], ip[3], ip[8], ip[9], ip[12], ip[15], ip[16], ip[19] = 0x45, 40, 64, 6, 10, src, 10, dst
	tcp := ip[20:]
	binary.BigEndian.PutUint16(tcp, from)
	binary.BigEndian.PutUint16(tcp[2:], to)
	binary.BigEndian.PutUint32(tcp[4:], seq)
	binary.BigEndian.PutUint32(tcp[8:], ack)
	tcp[12], tcp[13] = 0x50, flags
	return b
}
