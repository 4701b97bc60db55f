package report

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"finscope/analyzer"
)

func renderText(t *testing.T, r *analyzer.Report, flows []*analyzer.Flow, o TextOptions) string {
	t.Helper()
	r = counted(r, flows)
	var b strings.Builder
	if err := Text(&b, r, slices.Values(flows), o); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if trimmed := strings.TrimRight(line, " \n"); trimmed != strings.TrimSuffix(line, "\n") {
			t.Errorf("line ends in blanks: %q", line)
		}
	}
	return b.String()
}

// counted returns r with the counts that the analyzer would have made of these flows.
func counted(r *analyzer.Report, flows []*analyzer.Flow) *analyzer.Report {
	r = &analyzer.Report{Summary: r.Summary, Services: slices.Clone(r.Services), TimeWait: r.TimeWait, Findings: r.Findings}
	r.Summary.Flows = len(flows)
	for i := range r.Services {
		r.Services[i].Ends = nil
	}
	for _, f := range flows {
		same := func(s analyzer.Service) bool { return s.IP == f.Server.IP && s.Port == f.Server.Port }
		i := slices.IndexFunc(r.Services, same)
		if i < 0 {
			i = len(r.Services)
			r.Services = append(r.Services, analyzer.Service{IP: f.Server.IP, Port: f.Server.Port})
		}
		if r.Services[i].Ends == nil {
			r.Services[i].Ends = map[analyzer.End]int{}
		}
		r.Services[i].Ends[endOf(f)]++
	}
	r.Services = slices.DeleteFunc(r.Services, func(s analyzer.Service) bool { return s.Ends == nil })
	return r
}

func endOf(f *analyzer.Flow) analyzer.End {
	e := analyzer.End{Verdict: f.Verdict, ClosedFirst: f.ClosedFirst}
	if f.ClosedBy != nil {
		e.ClosedBy = *f.ClosedBy
	}
	return e
}

func TestText(t *testing.T) {
	empty := &analyzer.Report{Summary: analyzer.Summary{Files: []string{"-"}}}
	udp := &analyzer.Report{Summary: analyzer.Summary{
		Files: []string{"a.pcap", "b.pcap"}, Packets: 1000, Start: ptr(at(0)), End: ptr(at(86400 * 2)),
		NotTCP: map[string]uint64{"UDP": 900, "ARP": 100},
	}}
	odd := &analyzer.Report{Summary: analyzer.Summary{
		Files: []string{"a.pcap"}, Packets: 1, Start: ptr(at(0)), End: ptr(at(0)), NotDecoded: map[string]uint64{"unknown link type 147": 1},
	}}
	filtered := &analyzer.Report{Summary: analyzer.Summary{Files: []string{"a.pcap"}, Packets: 7, Start: ptr(at(0)), End: ptr(at(1))}}
	damaged := &analyzer.Report{Summary: analyzer.Summary{
		Files: []string{"a.pcap"}, Packets: 1, Start: ptr(at(0)), End: ptr(at(0)),
		Damaged: &analyzer.Damaged{File: "a.pcap", Frame: 2, Error: "a.pcap: frame 2 at byte 84: cut in the middle of the packet (12 of 60 bytes)"},
	}}
	unread := &analyzer.Report{Summary: analyzer.Summary{
		Files: []string{"a.pcap"}, Damaged: &analyzer.Damaged{File: "a.pcap", Error: "a.pcap: cannot be opened, permission denied"},
	}}
	whole, flows := shop()
	for _, c := range []struct {
		name  string
		r     *analyzer.Report
		flows []*analyzer.Flow
		o     TextOptions
	}{
		{"shop", whole, flows, TextOptions{Flows: 5}},
		{"shop-all", whole, flows, TextOptions{Flows: AllFlows}},
		{"shop-brief", whole, flows, TextOptions{Flows: 5, Detail: Brief}},
		{"shop-selected", whole, flows[2:4], TextOptions{Flows: 5, Of: 17}},
		{"shop-none-selected", whole, nil, TextOptions{Flows: 5, Of: 17}},
		{"no-packets", empty, nil, TextOptions{Flows: 5}},
		{"no-tcp", udp, nil, TextOptions{Flows: 5}},
		{"not-decoded", odd, nil, TextOptions{Flows: 5}},
		{"filtered", filtered, nil, TextOptions{Flows: 5}},
		{"damaged", damaged, nil, TextOptions{Flows: 5}},
		{"unread", unread, nil, TextOptions{Flows: 5}},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, c.name+".txt", renderText(t, c.r, c.flows, c.o)) })
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestColourDoesNotChangeTheText(t *testing.T) {
	r, flows := shop()
	plainText := renderText(t, r, flows, TextOptions{Flows: 10})
	coloured := renderText(t, r, flows, TextOptions{Flows: 10, Palette: ANSI()})
	if coloured == plainText {
		t.Error("no colour at all")
	}
	if sgr.ReplaceAllString(coloured, "") != plainText {
		t.Error("without its SGR sequences the coloured report differs from the plain one")
	}
	if !strings.Contains(coloured, "\x1b[31mreset ?\x1b[0m") {
		t.Error("the verdict reset is not red")
	}
}

// A writer gets whole lines only, and no more after its first error.
func TestTextStopsAtTheFirstError(t *testing.T) {
	r, flows := shop()
	w := &failing{after: 3}
	if err := Text(w, r, slices.Values(flows), TextOptions{Flows: 10}); !errors.Is(err, errFull) {
		t.Errorf("got error %v, want %v", err, errFull)
	}
	if w.calls != 4 {
		t.Errorf("%d calls of Write, want 3 that worked and 1 that failed", w.calls)
	}
}

var errFull = errors.New("disk full")

type failing struct {
	after, calls int
	partial      bool
}

func (w *failing) Write(b []byte) (int, error) {
	w.calls++
	w.partial = w.partial || !strings.HasSuffix(string(b), "\n")
	if w.calls > w.after {
		return 0, errFull
	}
	return len(b), nil
}

func TestManyServicesAreSummed(t *testing.T) {
	var flows []*analyzer.Flow
	for i := range 14 {
		f := graceful(i)
		f.Server.Port = uint16(1000 + i)
		flows = append(flows, f)
	}
	got := renderText(t, &analyzer.Report{Summary: analyzer.Summary{Files: []string{"x"}}}, flows, TextOptions{})
	if !strings.Contains(got, "10.0.0.5:1009") || strings.Contains(got, "10.0.0.5:1010") || !strings.Contains(got, "4 more services") {
		t.Errorf("want ten services and the other four in one line:\n%s", got)
	}
}
