// Package reassembly follows the sequence space of one direction of a TCP connection as an observer on the path sees it:
// what is new, what was sent again, what is missing, what is acknowledged (RFC 9293 §3.4, all arithmetic modulo 2^32).
//
// It keeps no payload, in spite of its name, and knows neither states nor the other direction: whoever calls it says how
// far the receiver's window reaches. It needs a bounded amount of memory for each direction, whatever is sent: a [Stream]
// is 32 bytes, without pointers, and few need [Gaps], 268 bytes more, in which at most [MaxHoles] missing ranges are remembered.
package reassembly
