// Package pkttest reads and plays packet scripts: TCP conversations written down as tcpdump prints them, with the states
// of both endpoints after each packet and the verdict at the end. It knows what a segment is and nothing about closes:
// it holds what an analysis got against what a script expects, but it analyses nothing itself.
//
// A file holds several scripts. Each starts with a line "== TITLE"; the text above the first one, and every line that
// starts with #, is commentary.
//
//	== 2 client first, three segments
//	# The server's FIN acknowledges the client's: it had seen it, so the client was first.
//	P0
//	> F. 101:101(0) ack 201   FIN_WAIT_1  ESTABLISHED
//	< F. 201:201(0) ack 102   FIN_WAIT_2  LAST_ACK
//	> .  102:102(0) ack 202   TIME_WAIT   CLOSED
//	= graceful, client first
//
// # Packets
//
//	[+SECONDS] [x]> | [x]<   FLAGS SEQ:END(LEN) [ack N] [OPTION...] [STATE STATE]
//
// The arrow points from the left end ("C", the client) to the right ("S") or back; with an x the packet was sent but not
// captured. FLAGS are tcpdump's letters: F S R P U E W e, and . for ACK. Numbers are relative to the sender's ISN, ack to
// the peer's; the SYN has number 0, and neither SYN nor FIN is counted in END. A delay is counted from the packet before;
// without one, packets follow each other in steps of 1 ms and belong to one burst, in whose capture order the facts
// ought not to take an interest. The states are those of left and right end after the packet; - is UNKNOWN.
//
// P0 is the standard prelude: the handshake, 100 octets from the left, 200 from the right, all acknowledged, and a pause
// of 0.1 s. After it the left end stands at 101, the right one at 201.
//
// Packets carry what a Linux host stamps on them: IPv4 identifications that count up (0 on SYN-ACKs and on a RST without
// ACK, which has neither timestamp nor window), a TTL of 64, a window scale of 7, SACK permitted, timestamps in ms if the SYN had one.
// Options change that:
//
//	win N          the window field as it stands in the header, unscaled
//	wscale N|none  window scale of a SYN
//	sack L:R[,L:R] selective acknowledgments, in the peer's numbers; a DSACK is the first of them
//	nosack         a SYN that does not permit them
//	ts N           TSval; nots: no timestamp; on a SYN: none in its direction at all
//	id N, ttl N    IPv4 identification and TTL
//	same           a copy of the packet above it that has the same numbers: same identification, same timestamp; 20 us later
//	mini           sent by a TIME_WAIT or other mini socket: identification 0
//	stack          sent without a socket: identification 0, no timestamp, window 0 (a RST without ACK always is)
//	returned WHY   an ICMP message of a router returns it, in the same frame: net, host, port, prohibited,
//	               net-prohibited, long or hops
//	mptcp, datafin, tfo, badsum, cut   the marks of package decode
//
// # Other lines
//
//	end +SECONDS   the capture goes on for so long after the last packet, with other traffic
//	flow N [as M] [isn C S]
//	               what follows belongs to another connection, numbered from 1; "as M" puts it on the addresses and
//	               ports of flow M; isn says how far its ISNs lie past those of flow 1
//	v6             the connection runs over IPv6 (every script is played over both; this one only over IPv6)
//	ordered WHY    the capture order matters here: do not permute
//	by-order WHY   the findings depend on the capture order, the verdict does not
//	unmirrored WHY the roles matter here: do not exchange them
//	todo WHY       known to fail
//
// # Expectations
//
//	= VERDICT[, CLAUSE...]
//
// one line for each connection, in stream order. The clauses:
//
//	client first | server first | both first | unknown first   default: both for simultaneous, else none
//	by fin | by rst              what the first closer sent; required with the verdict reset
//	ends STATE STATE             client and server in the record; default: those of its last packet line that has states
//	holds client|server|both|none [running|expired|killed|reused]
//	                             who has a TIME_WAIT in the record; default: who ends in TIME_WAIT
//	half-close SIDE OCTETS       the side that closed first, and what the other sent after that; default: none, and
//	                             0 octets for the verdict half-closed
//	reset by SIDE [STATE STATE]  required with the verdict reset; states just before it. Side may be "either"
//	                             where the RSTs crossed
//	fins N M                     how often each side sent its FIN; compared only if given
//	bytes N M                    payload of each side, each octet once; compared only if given
//	doubts NAME...               exactly these; default: none
//	stream N                     default: 0, 1, 2... in order
//	roles NAME                   compared only if given
//
//	! CODE
//
// expects a finding of the connection whose = line precedes it. A finding that is not expected is a failure.
//
//	!! CODE
//
// expects a finding across connections: of a service, a host or the capture. Here, too, others are a failure, except for
// those that every TIME_WAIT of a server leads to.
package pkttest
