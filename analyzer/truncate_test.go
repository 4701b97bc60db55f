package analyzer_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finscope/analyzer"
	"finscope/internal/capture"
)

// everyByte makes TestCapturesCut take minutes. A small capture is cut at every byte anyway; of a large one, what the
// analyzer gets to see differs from record to record only, and package capture tests its reader at every byte.
var everyByte = flag.Bool("everybyte", false, "cut large captures at every byte too")

// smallCapture is the size in bytes up to which a capture is cut at every byte.
const smallCapture = 1500

// TestCapturesCut cuts captures, from the end, and analyses the file that is left: nothing panics, no complete packet is
// lost, the report is that of the packets before the cut, and a cut inside a record is an error that names the file, the
// frame and the byte where the record starts.
func TestCapturesCut(t *testing.T) {
	for _, name := range captures(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if testing.Short() && len(data) > smallCapture {
				t.Skip("one of the larger captures; run without -short")
			}
			t.Parallel()
			file := filepath.Join(t.TempDir(), "cut.pcap")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			starts := records(t, data)
			complete := len(starts) - 1 // records before the cut
			for cut := len(data) - 1; cut >= 0; cut-- {
				for complete > 0 && starts[complete] > cut {
					complete--
				}
				if len(data) > smallCapture && !*everyByte && !telling(cut, complete, starts) {
					continue
				}
				if err := os.Truncate(file, int64(cut)); err != nil {
					t.Fatal(err)
				}
				checkCut(t, name, file, cut, complete, starts)
			}
		})
	}
}

// telling reports whether a cut is between two records, beside that, or in the middle of one.
func telling(cut, complete int, starts []int) bool {
	from := starts[complete]
	if cut < from || complete == len(starts)-1 {
		return true // in the file header
	}
	to := starts[complete+1]
	return cut <= from+1 || cut == to-1 || cut == (from+to)/2
}

// checkCut analyses a capture of which cut bytes are left, with so many complete records.
func checkCut(t *testing.T, whole, file string, cut, complete int, starts []int) {
	t.Helper()
	rep, err := analyzer.ReadFile(t.Context(), file, analyzer.Options{})
	if rep == nil {
		t.Fatalf("cut at %d: no report: %v", cut, err)
	}
	if rep.Summary.Packets != uint64(complete) {
		t.Fatalf("cut at %d: %d packets, want %d", cut, rep.Summary.Packets, complete)
	}
	if cut == starts[complete] {
		if err != nil {
			t.Fatalf("cut at %d, between records: %v", cut, err)
		}
		before, err := analyzer.ReadFile(t.Context(), whole, analyzer.Options{Count: max(1, uint64(complete))})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := flowRecords(t, rep), flowRecords(t, before); complete > 0 && got != want {
			t.Fatalf("cut at %d:\n%s\nthe same packets of the whole file:\n%s", cut, got, want)
		}
		return
	}
	var d *capture.Damage
	if !errors.As(err, &d) || d.File != file {
		t.Fatalf("cut at %d: %v", cut, err)
	}
	if cut < starts[0] {
		return // inside the file header: there is no frame to name
	}
	place := fmt.Sprintf("frame %d at byte %d", complete+1, starts[complete])
	if !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), place) {
		t.Fatalf("cut at %d: error does not name file and %s: %v", cut, place, err)
	}
	if got := rep.Summary.Damaged; got == nil || got.File != file || got.Frame != uint64(complete)+1 {
		t.Fatalf("cut at %d: summary says damaged %+v", cut, got)
	}
}

// records returns where each record of a pcap file starts, and last where the file ends.
func records(t *testing.T, data []byte) []int {
	t.Helper()
	const fileHeader, recordHeader = 24, 16
	order := binary.ByteOrder(binary.LittleEndian)
	if data[0] == 0xa1 {
		order = binary.BigEndian
	}
	starts := []int{fileHeader}
	for at := fileHeader; at < len(data); starts = append(starts, at) {
		at += recordHeader + int(order.Uint32(data[at+8:]))
	}
	if last := starts[len(starts)-1]; last != len(data) {
		t.Fatalf("the records end at byte %d of %d", last, len(data))
	}
	return starts
}

func flowRecords(t *testing.T, rep *analyzer.Report) string {
	t.Helper()
	var out strings.Builder
	for f := range rep.Flows() {
		out.WriteString(asJSON(t, f))
		out.WriteByte('\n')
	}
	return out.String()
}
