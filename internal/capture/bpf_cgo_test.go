//go:build cgo

package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/gopacket/pcap"
)

// TestLibpcap reads every capture, and every capture rewritten by Writer, with libpcap too and compares.
func TestLibpcap(t *testing.T) {
	for name, data := range realFiles(t) {
		packets := mustCollect(t, openBytes(name, data))
		for kind, data := range map[string][]byte{
			"itself": data,
			"pcap":   written(t, packets, packets[0].Link),
			"pcapng": written(t, packets),
			"big":    asPcapng(binary.BigEndian, packets),
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				if name == "nflog.pcap" && kind == "big" {
					t.Skip("libpcap turns the fields inside NFLOG's header from the file's byte order to the machine's; this package hands packets on as they are")
				}
				h, err := pcap.OpenOffline(benchFile(t, "x", data))
				if err != nil {
					t.Fatal(err)
				}
				defer h.Close()
				n := 0
				var p Packet
				r := openBytes(name, data)
				for r.Next(&p) == nil {
					n++
					want, ci, err := h.ReadPacketData()
					if err != nil {
						t.Fatalf("libpcap, frame %d: %v", n, err)
					}
					if p.Time != ci.Timestamp.UnixNano() || p.WireLen != ci.Length || !bytes.Equal(p.Data, want) {
						t.Errorf("frame %d: time %d, %d of %d octets; libpcap says %d, %d of %d",
							n, p.Time, len(p.Data), p.WireLen, ci.Timestamp.UnixNano(), len(want), ci.Length)
					}
				}
				if _, _, err := h.ReadPacketData(); err != io.EOF {
					t.Errorf("libpcap reads on after %d packets (%v)", n, err)
				}
			})
		}
	}
}

func TestMatcher(t *testing.T) {
	for _, tc := range []struct {
		file, expr string
		want       int // tcpdump -r FILE EXPR | wc -l
	}{
		{"simple_http.pcap", "", 24},
		{"simple_http.pcap", "tcp[tcpflags] & tcp-fin != 0", 4},
		{"simple_http_sll2.pcap", "tcp[tcpflags] & tcp-fin != 0", 4},
		{"simple_http_sll2.pcap", "ifindex 1", 24},
		{"simple_http.pcap", "ifindex 1", 0}, // means nothing on Ethernet
		{"bug-5758.pcap", "tcp[tcpflags] & tcp-syn != 0", 2},
		{"hdlc-http_1tx.pcap", "tcp port 80", 17},
		{"one_http_stream_rst.pcap", "vlan and vlan and pppoes and tcp", 10},
		{"bruteforce.pcap", "udp", 0},
	} {
		t.Run(tc.file+"/"+tc.expr, func(t *testing.T) {
			m, err := NewMatcher(tc.expr)
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for _, p := range mustCollect(t, Open([]string{realCaptures + tc.file}, Options{})) {
				if m.Match(&p) {
					got++
				}
			}
			if got != tc.want {
				t.Errorf("%d packets match, want %d", got, tc.want)
			}
			if nothing := tc.expr == "ifindex 1" && tc.want == 0; (m.Err() != nil) != nothing {
				t.Errorf("Err() = %v", m.Err())
			}
		})
	}
}

func TestMatcherRefuses(t *testing.T) {
	for expr, want := range map[string]string{
		"tcp prt 80":    "syntax error",
		"port 99999":    "illegal port number",
		"ether host 1.": "", // any message
	} {
		_, err := NewMatcher(expr)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("%q", expr)) {
			t.Errorf("NewMatcher(%q): %v, want libpcap's %q", expr, err, want)
		}
	}
}

// TestMatcherEdges: link types that change from packet to packet, an empty packet, one that libpcap has never heard of.
func TestMatcherEdges(t *testing.T) {
	m, err := NewMatcher("ip")
	if err != nil {
		t.Fatal(err)
	}
	ethernet := append(make([]byte, 12), 8, 0, 0x45)
	raw := append([]byte{0x45}, make([]byte, 19)...)
	for range 2 {
		for _, tc := range []struct {
			link uint16
			data []byte
			want bool
		}{
			{linkEthernet, ethernet, true},
			{linkRaw, raw, true},
			{linkEthernet, raw, false},
			{linkEthernet, nil, false},
			{65000, ethernet, false},
		} {
			if got := m.Match(&Packet{Data: tc.data, WireLen: len(tc.data), Link: tc.link}); got != tc.want {
				t.Errorf("link type %d, %x: %v", tc.link, tc.data, got)
			}
		}
	}
	if m.Err() == nil {
		t.Error("no word about link type 65000")
	}
}

func BenchmarkMatch(b *testing.B) {
	m, err := NewMatcher("tcp port 80 or tcp port 443")
	if err != nil {
		b.Fatal(err)
	}
	r := Open([]string{realCaptures + "simple_http.pcap"}, Options{})
	defer r.Close()
	var p Packet
	if err := r.Next(&p); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Match(&p)
	}
}
