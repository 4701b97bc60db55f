package analyzer

import "strings"

// killRule says which RST ends TIME_WAIT.
type killRule uint8

const (
	killExact  killRule = iota // at exactly RCV.NXT: Linux, tcp_timewait_state_process; RFC 9293 with RFC 5961
	killWindow                 // anywhere in the window: illumos, tcp_time_wait_processing
	killNever                  // FreeBSD, tcp_twcheck (RFC 1337 §3, fix 1)
)

// timeWaitRules is what an operating system does in TIME_WAIT. The zero value is Linux without a length.
type timeWaitRules struct {
	length  int64 // ns
	slack   int64 // how much later than that the timer may fire, ns
	kill    killRule
	finOnly bool // nothing but a FIN starts it anew
	silent  bool // so does an empty segment that needs no answer
	linux   bool

	seqOnly    bool // a SYN is accepted by its number alone: timestamps are not looked at
	pastWindow bool // and only past the window of the old connection: one inside it is refused with RST
}

// rules returns the rules that go with the system that o names. Linux: net/ipv4/tcp_minisocks.c,
// tcp_timewait_state_process, all of it measured; FreeBSD: sys/netinet/tcp_timewait.c, whose family macOS is of; illumos:
// tcp_time_wait_processing. Of Windows nothing is published: it gets what RFC 9293 §3.10.7.4 says.
func (o *Options) rules(a *Assumed) timeWaitRules {
	t := timeWaitRules{length: int64(a.TimeWait.Duration())}
	switch strings.ToLower(o.OS) {
	case "", "linux":
		t.linux, t.silent = true, true
		t.slack = 2e9 // measured: 60.4 to 61.5 s
	case "freebsd", "macos":
		t.finOnly, t.kill, t.seqOnly = true, killNever, true
	case "solaris":
		t.finOnly, t.kill, t.seqOnly, t.pastWindow = true, killWindow, true, true
	case "windows":
		t.finOnly = true
	}
	return t
}

// restarts reports whether the holder starts its timer anew on a segment that it answers.
func (t *timeWaitRules) restarts(c trigger) bool {
	switch c {
	case finCopy:
		return true
	case otherACK, pawsSYN:
		return !t.finOnly
	}
	return false
}
