package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"finscope/analyzer"
)

// Expected is what a recorded run has to yield, for each tap in the order of the streams.
type Expected map[Tap][]ExpectedFlow

// ExpectedFlow is the part of a record that the laboratory stands for.
type ExpectedFlow struct {
	ClientPort  uint16               `json:"client_port"`
	Verdict     analyzer.Verdict     `json:"verdict"`
	ClosedFirst analyzer.ClosedFirst `json:"closed_first"`
	Client      string               `json:"client"`
	Server      string               `json:"server"`
	TimeWait    []string             `json:"time_wait"` // "client running"
	Reset       string               `json:"reset"`     // who sent the RST that ended it; empty: none
	Doubts      []analyzer.Doubt     `json:"doubts"`
}

// expectation takes the part of a record that fixtures hold.
func expectation(f *analyzer.Flow) ExpectedFlow {
	e := ExpectedFlow{
		ClientPort: f.Client.Port, Verdict: f.Verdict, ClosedFirst: f.ClosedFirst,
		Client: f.Client.State.String(), Server: f.Server.State.String(), TimeWait: []string{}, Doubts: f.Doubts,
	}
	for _, t := range f.TimeWait {
		e.TimeWait = append(e.TimeWait, fmt.Sprintf("%s %s", t.Holder, t.Ended))
	}
	if f.Reset != nil {
		e.Reset = string(f.Reset.By)
	}
	return e
}

const (
	truthFile    = "truth.json"
	expectedFile = "expected.json"
)

// captureFile is the name of the capture of a tap.
func captureFile(dir string, tap Tap) string { return filepath.Join(dir, string(tap)+".pcap") }

// ReadRun reads a recorded run.
func ReadRun(dir string) (*Run, error) {
	t, err := readTruth(filepath.Join(dir, truthFile))
	if err != nil {
		return nil, err
	}
	run := &Run{Truth: *t, Captures: map[Tap][]Frame{}}
	for _, tap := range Taps() {
		sentBy := t.Server
		if tap == AtClient || tap == AtMidServer { // what goes out there comes from the client
			sentBy = t.Client
		}
		if run.Captures[tap], err = readCapture(captureFile(dir, tap), sentBy.String()); err != nil {
			return nil, err
		}
	}
	return run, nil
}

// expect has finscope read the captures of a recorded run.
func expect(ctx context.Context, dir string) (Expected, error) {
	out := Expected{}
	for _, tap := range Taps() {
		vs, err := viewsOf(ctx, tap, captureFile(dir, tap))
		if err != nil {
			return nil, err
		}
		out[tap] = []ExpectedFlow{}
		for _, v := range vs {
			out[tap] = append(out[tap], expectation(v.Flow))
		}
	}
	return out, nil
}

// writeExpected saves what a recorded run yields now. It is only called for runs that agree with the kernel.
func writeExpected(ctx context.Context, dir string) error {
	e, err := expect(ctx, dir)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, expectedFile), append(b, '\n'), 0o644)
}

// readExpected reads what writeExpected wrote.
func readExpected(dir string) (Expected, error) {
	b, err := os.ReadFile(filepath.Join(dir, expectedFile))
	if err != nil {
		return nil, err
	}
	e := Expected{}
	return e, json.Unmarshal(b, &e)
}

// keepBytes is how much of a frame fixtures keep: all headers with all options, over IPv6 as well.
const keepBytes = 14 + 40 + 60

// record writes a run to a directory: four captures without payload and what does not belong
// to its connections, and the truth.
func (run *Run) record(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, tap := range Taps() {
		var tcp []Frame
		for _, f := range run.Captures[tap] {
			if _, ok := parse(f.Data); !ok && !isMark(f.Data) && !isICMP(f.Data) {
				continue
			}
			if more := len(f.Data) - keepBytes; more > 0 {
				f.Data, f.Cut = f.Data[:keepBytes], more
			}
			tcp = append(tcp, f)
		}
		f, err := os.Create(captureFile(dir, tap))
		if err != nil {
			return err
		}
		err = writeCapture(f, tcp)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	return run.Truth.write(filepath.Join(dir, truthFile))
}
