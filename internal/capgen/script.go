package capgen

// verb is what a move sends.
type verb uint8

const (
	sendSYN verb = iota
	sendSYNACK
	sendACK
	sendData
	sendFIN
	sendRST    // with ACK, at the sequence number that the peer expects
	sendRefuse // RST+ACK of a port without a listener
	sendBare   // RST without ACK, at the number that the segment it answers acknowledged
)

// wait is how long after the move before it a move comes.
type wait uint8

const (
	soon  wait = iota // the same host goes on at once
	rtt               // an answer
	think             // the application takes its time
	rto               // first retransmission timeout of a connection
	rto2              // the second, doubled
	rto3
	syn // the same for a SYN
	syn2
	syn3
)

// how says what is special about a move.
type how uint8

const (
	plain how = iota
	blind     // sent before what the peer sent last has arrived
	again     // the sender's last segment once more
)

// move is one packet of a script.
type move struct {
	by   who
	what verb
	wait wait
	how  how
}

// who is the sender of a move.
type who uint8

const (
	closer who = iota // of the connection
	peer              // of the closer
	client
	server
)

// opening returns the moves that set a connection up, or fail to.
func (c Close) opening() []move {
	switch c {
	case Refused:
		return []move{
			{client, sendSYN, soon, plain},
			{server, sendRefuse, rtt, plain},
		}
	case NoReply:
		return []move{
			{client, sendSYN, soon, plain},
			{client, sendSYN, syn, again},
			{client, sendSYN, syn2, again},
			{client, sendSYN, syn3, again},
		}
	default:
		return []move{
			{client, sendSYN, soon, plain},
			{server, sendSYNACK, rtt, plain},
			{client, sendACK, rtt, plain},
		}
	}
}

// ending returns the moves after the connection has been set up and used.
func (c Close) ending() []move {
	switch c {
	case FourSegments:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendACK, rtt, plain},
			{peer, sendFIN, think, plain},
			{closer, sendACK, rtt, plain},
		}
	case ThreeSegments:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendFIN, rtt, plain},
			{closer, sendACK, rtt, plain},
		}
	case Crossed:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendFIN, soon, blind},
			{closer, sendACK, rtt, plain},
			{peer, sendACK, soon, plain},
		}
	case LostFIN:
		return []move{
			{closer, sendFIN, think, plain},
			{closer, sendFIN, rto, again},
			{peer, sendFIN, rtt, plain},
			{closer, sendACK, rtt, plain},
		}
	case LostLastACK:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendFIN, rtt, plain},
			{closer, sendACK, rtt, plain},
			{peer, sendFIN, rto, again},
			{closer, sendACK, rtt, plain},
		}
	case LastACKMissing:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendFIN, rtt, plain},
			{peer, sendFIN, rto, again},
			{peer, sendFIN, rto2, again},
			{peer, sendFIN, rto3, again},
		}
	case Stuck:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendACK, rtt, plain},
		}
	case Unanswered:
		return []move{
			{closer, sendFIN, think, plain},
			{closer, sendFIN, rto, again},
			{closer, sendFIN, rto2, again},
			{closer, sendFIN, rto3, again},
		}
	case Reset:
		return []move{{closer, sendRST, think, plain}}
	case ResetLateData:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendACK, rtt, plain},
			{peer, sendData, think, plain},
			{closer, sendBare, rtt, plain},
		}
	case ResetAfter:
		return []move{
			{closer, sendFIN, think, plain},
			{peer, sendFIN, rtt, plain},
			{closer, sendACK, rtt, plain},
			{closer, sendRST, soon, plain},
		}
	default:
		return nil
	}
}
