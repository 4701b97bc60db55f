package main

import (
	"bytes"
	"net"
	"strings"
	"testing"
)

// An address that another program has is told before the capture begins.
func TestMetricsAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := l.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-i", "no-such-interface", "--metrics", at}, strings.NewReader(""), &stdout, &stderr)
	want := "finscope: error: --metrics " + at + ": the address is in use\n" +
		"finscope: hint: ss -ltnp sport = :" + port + " names the program that listens there; give another port\n"
	if code != exitUsage || stdout.Len() > 0 || stderr.String() != want {
		t.Errorf("exit code %d, %q, standard error\n%s\nwant\n%s", code, &stdout, &stderr, want)
	}
}
