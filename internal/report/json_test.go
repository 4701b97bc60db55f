package report

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"finscope/analyzer"
)

func TestJSON(t *testing.T) {
	r, flows := shop()
	for _, c := range []struct {
		name   string
		r      *analyzer.Report
		flows  []*analyzer.Flow
		detail Detail
	}{
		{"shop", r, flows[:5], Full},
		{"shop-brief", r, flows[:5], Brief},
		{"empty", &analyzer.Report{}, nil, Full},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := JSON(&b, c.r, slices.Values(c.flows), c.detail); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".json", b.String())
		})
	}
}

// encoding/json is the reference for the hand-written flow encoder: same keys in the same order, same values.
func TestFlowEncoderAgreesWithEncodingJSON(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		f := randomFlow(rnd)
		got := appendFlow(nil, f)
		ref, err := json.Marshal(struct {
			kind
			*analyzer.Flow
		}{kind{"flow", schema}, f})
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(got) {
			t.Fatalf("flow %d: invalid JSON: %s", i, got)
		}
		if diff := cmp.Diff(promised("", decode(t, ref)), decode(t, got)); diff != "" {
			t.Fatalf("flow %d (-encoding/json +appendFlow):\n%s", i, diff)
		}
		if want, have := keyOrder(t, ref), keyOrder(t, got); !slices.Equal(want, have) {
			t.Fatalf("flow %d: keys in the order\n%v, want\n%v", i, have, want)
		}
	}
}

// The records of services, findings and the summary have the keys of the analyzer's types.
func TestRecordsHaveAllKeys(t *testing.T) {
	r, _ := shop()
	for _, c := range []struct{ record, source any }{
		{serviceRecord(&r.Services[0]), r.Services[0]},
		{findingRecord(&r.Findings[0]), r.Findings[0]},
		{summaryRecord(&r.Summary), r.Summary},
		{timeWaitRecord(&r.TimeWait[0]), r.TimeWait[0]},
		{timeWaitRecord(&r.TimeWait[1]), r.TimeWait[1]},
	} {
		got, want := marshal(t, c.record), marshal(t, c.source)
		want["type"], want["schema"] = got["type"], got["schema"]
		if w, ok := want["closed_first"].(map[string]any); ok { // the fixture leaves out what does not occur
			for _, k := range analyzer.ClosedFirsts() {
				if w[string(k)] == nil {
					w[string(k)] = 0.0
				}
			}
		}
		if diff := cmp.Diff(promised("", want), any(got)); diff != "" {
			t.Errorf("%T (-analyzer +record):\n%s", c.record, diff)
		}
	}
}

func TestFlowEncoderDoesNotAllocate(t *testing.T) {
	f := randomFlow(rand.New(rand.NewPCG(3, 4)))
	buf := appendFlow(nil, f)
	if n := testing.AllocsPerRun(100, func() { buf = appendFlow(buf[:0], f) }); n != 0 {
		t.Errorf("%v allocations for a flow record, want 0", n)
	}
}

func TestStringsAreEscaped(t *testing.T) {
	for _, s := range []string{"", "plain", `"quoted" \ back`, "\x00\x1f\n\t\r", "\xff invalid \xc3", "ünïcode 日本", "<&>"} {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); got != want {
			t.Errorf("%q came back as %q", s, got)
		}
	}
}

func BenchmarkFlowJSON(b *testing.B) {
	_, flows := shop()
	b.Run("append", func(b *testing.B) {
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf = appendFlow(buf[:0], flows[0])
		}
	})
	b.Run("encoding", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(flows[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// promised turns what encoding/json makes of the analyzer's types into what the record format promises: absent lists
// and maps empty, zero times null, all nine digits in times, and no frame 0.
func promised(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = promised(k, x)
		}
	case []any:
		for i, x := range v {
			v[i] = promised(key, x)
		}
	case nil:
		switch key {
		case "doubts", "time_wait", "findings", "codes", "frames", "rst_frames", "streams":
			return []any{}
		case "not_decoded", "not_tcp", "verdicts", "stuck":
			return map[string]any{}
		}
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			if t.IsZero() {
				return nil
			}
			return t.UTC().Format(recordTime)
		}
	case float64:
		if key == "state_frame" && v == 0 {
			return nil
		}
	}
	return v
}

func decode(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func marshal(t *testing.T, v any) map[string]any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, b).(map[string]any)
}

// keyOrder lists the keys of the outermost object.
func keyOrder(t *testing.T, b []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(b))
	var keys []string
	depth, expectKey := 0, false
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return keys
		}
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := tok.(json.Delim); ok {
			if d == '{' || d == '[' {
				depth++
			} else {
				depth--
			}
			expectKey = depth == 1
			continue
		}
		if depth == 1 {
			if expectKey {
				keys = append(keys, tok.(string))
			}
			expectKey = !expectKey
		}
	}
}

func randomFlow(rnd *rand.Rand) *analyzer.Flow {
	when := func() time.Time { return time.Unix(rnd.Int64N(4e9), rnd.Int64N(1e9)) }
	frame := func() uint64 { return 1 + rnd.Uint64N(1<<40) }
	frames := func() []uint64 {
		if rnd.IntN(3) == 0 {
			return nil
		}
		f := make([]uint64, rnd.IntN(4))
		for i := range f {
			f[i] = frame()
		}
		return f
	}
	secs := func() analyzer.Seconds { return analyzer.InSeconds(time.Duration(rnd.Int64N(1e15))) }
	side := func() analyzer.Side { return []analyzer.Side{analyzer.ClientSide, analyzer.ServerSide}[rnd.IntN(2)] }
	state := func() analyzer.State { return analyzer.State(rnd.IntN(int(analyzer.Closed) + 1)) }
	word := func() string { return []string{"half-closed", `a "b" \`, "", "x\ny", "ü"}[rnd.IntN(5)] }
	end := func() analyzer.Endpoint {
		e := analyzer.Endpoint{
			Port: uint16(rnd.Uint32()), State: state(), Packets: rnd.Uint64N(1 << 50), Bytes: rnd.Uint64N(1 << 50), RSTFrames: frames(),
		}
		var ip [16]byte
		for i := range ip {
			ip[i] = byte(rnd.Uint32())
		}
		if e.IP = netip.AddrFrom16(ip); rnd.IntN(2) == 0 {
			e.IP = netip.AddrFrom4([4]byte(ip[:4]))
		}
		if rnd.IntN(4) > 0 {
			e.StateSince, e.StateFrame = when(), frame()
		}
		if rnd.IntN(2) == 0 {
			e.FIN = &analyzer.FIN{Frame: frame(), Time: when(), Seq: rnd.Uint32(), Ack: rnd.Uint32(), Sent: rnd.IntN(9), Frames: frames()}
			if rnd.IntN(2) == 0 {
				e.FIN.AckedFrame, e.FIN.AckedTime = ptr(frame()), ptr(when())
			}
		}
		return e
	}
	f := &analyzer.Flow{
		Stream: rnd.IntN(1 << 30), Client: end(), Server: end(), Roles: analyzer.Roles(word()), Start: when(), End: when(),
		FirstFrame: frame(), LastFrame: frame(), Packets: frame(), Verdict: analyzer.Verdict(word()),
		ClosedFirst: analyzer.ClosedFirst(word()), Confidence: analyzer.Confidence(word()), Age: secs(), DisplayFilter: word(),
	}
	if rnd.IntN(2) == 0 {
		f.ClosedBy = ptr(analyzer.ByFIN)
		f.HalfClose = &analyzer.HalfClose{By: side(), Seconds: secs(), Bytes: frame()}
	}
	if rnd.IntN(2) == 0 {
		f.Reset = &analyzer.Reset{By: side(), Frame: frame(), Time: when(), ClientState: state(), ServerState: state(), Accepted: rnd.IntN(2) == 0}
		if rnd.IntN(2) == 0 {
			f.Reset.Cause = ptr(word())
		}
	}
	for range rnd.IntN(3) {
		f.Doubts = append(f.Doubts, analyzer.Doubt(word()))
		f.Codes = append(f.Codes, analyzer.Code(word()))
		f.TimeWait = append(f.TimeWait, analyzer.TimeWaitSpan{Holder: side(), Since: when(), Until: when(), Ended: analyzer.WaitEnd(word())})
		x := analyzer.Finding{Code: analyzer.Code(word()), Severity: analyzer.Warning, Frames: frames(), Text: word()}
		if rnd.IntN(2) == 0 {
			x.Who = ptr(side())
		}
		f.Findings = append(f.Findings, x)
	}
	return f
}

// Every field of the flow's types has a JSON name: a field added without one would not be noticed above.
func TestFieldsHaveNames(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || !strings.HasSuffix(typ.PkgPath(), "/analyzer") || seen[typ] || typ == reflect.TypeFor[analyzer.PortRange]() {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			if typ.Field(i).Tag.Get("json") == "" {
				t.Errorf("%v.%s has no JSON name", typ, typ.Field(i).Name)
			}
			walk(typ.Field(i).Type)
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[analyzer.Flow](), reflect.TypeFor[analyzer.Service](), reflect.TypeFor[analyzer.GroupFinding](), reflect.TypeFor[analyzer.Summary]()} {
		walk(typ)
	}
	if len(seen) < 10 {
		t.Errorf("looked at %d types only: %v", len(seen), slices.Collect(maps.Keys(seen)))
	}
}
