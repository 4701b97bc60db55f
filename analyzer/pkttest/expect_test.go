package pkttest

import "testing"

func TestExpectString(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"graceful, client first, ends TIME_WAIT CLOSED",
			"graceful, client first, by fin, ends TIME_WAIT CLOSED, holds client, stream 0"},
		{"simultaneous, ends TIME_WAIT TIME_WAIT",
			"simultaneous, both first, by fin, ends TIME_WAIT TIME_WAIT, holds both, stream 0"},
		{"half-closed, server first, ends CLOSE_WAIT FIN_WAIT_2",
			"half-closed, server first, by fin, ends CLOSE_WAIT FIN_WAIT_2, holds none, half-close server 0, stream 0"},
		{"reset, client first, by fin, ends CLOSED CLOSED, reset by server FIN_WAIT_2 CLOSE_WAIT, doubts gap fin-inferred",
			"reset, client first, by fin, ends CLOSED CLOSED, holds none, reset by server FIN_WAIT_2 CLOSE_WAIT, doubts fin-inferred gap, stream 0"},
		{"graceful, server first, ends CLOSED TIME_WAIT, holds server killed, half-close server 7, stream 4, fins 1 2, bytes 3 4, roles both",
			"graceful, server first, by fin, ends CLOSED TIME_WAIT, holds server killed, half-close server 7, stream 4, fins 1 2, bytes 3 4, roles both"},
	} {
		s := parseOne(t, "== x\n> S 0:0(0)\n= "+c.line+"\n")
		if got := s.Expect[0].String(); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestExpectMirrored(t *testing.T) {
	s := parseOne(t, "== x\n> S 0:0(0)\n= reset, client first, by fin, ends CLOSED -, holds none, half-close client 9, reset by server FIN_WAIT_2 CLOSE_WAIT, fins 1 2, bytes 3 4\n")
	m := s.Expect[0].Mirrored()
	want := "reset, server first, by fin, ends - CLOSED, holds none, half-close server 9, reset by client CLOSE_WAIT FIN_WAIT_2, stream 0, fins 2 1, bytes 4 3"
	if got := m.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if back := m.Mirrored(); back.String() != s.Expect[0].String() {
		t.Errorf("twice mirrored: %s", back.String())
	}
}

func TestExpectLike(t *testing.T) {
	s := parseOne(t, "== x\n> S 0:0(0)\n= reset, both first, by rst, ends CLOSED CLOSED, reset by either\n")
	e := &s.Expect[0]
	found := *e
	found.Reset, found.Before = "server", [2]string{"ESTABLISHED", "ESTABLISHED"}
	found.Roles, found.FINs, found.Bytes, found.TimeWait = "handshake", "0 0", "1 1", "running"
	if got := e.Like(found); got.String() != e.String() {
		t.Errorf("got %s, want %s", got.String(), e.String())
	}
	found.Reset = ""
	if got := e.Like(found); got.String() == e.String() {
		t.Error("no reset counts as either")
	}
}
