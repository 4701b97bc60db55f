package analyzer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Seconds is a duration as the records carry it: seconds as a number, to the nanosecond.
type Seconds float64

// InSeconds converts a duration.
func InSeconds(d time.Duration) Seconds { return Seconds(d.Seconds()) }

// Duration converts back, to the nearest nanosecond.
func (s Seconds) Duration() time.Duration { return time.Duration(float64(s)*1e9 + 0.5) }

// Side is one end of a connection by its role.
type Side string

// The sides.
const (
	ClientSide Side = "client"
	ServerSide Side = "server"
)

// Roles says how client and server were told apart.
type Roles string

// How roles are known.
const (
	RolesHandshake Roles = "handshake" // a SYN was seen
	RolesGuessed   Roles = "guessed"   // from the ports, then from who was seen first
	RolesBoth      Roles = "both"      // simultaneous open: both sent the first SYN
)

// Verdict says how a connection ended.
type Verdict string

// The verdicts.
const (
	Graceful       Verdict = "graceful"         // both FINs acknowledged, one after the other
	Simultaneous   Verdict = "simultaneous"     // both FINs acknowledged, and neither FIN acknowledged the other
	HalfClosed     Verdict = "half-closed"      // one FIN, acknowledged; the other side has sent none
	Unanswered     Verdict = "unanswered"       // one FIN, never acknowledged
	LastAckMissing Verdict = "last-ack-missing" // both FINs sent, at least one never acknowledged
	ResetVerdict   Verdict = "reset"            // ended by a RST that counted, before both FINs were acknowledged
	Refused        Verdict = "refused"          // a SYN answered by RST
	NoReply        Verdict = "no-reply"         // SYNs without an answer
	Open           Verdict = "open"             // set up or in use, no FIN and no RST
	Indeterminate  Verdict = "indeterminate"    // the capture lacks the part that would tell
)

// Verdicts lists all verdicts, in the order in which reports show them.
func Verdicts() []Verdict {
	return []Verdict{Graceful, Simultaneous, HalfClosed, Unanswered, LastAckMissing, ResetVerdict, Refused, NoReply, Open, Indeterminate}
}

// unserved reports whether nobody served the connection, as far as the capture shows: it was refused, or not answered.
func (v Verdict) unserved() bool { return v == Refused || v == NoReply || v == Indeterminate }

// ClosedFirst says whose FIN or RST came first, by what each side knew when it sent it.
type ClosedFirst string

// Who closed first.
const (
	ClientFirst  ClosedFirst = "client"
	ServerFirst  ClosedFirst = "server"
	BothFirst    ClosedFirst = "both" // the closes crossed
	NoneFirst    ClosedFirst = "none"
	UnknownFirst ClosedFirst = "unknown"
)

// ClosedFirsts lists all values, in the order in which reports show them.
func ClosedFirsts() []ClosedFirst {
	return []ClosedFirst{ClientFirst, ServerFirst, BothFirst, NoneFirst, UnknownFirst}
}

// ClosedBy is what the first closer sent.
type ClosedBy string

// What closes a connection.
const (
	ByFIN ClosedBy = "fin"
	ByRST ClosedBy = "rst"
)

// WaitEnd says how a TIME_WAIT ended.
type WaitEnd string

// The ends of a TIME_WAIT.
const (
	WaitExpired WaitEnd = "expired" // its time was over
	WaitReused  WaitEnd = "reused"  // a SYN took its addresses and ports for the next connection
	WaitKilled  WaitEnd = "killed"  // a RST ended it, or showed that it was gone
	WaitRunning WaitEnd = "running" // at the end of the capture
)

// WaitEnds lists all values.
func WaitEnds() []WaitEnd { return []WaitEnd{WaitExpired, WaitReused, WaitKilled, WaitRunning} }

// Confidence says how far a verdict can be trusted.
type Confidence string

// The degrees of confidence.
const (
	Certain   Confidence = "certain"   // the packets prove it
	Likely    Confidence = "likely"    // nothing contradicts it, but something is missing; see the doubts
	Ambiguous Confidence = "ambiguous" // another reading fits as well
)

// Doubt is a reason why a verdict is not certain.
type Doubt string

// The doubts.
const (
	DoubtMidStream   Doubt = "mid-stream"             // the capture starts inside the connection
	DoubtOneSided    Doubt = "one-sided"              // only one direction was captured: of the connection, or of all
	DoubtGap         Doubt = "gap"                    // bytes were acknowledged that the capture never saw
	DoubtFirstFIN    Doubt = "first-fin-not-captured" // only a copy of a FIN was seen: what its sender knew is not known
	DoubtInferredFIN Doubt = "fin-inferred"           // a FIN was not captured; the acknowledgment of it was
	DoubtBehindData  Doubt = "fin-behind-data"        // a FIN may have been queued behind data when the peer's arrived
	DoubtKernelDrops Doubt = "kernel-drops"           // the capturing kernel dropped packets
	DoubtDisorder    Doubt = "time-disorder"          // timestamps go backwards: inside it, or by more than an hour in the capture, whose end is in doubt then
	DoubtMPTCP       Doubt = "mptcp"                  // a subflow of a Multipath TCP connection: its close is not the connection's
	DoubtLastPacket  Doubt = "last-packet-in-flight"  // the capture ends before the last packet can have had its effect
	DoubtAckNotSeen  Doubt = "ack-not-captured"       // a FIN or a SYN-ACK was not sent again, so its acknowledgment arrived unseen
	DoubtGivenUp     Doubt = "may-have-given-up"      // nothing is sent again: the sender may have dropped the connection, which shows in no packet
	DoubtRSTUnproven Doubt = "rst-unproven"           // whether the RST was acceptable to its receiver cannot be told
	DoubtRSTForeign  Doubt = "rst-foreign"            // the RST fits nothing its sender would send, or has another TTL: another host may have sent it
	DoubtRSTStrict   Doubt = "rst-by-linux-rule"      // accepted by Linux; an RFC 5961 receiver would challenge it
	DoubtStateLost   Doubt = "state-lost"             // a new connection on the same ports was accepted without seeing this one end
)

// DoubtFinishedEarly says that more connections were open than Options.MaxFlows allows, and that this one was given up.
const DoubtFinishedEarly Doubt = "finished-early"

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	Info    Severity = "info"
	Warning Severity = "warning"
	Error   Severity = "error"
)

// Severities lists all severities, the mildest first.
func Severities() []Severity { return []Severity{Info, Warning, Error} }

// Compare returns a number below, at or above 0 as s is milder than o, the same or worse. No severity is milder than any.
func (s Severity) Compare(o Severity) int {
	return slices.Index(Severities(), s) - slices.Index(Severities(), o)
}

// PortRange is a range of local ports, both ends included.
type PortRange struct{ Low, High uint16 }

// ParsePortRange reads "LO-HI".
func ParsePortRange(s string) (PortRange, error) {
	lo, hi, ok := strings.Cut(s, "-")
	l, err1 := strconv.ParseUint(strings.TrimSpace(lo), 10, 16)
	h, err2 := strconv.ParseUint(strings.TrimSpace(hi), 10, 16)
	if !ok || err1 != nil || err2 != nil || l == 0 || l > h {
		return PortRange{}, fmt.Errorf("give a port range as LO-HI, for example 32768-60999, not %q", s)
	}
	return PortRange{uint16(l), uint16(h)}, nil
}

// Size returns the number of ports in r.
func (r PortRange) Size() int { return int(r.High) - int(r.Low) + 1 }

// String returns the first and the last port: 32768-60999.
func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.Low, r.High) }

// MarshalText returns "LO-HI".
func (r PortRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
