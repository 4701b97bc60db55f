//go:build linux && cgo

package main

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const metricsAt = serverIP + ":9464"

// notScrapes leaves the scrapes out of the capture, and nothing else: a source port may be 9464 too.
const notScrapes = "not ((dst host " + serverIP + " and dst port 9464) or (src host " + serverIP + " and src port 9464))"

// scrape returns the samples of finscope in the server's namespace by name and labels, as they are written.
func (h *host) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	var c net.Conn
	h.do(t, func() (err error) {
		c, err = net.Dial("tcp4", metricsAt)
		return err
	})
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, "GET /metrics HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for in := bufio.NewScanner(c); in.Scan(); {
		key, value, ok := strings.Cut(in.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); ok && err == nil && strings.HasPrefix(key, "finscope_") {
			out[key] = n
		}
	}
	if len(out) == 0 {
		t.Fatal("no metrics")
	}
	return out
}

// What was told is in the metrics, and what is there at the moment comes within seconds.
func TestLiveMetrics(t *testing.T) {
	client, server := newWire(t)
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "-f", notScrapes, "--stuck-after", "1", "--metrics", metricsAt)
	stuck := makeConnections(t, client, l)
	s.await(t, "stuck: ")
	service := `service="` + serverIP + `:80"`
	want := map[string]float64{
		"finscope_flows_total":                                                         10,
		`finscope_dropped_packets_total{by="kernel"}`:                                  0,
		`finscope_closes_total{closed_first="server",` + service + `,verdict="reset"}`: 1,
		`finscope_closes_total{closed_first="none",service="other",verdict="refused"}`: 1,
		`finscope_fin_to_fin_seconds_count{` + service + `}`:                           4,
		`finscope_stuck{` + service + `,state="FIN_WAIT_2"}`:                           1,
		`finscope_stuck{` + service + `,state="CLOSE_WAIT"}`:                           1,
		`finscope_findings_total{code="close-wait-stuck"}`:                             1,
	}
	var got map[string]float64
	differs := func() (out []string) {
		got = client.scrape(t)
		for key, n := range want {
			if got[key] != n {
				out = append(out, key)
			}
		}
		// Two clients close first, one server does, and the close of two at once is held by either or by both.
		const held = "finscope_time_wait"
		if n := got[held+`{holder="client",`+service+`}`] + got[held+`{holder="server",`+service+`}`]; n < 4 || n > 5 {
			out = append(out, held)
		}
		return out
	}
	for deadline := time.Now().Add(8 * time.Second); len(differs()) > 0 && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
	}
	for _, key := range differs() {
		t.Errorf("%s is %v, want %v", key, got[key], want[key])
	}
	stuck.Close()
	for deadline := time.Now().Add(5 * time.Second); got[`finscope_stuck{`+service+`,state="CLOSE_WAIT"}`] != 0 && time.Now().Before(deadline); got = client.scrape(t) {
		time.Sleep(100 * time.Millisecond)
	}
	if n := got[`finscope_stuck{`+service+`,state="CLOSE_WAIT"}`]; n != 0 {
		t.Errorf("%v are stuck", n)
	}
	if code := s.end(t, syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
}
