package analyzer_test

import (
	"context"
	"fmt"
	"log"

	"finscope/analyzer"
)

// A regression test of a server: record its traffic, then assert how its connections closed.
func ExampleReadFile() {
	ctx := context.Background()
	report, err := analyzer.ReadFile(ctx, "../testdata/pcaps/real/one_http_stream_fin.pcap", analyzer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for f := range report.Flows() {
		fmt.Printf("stream %d, port %d: %s, %s closed first\n", f.Stream, f.Server.Port, f.Verdict, f.ClosedFirst)
		fmt.Println("client", f.Client.State)
		fmt.Println("server", f.Server.State)
	}
	// Output:
	// stream 0, port 80: graceful, server closed first
	// client CLOSED
	// server TIME_WAIT
}

// The frames are the evidence: they can be looked up in Wireshark, in the stream that DisplayFilter selects.
func ExampleReport_Flow() {
	report, err := analyzer.ReadFile(context.Background(), "../testdata/pcaps/real/http-bad-request-with-version.pcap", analyzer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	f, ok := report.Flow(0)
	if !ok {
		log.Fatal("no stream 0")
	}
	fin := f.Server.FIN
	fmt.Printf("%s: FIN in frames %v, acknowledged in frame %d\n", f.DisplayFilter, fin.Frames, *fin.AckedFrame)
	// Output:
	// tcp.stream == 0: FIN in frames [7 10], acknowledged in frame 8
}

// Several files are read as one capture, here those of two test runs.
func ExampleReadFiles() {
	report, err := analyzer.ReadFiles(context.Background(), []string{
		"../testdata/pcaps/real/simple_http.pcap",
		"../testdata/pcaps/real/simple_http_sll2.pcap",
	}, analyzer.Options{Jobs: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range report.Services {
		fmt.Printf("port %d: %d of %d closed by the server first\n", s.Port, s.ClosedFirst[analyzer.ServerFirst], s.Flows)
	}
	// Output:
	// port 8000: 2 of 2 closed by the server first
	// port 56789: 2 of 2 closed by the server first
}

// Select narrows a report down, services and counts included.
func ExampleReport_Select() {
	report, err := analyzer.ReadFile(context.Background(), "../testdata/pcaps/real/bruteforce.pcap", analyzer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	crossed := report.Select(func(f *analyzer.Flow) bool { return f.Verdict == analyzer.Simultaneous })
	for f := range crossed.Flows() {
		fmt.Println("stream", f.Stream)
	}
	fmt.Println(crossed.Summary.Flows, "of", report.Summary.Flows)
	// Output:
	// stream 2
	// stream 3
	// 2 of 30
}

// A ladder shows each packet of a connection with both states after it.
func ExampleReport_Ladder() {
	report, err := analyzer.ReadFile(context.Background(), "../testdata/pcaps/real/mysql-deny.pcap", analyzer.Options{Trace: []int{0}})
	if err != nil {
		log.Fatal(err)
	}
	rungs, _ := report.Ladder(0)
	for _, r := range rungs[len(rungs)-2:] {
		fmt.Println(r.Frame, r.Packet, r.Client, r.Server)
	}
	// Output:
	// 9 < F. 176:176(0) ack 66 ESTABLISHED FIN_WAIT_1
	// 10 > F. 66:66(0) ack 176 FIN_WAIT_1 FIN_WAIT_1
}
