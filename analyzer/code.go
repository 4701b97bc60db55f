package analyzer

// Code names a finding.
type Code string

// What is found in one connection.
const (
	FinWait2Stuck        Code = "fin-wait-2-stuck"
	FinWait1Stuck        Code = "fin-wait-1-stuck"
	ClosingStuck         Code = "closing-stuck"
	LastAckStuck         Code = "last-ack-stuck"
	CloseWaitStuck       Code = "close-wait-stuck" // fin-wait-2-stuck, seen from the side that owes the FIN
	SlowClose            Code = "slow-close"
	LostACK              Code = "lost-ack"          // a FIN sent again although the peer had acknowledged it
	LostFIN              Code = "lost-fin"          // a FIN sent again, and the copy was needed
	FINRetransmitted     Code = "fin-retransmitted" // a FIN sent again, undecidable which of the two
	CloseGivenUp         Code = "close-given-up"
	HalfCloseUsed        Code = "half-close"
	FINReordered         Code = "fin-reordered"
	DataAfterFIN         Code = "data-after-fin"
	ResetAbort           Code = "reset-abort"
	ResetUnreadData      Code = "reset-unread-data"
	ResetLateData        Code = "reset-late-data"
	ResetFinWait2Expired Code = "reset-fin-wait-2-expired"
	ResetNoConnection    Code = "reset-no-connection"
	ResetAfterClose      Code = "reset-after-close"
	ResetIgnored         Code = "reset-ignored"
	ResetInjected        Code = "reset-injected"
	KeepaliveTimeout     Code = "keepalive-timeout"
	PeerVanished         Code = "peer-vanished"
	ICMPUnreachable      Code = "icmp-unreachable" // a router, or the host itself, returned what was sent
	ZeroWindowClose      Code = "zero-window-close"
	TimeWaitReused       Code = "time-wait-reused"
	TimeWaitRefused      Code = "time-wait-refused"
	TimeWaitKilled       Code = "time-wait-killed"
	TimeWaitExtended     Code = "time-wait-extended"
	SimultaneousOpen     Code = "simultaneous-open"
	MPTCP                Code = "mptcp"
)

// What is found across the connections of a service or a host, or of the capture as a whole.
const (
	BindBlocked            Code = "bind-blocked"
	ServerHoldsTimeWait    Code = "server-holds-time-wait"
	PortExhaustion         Code = "port-exhaustion"
	ReservedPortsExhausted Code = "reserved-ports-exhausted"
	CloseWaitLeak          Code = "close-wait-leak"
	ListenerClosed         Code = "listener-closed"
	ProcessExited          Code = "process-exited"
	HostRestarted          Code = "host-restarted"
	HostUnreachable        Code = "host-unreachable"
	RefusedWhileTimeWait   Code = "refused-while-time-wait"
	CaptureDuplicates      Code = "capture-duplicates"
	CaptureLoss            Code = "capture-loss"
)

// Codes lists all finding codes: those of single connections, then those of services, hosts and the capture.
func Codes() []Code {
	return []Code{
		FinWait2Stuck, FinWait1Stuck, ClosingStuck, LastAckStuck, CloseWaitStuck, SlowClose, LostACK, LostFIN, FINRetransmitted,
		CloseGivenUp, HalfCloseUsed, FINReordered, DataAfterFIN, ResetAbort, ResetUnreadData, ResetLateData, ResetFinWait2Expired,
		ResetNoConnection, ResetAfterClose, ResetIgnored, ResetInjected, KeepaliveTimeout, PeerVanished, ICMPUnreachable, ZeroWindowClose,
		TimeWaitReused, TimeWaitRefused, TimeWaitKilled, TimeWaitExtended, SimultaneousOpen, MPTCP,
		BindBlocked, ServerHoldsTimeWait, PortExhaustion, ReservedPortsExhausted, CloseWaitLeak, ListenerClosed, ProcessExited,
		HostRestarted, HostUnreachable, RefusedWhileTimeWait, CaptureDuplicates, CaptureLoss,
	}
}
