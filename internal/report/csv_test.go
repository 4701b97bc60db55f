package report

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

func TestCSV(t *testing.T) {
	_, flows := shop()
	var b strings.Builder
	if err := CSV(&b, slices.Values(flows[:5])); err != nil {
		t.Fatal(err)
	}
	golden(t, "shop.csv", b.String())

	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll() // refuses rows of different length
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 6 {
		t.Fatalf("%d lines, want a header and 5 flows", len(rows))
	}
	column := func(name string) int {
		i := slices.Index(rows[0], name)
		if i < 0 {
			t.Fatalf("no column %s", name)
		}
		return i
	}
	for _, c := range []struct {
		row        int
		name, want string
		reason     string
	}{
		{1, "client_fin_acked_frame", "40", "the values stand under their names to the last column of an endpoint"},
		{1, "half_close_by", "", "null is empty"},
		{2, "time_wait_holder", "client|server", "lists are joined"},
		{2, "codes", "lost-ack", ""},
		{3, "reset_cause", "unread data", ""},
		{3, "severity", "error", ""},
		{4, "server_ip", "2001:db8::5", "no brackets: the port is a column of its own"},
		{5, "half_close_seconds", "88.19399", ""},
		{5, "display_filter", "tcp.stream == 17", "the last column"},
	} {
		if got := rows[c.row][column(c.name)]; got != c.want {
			t.Errorf("row %d, %s: got %q, want %q (%s)", c.row, c.name, got, c.want, c.reason)
		}
	}
}

func TestCSVStopsAtTheFirstError(t *testing.T) {
	_, flows := shop()
	w := &failing{after: 2}
	if err := CSV(w, slices.Values(flows)); err != errFull {
		t.Errorf("got error %v, want %v", err, errFull)
	}
	if w.calls != 3 || w.partial {
		t.Errorf("%d calls of Write, partial lines: %v; want 3 whole lines", w.calls, w.partial)
	}
}
