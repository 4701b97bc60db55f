package analyzer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finscope/analyzer"
	"finscope/internal/report"
)

// realCaptures are captures from public repositories, each with what is expected of it beside it; see the README.md there.
const realCaptures = "../testdata/pcaps/real"

// expectation is NAME.expect.json: what a capture must be found to hold.
type expectation struct {
	Capture string           `json:"capture"`
	Streams []expectedStream `json:"streams"`
}

// expectedStream has the fields of a flow record by which a close is judged. What is left out is null in the record.
type expectedStream struct {
	Stream  int       `json:"stream"`
	Todo    string    `json:"todo,omitempty"` // what is wrong for now: a stream that fails for this is skipped
	Why     string    `json:"why"`            // why this is right, with the frames that say so
	Client  string    `json:"client"`
	Server  string    `json:"server"`
	Roles   string    `json:"roles"`
	Frames  [2]uint64 `json:"frames"`  // first and last one with this tcp.stream in tshark
	Packets uint64    `json:"packets"` // how many of them

	Verdict     string   `json:"verdict"`
	ClosedFirst string   `json:"closed_first"`
	ClosedBy    string   `json:"closed_by"`
	Confidence  string   `json:"confidence"`
	Doubts      []string `json:"doubts"`
	Codes       []string `json:"codes,omitempty"` // of all findings but those of TIME_WAITs

	TimeWait  []string           `json:"time_wait"` // holder and how it ended
	HalfClose *expectedHalfClose `json:"half_close,omitempty"`
	Reset     *expectedReset     `json:"reset,omitempty"`
	ClientEnd expectedEnd        `json:"client_end"`
	ServerEnd expectedEnd        `json:"server_end"`
}

type expectedHalfClose struct {
	By    string `json:"by"`
	Bytes uint64 `json:"bytes"`
}

type expectedReset struct {
	By          string `json:"by"`
	Frame       uint64 `json:"frame"`
	ClientState string `json:"client_state"`
	ServerState string `json:"server_state"`
}

type expectedEnd struct {
	State     string   `json:"state"`
	Packets   uint64   `json:"packets"`
	Bytes     uint64   `json:"bytes"`
	FINFrames []uint64 `json:"fin_frames,omitempty"` // first transmission and copies
	FINAcked  *uint64  `json:"fin_acked,omitempty"`
	RSTFrames []uint64 `json:"rst_frames,omitempty"`
}

// TestCaptures holds the flow records of every real capture against what was read off tshark by hand.
func TestCaptures(t *testing.T) {
	for _, name := range captures(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want := readExpectation(t, name)
			rep, err := analyzer.ReadFile(t.Context(), name, analyzer.Options{Trace: streamsOf(want)})
			if err != nil {
				t.Fatal(err)
			}
			if rep.Summary.Flows != len(want.Streams) {
				t.Errorf("%d streams, want %d", rep.Summary.Flows, len(want.Streams))
			}
			if *askTShark {
				checkFrames(t, name, want)
			}
			for _, w := range want.Streams {
				t.Run(fmt.Sprint(w.Stream), func(t *testing.T) { checkStream(t, rep, w) })
			}
		})
	}
}

// checkFrames compares the recorded stream numbers with those of the installed tshark.
func checkFrames(t *testing.T, name string, want expectation) {
	t.Helper()
	got := map[string]expectedStream{}
	for i, number := range tsharkStreams(t, name) {
		s, frame := got[number], uint64(i)+1
		if s.Packets == 0 {
			s.Frames[0] = frame
		}
		s.Frames[1] = frame
		s.Packets++
		got[number] = s
	}
	for _, w := range want.Streams {
		if s := got[strconv.Itoa(w.Stream)]; s.Frames != w.Frames || s.Packets != w.Packets {
			t.Errorf("stream %d: %d frames, first and last %d, in tshark here; recorded are %d, %d", w.Stream, s.Packets, s.Frames, w.Packets, w.Frames)
		}
	}
}

// checkStream compares one stream and shows its ladder if it is not as expected.
func checkStream(t *testing.T, rep *analyzer.Report, want expectedStream) {
	f, ok := rep.Flow(want.Stream)
	if !ok {
		t.Fatal("no such stream")
	}
	todo := want.Todo
	got := observedStream(f)
	got.Why, got.Todo, want.Todo = want.Why, "", ""
	if reflect.DeepEqual(got, want) {
		if todo != "" {
			t.Errorf("as expected now: take the todo out (%s)", todo)
		}
		return
	}
	var ladder bytes.Buffer
	rungs, _ := rep.Ladder(want.Stream)
	if err := report.Explain(&ladder, f, rungs, *rep.Summary.End, report.Palette{}); err != nil {
		t.Error(err)
	}
	message := fmt.Sprintf("got  %s\nwant %s\n%s", asJSON(t, got), asJSON(t, want), &ladder)
	if todo != "" {
		t.Skipf("todo: %s\n%s", todo, message)
	}
	t.Error(message)
}

// observedStream puts a record into the form of the expectations.
func observedStream(f *analyzer.Flow) expectedStream {
	s := expectedStream{
		Stream: f.Stream, Client: address(&f.Client), Server: address(&f.Server), Roles: string(f.Roles),
		Frames: [2]uint64{f.FirstFrame, f.LastFrame}, Packets: f.Packets,
		Verdict: string(f.Verdict), ClosedFirst: string(f.ClosedFirst), Confidence: string(f.Confidence),
		Doubts: []string{}, TimeWait: []string{},
		ClientEnd: observedEnd(&f.Client), ServerEnd: observedEnd(&f.Server),
	}
	if f.ClosedBy != nil {
		s.ClosedBy = string(*f.ClosedBy)
	}
	for _, d := range f.Doubts {
		s.Doubts = append(s.Doubts, string(d))
	}
	for _, c := range f.Codes {
		if !strings.HasPrefix(string(c), "time-wait-") {
			s.Codes = append(s.Codes, string(c))
		}
	}
	for _, w := range f.TimeWait {
		s.TimeWait = append(s.TimeWait, string(w.Holder)+" "+string(w.Ended))
	}
	if h := f.HalfClose; h != nil {
		s.HalfClose = &expectedHalfClose{By: string(h.By), Bytes: h.Bytes}
	}
	if r := f.Reset; r != nil {
		s.Reset = &expectedReset{By: string(r.By), Frame: r.Frame, ClientState: r.ClientState.String(), ServerState: r.ServerState.String()}
	}
	return s
}

func observedEnd(e *analyzer.Endpoint) expectedEnd {
	out := expectedEnd{State: e.State.String(), Packets: e.Packets, Bytes: e.Bytes}
	if len(e.RSTFrames) > 0 {
		out.RSTFrames = e.RSTFrames
	}
	if e.FIN != nil {
		out.FINFrames, out.FINAcked = e.FIN.Frames, e.FIN.AckedFrame
	}
	return out
}

func address(e *analyzer.Endpoint) string { return netip.AddrPortFrom(e.IP, e.Port).String() }

// TestCapturesJobs checks that the JSON report of a capture does not depend on the number of jobs.
func TestCapturesJobs(t *testing.T) {
	for _, name := range captures(t) {
		one := jsonReport(t, name, 1)
		for _, jobs := range []int{2, 7} {
			if got := jsonReport(t, name, jobs); got != one {
				t.Errorf("%s: %d jobs give another report than one:\n%s\n%s", name, jobs, got, one)
			}
		}
	}
}

func jsonReport(t *testing.T, name string, jobs int) string {
	t.Helper()
	rep, err := analyzer.ReadFile(t.Context(), name, analyzer.Options{Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := report.JSON(&out, rep, rep.Flows(), report.Full); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// captures returns the paths of all real captures. Each has expectations, and no expectations lack their capture.
func captures(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(realCaptures, "*.pcap"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	expectations, err := filepath.Glob(filepath.Join(realCaptures, "*.expect.json"))
	if err != nil {
		t.Fatal(err)
	}
	var beside []string
	for _, name := range names {
		beside = append(beside, expectationOf(name))
	}
	if slices.Sort(beside); !slices.Equal(expectations, beside) {
		t.Fatalf("expectations are there for\n%q, captures for\n%q", expectations, beside)
	}
	return names
}

func expectationOf(capture string) string {
	return strings.TrimSuffix(capture, ".pcap") + ".expect.json"
}

// readExpectation reads what is expected of a capture. A key it does not know is an error: it would test nothing.
func readExpectation(t *testing.T, capture string) expectation {
	t.Helper()
	text, err := os.ReadFile(expectationOf(capture))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var want expectation
	if err := d.Decode(&want); err != nil {
		t.Fatalf("%s: %v", expectationOf(capture), err)
	}
	if d.More() || want.Capture != filepath.Base(capture) {
		t.Fatalf("%s: not the expectations of %s alone", expectationOf(capture), capture)
	}
	return want
}

func streamsOf(want expectation) []int {
	var out []int
	for _, s := range want.Streams {
		out = append(out, s.Stream)
	}
	return out
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
