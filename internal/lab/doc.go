// Package lab holds finscope's verdicts against what a Linux kernel did.
//
// A run has three hosts, each a network namespace: client, middle and server, joined by two veth pairs. A forwarder in the
// middle hands frames on and loses, delays, duplicates or holds back those that rules choose. Four taps record the run: at
// the client, on both sides of the middle and at the server. Beside the captures stands what the kernel says: the state
// changes of its sockets (tracefs), the small sockets that no tracepoint shows (sock_diag: TIME_WAIT, an orphaned
// FIN_WAIT_2, SYN_RECV), the RSTs it sent and believed, and every call of the two applications with its result.
//
// Then finscope reads each of the four captures, and [Compare] says where it differs. The rules: at the tap on an
// endpoint's own host the inferred state of that endpoint has to be the kernel's, at the end and on the way; elsewhere it
// has to be, or the record has to carry a doubt. What a kernel does without putting anything on the wire is listed apart.
//
// Namespaces, addresses and captures exist while a run lasts and nowhere else: the namespaces have no names, so they are
// gone when the process is, whatever ends it. Recording needs Linux, root and tracefs; comparing needs nothing.
//
// The package does not decide what is right (the kernel does), does not model a network (no bandwidth, no queues), knows
// no system but the Linux it runs on, and is not part of the finscope program.
package lab
