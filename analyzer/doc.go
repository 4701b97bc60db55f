// Package analyzer says how each TCP connection of a packet capture closed: who closed first, in which state each endpoint
// was left and since when, what was lost, what hangs and who owes the next packet, and on which frames that rests.
//
// [ReadFile] reads a capture and returns a [Report]; [Report.Flows] yields a [Flow] for each connection. A regression test
// on a capture reads
//
//	report, err := analyzer.ReadFile(ctx, "testdata/close.pcap", analyzer.Options{})
//	if err != nil {
//		t.Fatal(err)
//	}
//	for flow := range report.Flows() {
//		if flow.Verdict != analyzer.Graceful {
//			t.Errorf("stream %d: %s", flow.Stream, flow.Verdict)
//		}
//	}
//
// # The way of a packet
//
// run.fill (read.go) takes packets from package capture and has them decoded into a batch (batch.go); where there are several shards
// they take turns at that (relay.go, internal/relay). A shard enters its packets some at a time (shard.enterSome): those that belong to
// a connection for certain and do no more than move numbers on take a short way (ordinary.go). For the others shard.find
// (shard.go) finds the connection in the table, shard.route (syn.go) decides whether a SYN starts the next one; shard.apply
// (flow.go) enters the segment: twice.go tells copies from packets, reset.go judges RSTs, fin.go keeps what is known of FINs,
// odd.go what is rare, gaps.go what few streams miss. An ICMP message that returns a segment takes the same way as far as to its
// connection, and ends in returned.go. settle.go then infers the states anew: facts.go turns what is known into
// facts, which machine.go replays through RFC 9293. fold.go packs connections that are over where there are many; fetch.go loads
// what is needed of many before it is.
//
// When the capture ends, or retire.go, which looks at connections now and then, has no more use for one that is over, outcome.go
// concludes on it: presume.go makes up for what the capture lacks, verdict.go and closedfirst.go decide. book.go enters what comes
// out. From the books conclude.go makes what a report says of services (service.go), TIME_WAITs and ports (ledger.go) and hosts
// (group.go): survey.go looks at the connections of each service, once but for those that ended with others (group_exit.go).
// occupancy.go says who holds TIME_WAITs, ports.go which ports run out, bindwindow.go when a port can be bound again. build.go makes
// the record of one connection, finding.go and findings_*.go say what went wrong with it. While packets are captured live.go tells
// what happens when it happens.
//
// What knows nothing of TCP has packages of its own: internal/relay has shards read by turns, internal/arena keeps the records,
// internal/pack packs those of connections that are over, internal/due tells which are to be looked at next. internal/timeline
// answers what is asked of the times of many, internal/durations what is asked of how long things took.
//
// # Limitations
//
// It sees one point of the path and knows only what passed there: states are what packets prove, together with the
// presumption that an acknowledgment arrived until its receiver sends again (Flow.Doubts says what is missing). It keeps
// no payload, follows no application protocol, resolves no names, and does not see what a kernel does without sending:
// a FIN queued behind a closed window, a socket given up in silence. Multipath TCP is followed as separate subflows.
package analyzer
