//go:build linux && cgo

package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Ranges of local ports that fill, and services that do not close, are told while it happens, and so is that it is over.
func TestLiveAlerts(t *testing.T) {
	client, server := newWire(t)
	client.do(t, func() error {
		return os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40019"), 0)
	})
	l := server.listen(t, 80)
	s := server.sniff(t, "-i", "veth0", "--json", "--port-range", "40000-40019", "--time-wait", "3", "--stuck-after", "1")
	for range 16 { // of 20 ports
		c, peer := client.connect(t, l)
		c.Close()
		peer.Read(make([]byte, 1))
		peer.Close()
	}
	expect := func(want map[string]any) {
		t.Helper()
		line, _ := s.await(t, `"alert":"`+want["alert"].(string)+`"`, func() string {
			if level, ok := want["level"]; ok {
				b, _ := json.Marshal(level)
				return `"level":` + string(b) + ","
			}
			return ""
		}())
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		for key, v := range want {
			if got[key] != v {
				t.Errorf("%s is %v, want %v: %s", key, got[key], v, line)
			}
		}
	}
	expect(map[string]any{"alert": "time-wait", "level": 50.0, "holder": clientIP, "peer": serverIP, "peer_port": 80.0, "capacity": 20.0})
	expect(map[string]any{"alert": "time-wait", "level": 80.0, "count": 16.0})

	c1, peer1 := client.connect(t, l)
	c2, peer2 := client.connect(t, l)
	c1.CloseWrite()
	c2.CloseWrite()
	expect(map[string]any{"alert": "close-wait-leak", "ip": serverIP, "port": 80.0, "owner": "server", "client": nil, "count": 2.0})
	expect(map[string]any{"alert": "time-wait-over", "level": 80.0})
	expect(map[string]any{"alert": "time-wait-over", "level": 50.0})
	peer1.Close()
	peer2.Close()
	expect(map[string]any{"alert": "close-wait-leak-over", "count": 0.0})
	time.Sleep(1500 * time.Millisecond)
	if code := s.end(t, syscall.SIGINT); code != exitOK {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
	if n := strings.Count(s.output(), `"alert":"time-wait`); n != 4 {
		t.Errorf("%d alerts of ports:\n%s", n, s.output())
	}
}
