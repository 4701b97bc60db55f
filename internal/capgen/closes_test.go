package capgen

import "testing"

func TestClosesHaveNamesAndScripts(t *testing.T) {
	names := map[string]bool{}
	for c := range numCloses {
		if names[c.String()] || c.String() == "?" {
			t.Errorf("close %d is named %q", c, c)
		}
		names[c.String()] = true
		if len(c.opening()) == 0 {
			t.Errorf("%v has no opening", c)
		}
		never := c == Refused || c == NoReply || c == Open
		if (len(c.ending()) == 0) != never {
			t.Errorf("%v has %d moves in its ending", c, len(c.ending()))
		}
		if (c.ClosedFirst(Client) == "none") != never {
			t.Errorf("%v is closed first by %s", c, c.ClosedFirst(Client))
		}
	}
	if numCloses.String() != "?" {
		t.Errorf("no close is named %q", numCloses)
	}
}

func TestClosedFirst(t *testing.T) {
	tests := []struct {
		close  Close
		closer Party
		want   string
	}{
		{FourSegments, Client, "client"},
		{FourSegments, Server, "server"},
		{Crossed, Client, "both"},
		{Reset, Server, "server"},
		{ResetLateData, Client, "client"}, // its FIN came before its RST
	}
	for _, tt := range tests {
		if got := tt.close.ClosedFirst(tt.closer); got != tt.want {
			t.Errorf("%v by the %v: %s, want %s", tt.close, tt.closer, got, tt.want)
		}
	}
}
