package analyzer

// The close machine.
//
// The position of the observer: we see each segment as it passes one point; we do not know whether it arrived. The only
// proof that an endpoint received the peer's FIN is an ACK of that FIN which the endpoint itself sent. An endpoint's
// state is therefore what its own segments prove, together with the presumption that what acknowledges it arrived, until
// a retransmission disproves that.
//
// This file holds RFC 9293 Figure 5 as a table and the replay of one endpoint's facts through it, and nothing else. The
// facts do not depend on the order in which a capture file shows the packets of the two directions; how they are
// gathered is the business of facts.go. A RST is dealt with before this machine is asked (reset.go), what is plausible
// in sequence space in package reassembly.

// event is something that happened to one endpoint.
type event uint8

const (
	sndSYN      event = iota // it sent a SYN without ACK: active OPEN
	rcvSYN                   // it received the peer's SYN: it has acknowledged it
	rcvAckOfSYN              // the peer acknowledged its SYN
	sndFIN                   // it sent its FIN: CLOSE, with all data before it sent
	rcvAckOfFIN              // the peer acknowledged its FIN
	rcvFIN                   // it received the peer's FIN: it has acknowledged it

	numEvents = iota
)

var eventNames = [numEvents]string{"snd SYN", "rcv SYN", "rcv ACK of SYN", "snd FIN", "rcv ACK of FIN", "rcv FIN"}

func (e event) String() string { return eventNames[e] }

// transition is one arrow of RFC 9293 Figure 5.
type transition struct {
	from State
	on   event
	to   State
	rule string // section and step of RFC 9293
}

// transitions returns the arrows of Figure 5 that packets can show. Left out: LISTEN, which no packet shows (a passive
// open starts at CLOSED here), the CLOSE of SYN-SENT, which sends nothing, RST (§3.5.3, see reset.go) and the 2MSL
// timeout (see timewait.go). A pair that is not listed changes nothing: in Figure 5 it is a repetition, or it cannot
// happen.
func transitions() []transition {
	return []transition{
		{Closed, sndSYN, SynSent, "§3.10.1 OPEN, CLOSED: active"},
		{Closed, rcvSYN, SynReceived, "§3.10.7.2 LISTEN, third: check for a SYN"},
		{SynSent, rcvSYN, SynReceived, "§3.10.7.3 SYN-SENT, fourth: check the SYN bit, our SYN not acknowledged"},
		{SynReceived, rcvAckOfSYN, Established, "§3.10.7.4 fifth, SYN-RECEIVED; with SYN and ACK in one segment §3.10.7.3 fourth"},

		{SynReceived, sndFIN, FinWait1, "§3.10.4 CLOSE, SYN-RECEIVED"},
		{SynReceived, rcvFIN, CloseWait, "§3.10.7.4 eighth, SYN-RECEIVED"},
		{Established, sndFIN, FinWait1, "§3.10.4 CLOSE, ESTABLISHED"},
		{Established, rcvFIN, CloseWait, "§3.10.7.4 eighth, ESTABLISHED"},

		{FinWait1, rcvAckOfFIN, FinWait2, "§3.10.7.4 fifth, FIN-WAIT-1"},
		{FinWait1, rcvFIN, Closing, "§3.10.7.4 eighth, FIN-WAIT-1"},
		{FinWait2, rcvFIN, TimeWait, "§3.10.7.4 eighth, FIN-WAIT-2; Figure 5 note 2 is this after the one above"},
		{Closing, rcvAckOfFIN, TimeWait, "§3.10.7.4 fifth, CLOSING"},

		{CloseWait, sndFIN, LastAck, "§3.10.4 CLOSE, CLOSE-WAIT"},
		{LastAck, rcvAckOfFIN, Closed, "§3.10.7.4 fifth, LAST-ACK"},
	}
}

// machine is the table of [transitions] by state and event; Unknown where the state does not change.
type machine [numStates][numEvents]State

func newMachine() *machine {
	m := new(machine)
	for _, t := range transitions() {
		m[t.from][t.on] = t.to
	}
	return m
}

// next returns the state after an event.
func (m *machine) next(s State, e event) State {
	if to := m[s][e]; to != Unknown {
		return to
	}
	return s
}

// facts is what is known of one endpoint, in terms of the machine.
type facts struct {
	seen bool // it sent something, or what it must have sent was acknowledged

	sentSYN     bool // active open
	gotSYN      bool // it acknowledged the peer's SYN
	synAcked    bool // the peer acknowledged its SYN
	midStream   bool // no SYN of this connection was seen: it was synchronized before
	sentFIN     bool
	finAcked    bool // and nothing shows that the acknowledgment was lost
	gotFIN      bool // it acknowledged the peer's FIN
	gotFINFirst bool // its FIN, when first sent, acknowledged the peer's: it is the passive closer
}

// state replays the facts of one endpoint. Where the facts leave the order of two events open, both orders end in the
// same state. An endpoint of which packets were seen but nothing that moves the machine is Unknown.
func (m *machine) state(f facts) State { return m.close(m.open(f), f) }

// open replays the facts of the opening.
func (m *machine) open(f facts) State {
	if !f.seen || !f.midStream && !f.sentSYN && !f.gotSYN {
		return Unknown
	}
	s := Closed
	if f.midStream {
		s = Established
	}
	s = m.step(s, f.sentSYN, sndSYN)
	s = m.step(s, f.gotSYN, rcvSYN)
	return m.step(s, f.synAcked, rcvAckOfSYN)
}

// close replays the facts of the close from the state s on.
func (m *machine) close(s State, f facts) State {
	s = m.step(s, f.gotFIN && f.gotFINFirst, rcvFIN)
	s = m.step(s, f.sentFIN, sndFIN)
	s = m.step(s, f.finAcked, rcvAckOfFIN)
	return m.step(s, f.gotFIN, rcvFIN)
}

// step returns the state after an event, if that happened.
func (m *machine) step(s State, happened bool, e event) State {
	if happened {
		return m.next(s, e)
	}
	return s
}
