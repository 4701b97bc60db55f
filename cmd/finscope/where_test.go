package main

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"finscope/analyzer"
)

func TestWhere(t *testing.T) {
	acked := uint64(12)
	by := analyzer.ByFIN
	who := analyzer.ServerSide
	half := &analyzer.Flow{
		Stream:  17,
		Client:  analyzer.Endpoint{IP: netip.MustParseAddr("10.0.0.7"), Port: 40112, State: analyzer.FinWait2, FIN: &analyzer.FIN{Frame: 11, Sent: 2, Frames: []uint64{11, 14}, AckedFrame: &acked}},
		Server:  analyzer.Endpoint{IP: netip.MustParseAddr("2001:db8::5"), Port: 8080, State: analyzer.CloseWait},
		Start:   time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Verdict: analyzer.HalfClosed, ClosedFirst: analyzer.ClientFirst, ClosedBy: &by, Confidence: analyzer.Certain,
		Age:       88.1,
		HalfClose: &analyzer.HalfClose{By: analyzer.ClientSide, Seconds: 88, Bytes: 5},
		TimeWait:  []analyzer.TimeWaitSpan{{Holder: analyzer.ClientSide, Ended: "running"}},
		Findings:  []analyzer.Finding{{Code: "lost-ack", Severity: analyzer.Warning, Who: &who, Frames: []uint64{14}}},
		Codes:     []analyzer.Code{"lost-ack"},
	}
	none := &analyzer.Flow{Verdict: analyzer.Open, ClosedFirst: analyzer.NoneFirst}

	for _, c := range []struct {
		expr       string
		half, none bool
	}{
		{`verdict == "half-closed"`, true, false},
		{`verdict != "half-closed"`, false, true},
		{`verdict in ["open", "reset"]`, false, true},
		{`client.state == "FIN_WAIT_2" && age > 60`, true, false},
		{`"lost-ack" in codes`, true, false},
		{`"lost-ack" not in codes`, false, true},
		{`client.ip == "10.0.0.7"`, true, false},
		{`server.ip == "2001:db8::5" and server.port == 8080`, true, false},
		{`stream in [3, 17]`, true, false},
		{`start > date("2026-01-01")`, true, false},
		{`any(findings, .severity == "warning" && .who == "server")`, true, false},
		{`any(time_wait, .ended == "running")`, true, false},
		{`14 in client.fin.frames`, true, false},

		// Null is "" or 0 in comparisons, never an error.
		{`reset.by == "server"`, false, false},
		{`half_close.bytes > 0`, true, false},
		{`half_close.by == "client"`, true, false},
		{`client.fin.sent > 1`, true, false},
		{`closed_by == "fin"`, true, false},
		{`!(half_close.bytes > 0)`, false, true},

		// And nil where it is asked for.
		{`half_close != nil`, true, false},
		{`half_close == nil`, false, true},
		{`nil == reset`, true, true},
		{`client.fin != nil && server.fin == nil`, true, false},
		{`client.fin != null && server.fin == null`, true, false},
		{`null == half_close`, false, true},
		{`client.fin.acked_frame != nil`, true, false},
		{`client.fin.acked_frame == nil`, false, true},
		{`client.fin.acked_time == nil`, true, true},
		{`start != nil`, true, false},
		{`type == "flow" && schema == 1`, true, true},
		{`closed_by == nil`, false, true},
		{`reset.cause == nil`, true, true},
		{`reset?.by == "client"`, false, false},
	} {
		w, err := compileWhere(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		// Twice in turn: nothing of one flow is left when the next comes.
		for range 2 {
			if got := w.match(half); got != c.half {
				t.Errorf("%s: %v for the half-closed flow, want %v", c.expr, got, c.half)
			}
			if got := w.match(none); got != c.none {
				t.Errorf("%s: %v for the open flow, want %v", c.expr, got, c.none)
			}
		}
		if w.err != nil {
			t.Errorf("%s: %v", c.expr, w.err)
		}
	}
}

func TestWhereFailsOnAFlow(t *testing.T) {
	w, err := compileWhere(`findings[0].code == "lost-ack"`)
	if err != nil {
		t.Fatal(err)
	}
	if w.match(&analyzer.Flow{Stream: 5}) || w.err == nil || !strings.Contains(w.err.Error(), "stream 5") {
		t.Errorf("want an error that names the stream, got %v", w.err)
	}
}

// --where knows every key of the record: a field added to the record must come here too.
func TestEnvHasTheKeysOfTheRecord(t *testing.T) {
	var compare func(path string, record, env reflect.Type)
	compare = func(path string, record, env reflect.Type) {
		for record.Kind() == reflect.Pointer || record.Kind() == reflect.Slice {
			record = record.Elem()
		}
		if env.Kind() == reflect.Slice {
			env = env.Elem()
		}
		if env.Kind() != reflect.Struct || env.PkgPath() == "time" {
			return
		}
		have := make(map[string]reflect.Type)
		for i := range env.NumField() {
			have[env.Field(i).Tag.Get("expr")] = env.Field(i).Type
		}
		for i := range record.NumField() {
			f := record.Field(i)
			key := f.Tag.Get("json")
			typ, ok := have[key]
			if !ok {
				t.Errorf("%s%s is not known to --where", path, key)
				continue
			}
			delete(have, key)
			compare(path+key+".", f.Type, typ)
		}
		delete(have, "present")
		if path == "" { // what each line of --json begins with
			delete(have, "type")
			delete(have, "schema")
		}
		for key := range have {
			t.Errorf("%s%s is not in the record", path, key)
		}
	}
	compare("", reflect.TypeFor[analyzer.Flow](), reflect.TypeFor[flowEnv]())
}

func BenchmarkWhere(b *testing.B) {
	w, err := compileWhere(`client.state == "FIN_WAIT_2" && age > 60`)
	if err != nil {
		b.Fatal(err)
	}
	f := &analyzer.Flow{
		Client: analyzer.Endpoint{IP: netip.MustParseAddr("10.0.0.7"), State: analyzer.FinWait2},
		Server: analyzer.Endpoint{IP: netip.MustParseAddr("10.0.0.5")},
		Age:    61,
	}
	b.ReportAllocs()
	for b.Loop() {
		w.match(f)
	}
}
