package decode

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// frame is one packet of a capture file.
type frame struct {
	link LinkType
	data []byte
	wire int
	time int64
}

// readCapture reads a pcap file of testdata/pcaps/real (draft-ietf-opsawg-pcap). It is not done with gopacket/pcapgo,
// which keeps 8 bits of the link type where SLL2 needs 9.
func readCapture(t testing.TB, name string) []frame {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "testdata", "pcaps", "real", name))
	if err != nil {
		t.Fatal(err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if file[0] == 0xa1 {
		order = binary.BigEndian
	}
	fraction := int64(1000)
	if order.Uint32(file) == 0xa1b23c4d {
		fraction = 1
	}
	link := LinkType(order.Uint32(file[20:]))
	var frames []frame
	for b := file[24:]; len(b) >= 16; {
		n := order.Uint32(b[8:])
		frames = append(frames, frame{
			link: link,
			data: b[16 : 16+n : 16+n],
			wire: int(order.Uint32(b[12:])),
			time: int64(order.Uint32(b))*1e9 + int64(order.Uint32(b[4:]))*fraction,
		})
		b = b[16+n:]
	}
	return frames
}

// How many packets of each capture are TCP segments, by
//
//	tshark -r FILE -Y tcp | wc -l
//
// which counts headers quoted in ICMP errors too, but none of these captures has one of a TCP segment. All fields of
// all of them have been compared as well: addresses, ports, numbers, flags, length, window, checksum, TTL, timestamps.
func TestCaptures(t *testing.T) {
	tests := []struct {
		name    string
		tcp     int
		outcome map[Outcome]int // of the other packets
		reason  string
	}{
		{name: "bruteforce.pcap", tcp: 606},
		{name: "bug-5437-02.pcap", tcp: 60, reason: "ERSPAN in GRE"},
		{name: "bug-5758.pcap", tcp: 41},
		{name: "geneve-many-options.pcap", tcp: 10},
		{name: "hdlc-http_1tx.pcap", tcp: 17},
		{name: "http-100-continue.pcap", tcp: 16},
		{name: "http-11-request-then-cruft.pcap", tcp: 20},
		{name: "http-bad-request-with-version.pcap", tcp: 12},
		{name: "http-content-zip.pcap", tcp: 12},
		{name: "http-packets2.pcap", tcp: 222},
		{name: "https2-301-get.pcap", tcp: 23},
		{name: "ipv6-http-atomic-frag.pcap", tcp: 36, outcome: map[Outcome]int{ICMPv6: 2}},
		{name: "modbus.pcap", tcp: 99},
		{name: "mpls-basic.pcap", tcp: 19, outcome: map[Outcome]int{ICMP: 10, UDP: 12, OtherIP: 11, OtherEthertype: 6},
			reason: "EIGRP, RSVP, CDP and Ethernet loopback tests beside it"},
		{name: "mptcp-v1.pcap", tcp: 20},
		{name: "mysql-deny.pcap", tcp: 10},
		{name: "nanosecs_big_endian.pcap", tcp: 10},
		{name: "nflog.pcap", tcp: 10},
		{name: "one_http_stream_fin.pcap", tcp: 15},
		{name: "one_http_stream_rst.pcap", tcp: 10},
		{name: "one_tcp_stream_fin_rst_close_packet.pcap", tcp: 13},
		{name: "pppoe-over-qinq.pcap", tcp: 86},
		{name: "pptp.pcap", tcp: 22, outcome: map[Outcome]int{OtherEthertype: 1}, reason: "the control connection, and LCP in GRE"},
		{name: "qi_internet_SYNACK_curl_jsonip.pcap", tcp: 14},
		{name: "simple_http.pcap", tcp: 24},
		{name: "simple_http_sll2.pcap", tcp: 24},
		{name: "socks5-http-302-frag.pcap", tcp: 14, outcome: map[Outcome]int{Fragment: 58},
			reason: "four segments come in fragments of up to 24 bytes; each counts once, in the frame that completes it"},
		{name: "ssh.pcap", tcp: 54},
		{name: "tfo.pcap", tcp: 16},
		{name: "vxlan.pcap", tcp: 82, outcome: map[Outcome]int{UDP: 18}, reason: "DNS and NTP in VXLAN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDecoder()
			var seg Segment
			got := map[Outcome]int{}
			for _, f := range readCapture(t, tt.name) {
				got[d.Decode(f.link, f.data, f.wire, f.time, &seg)]++
			}
			want := map[Outcome]int{TCP: tt.tcp}
			maps.Copy(want, tt.outcome)
			if !maps.Equal(got, want) {
				t.Errorf("got %v, want %v (%s)", got, want, tt.reason)
			}
			if n := d.Incomplete(); n != 0 {
				t.Errorf("%d fragments incomplete", n)
			}
		})
	}
}
