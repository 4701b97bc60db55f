package pkttest

import (
	"fmt"
	"strconv"
	"strings"

	"finscope/internal/decode"
)

// packet reads a packet line, split at spaces.
func (p *parser) packet(line int, fields []string) error {
	q := Packet{Line: line, Flow: p.flow, Delay: step, Window: -1, WScale: -1, ID: -1, TTL: -1, TSVal: -1}
	if p.paused {
		q.Delay, q.Pause, p.paused = preludePause, true, false
	}
	delayed := strings.HasPrefix(fields[0], "+")
	if delayed {
		d, err := parseDelay(fields[0])
		if err != nil {
			return err
		}
		q.Delay, q.Pause = d, true
		fields = fields[1:]
	}
	if len(fields) < 3 {
		return fmt.Errorf("not a packet: write [+SECONDS] > FLAGS SEQ:END(LEN) [ack N] [OPTION...] [STATE STATE]")
	}
	arrow := fields[0]
	arrow, q.Lost = strings.CutPrefix(arrow, "x")
	switch arrow {
	case ">":
		q.Side = Left
	case "<":
		q.Side = Right
	default:
		return fmt.Errorf("unknown line: it starts with %q", fields[0])
	}
	var err error
	if q.Flags, err = parseFlags(fields[1]); err != nil {
		return err
	}
	if q.Seq, q.Len, err = parseNumbers(fields[2]); err != nil {
		return err
	}
	rest := fields[3:]
	if n := len(rest); n >= 2 && isState(rest[n-1]) && isState(rest[n-2]) {
		q.States = [2]string{rest[n-2], rest[n-1]}
		rest = rest[:n-2]
	}
	if err := q.options(rest); err != nil {
		return err
	}
	if q.Same {
		if p.earlier(&q) == nil {
			return fmt.Errorf("a copy of nothing: no packet before has these numbers")
		}
		if !delayed {
			q.Delay = copyStep
		}
	}
	p.s.Packets = append(p.s.Packets, q)
	return nil
}

// earlier returns the latest packet before q that has its numbers.
func (p *parser) earlier(q *Packet) *Packet {
	for i := len(p.s.Packets) - 1; i >= 0; i-- {
		if o := &p.s.Packets[i]; o.twin(q) {
			return o
		}
	}
	return nil
}

// twin reports whether p and q have the same numbers.
func (p *Packet) twin(q *Packet) bool {
	return p.Flow == q.Flow && p.Side == q.Side && p.Flags == q.Flags && p.Seq == q.Seq && p.Len == q.Len && p.Ack == q.Ack
}

// parseFlags reads tcpdump's letters.
func parseFlags(text string) (decode.Flags, error) {
	var f decode.Flags
	for _, c := range text {
		bit, ok := flagOf(c)
		if !ok || f.Any(bit) {
			return 0, fmt.Errorf("flags %q: write each of F S R P U E W e . at most once", text)
		}
		f |= bit
	}
	return f, nil
}

func flagOf(c rune) (decode.Flags, bool) {
	switch c {
	case 'F':
		return decode.FIN, true
	case 'S':
		return decode.SYN, true
	case 'R':
		return decode.RST, true
	case 'P':
		return decode.PSH, true
	case 'U':
		return decode.URG, true
	case 'E':
		return decode.ECE, true
	case 'W':
		return decode.CWR, true
	case 'e':
		return decode.AE, true
	case '.':
		return decode.ACK, true
	}
	return 0, false
}

// parseNumbers reads SEQ:END(LEN).
func parseNumbers(text string) (seq, length uint32, err error) {
	var end uint32
	a, rest, ok1 := strings.Cut(text, ":")
	b, rest, ok2 := strings.Cut(rest, "(")
	c, tail, ok3 := strings.Cut(rest, ")")
	ok := ok1 && ok2 && ok3 && tail == ""
	for _, v := range []struct {
		text string
		to   *uint32
	}{{a, &seq}, {b, &end}, {c, &length}} {
		n, err := strconv.ParseUint(v.text, 10, 32)
		ok = ok && err == nil
		*v.to = uint32(n)
	}
	if !ok {
		return 0, 0, fmt.Errorf("write numbers as SEQ:END(LEN), not %q", text)
	}
	if end != seq+length {
		return 0, 0, fmt.Errorf("%q does not add up: END is SEQ+LEN, without SYN and FIN", text)
	}
	return seq, length, nil
}

// options reads what stands between the numbers and the states.
func (p *Packet) options(fields []string) error {
	acked := false
	for i := 0; i < len(fields); i++ {
		name := fields[i]
		number := func(most uint64) (uint64, error) {
			i++
			if i == len(fields) {
				return 0, fmt.Errorf("%s needs a number", name)
			}
			n, err := strconv.ParseUint(fields[i], 10, 64)
			if err != nil || n > most {
				return 0, fmt.Errorf("%s takes a number up to %d, not %q", name, most, fields[i])
			}
			return n, nil
		}
		var n uint64
		var err error
		switch name {
		case "ack":
			n, err = number(1<<32 - 1)
			p.Ack, acked = uint32(n), true
		case "win":
			n, err = number(1<<16 - 1)
			p.Window = int(n)
		case "wscale":
			if i+1 < len(fields) && fields[i+1] == "none" {
				p.NoWScale = true
				i++
				break
			}
			n, err = number(14)
			p.WScale = int(n)
		case "id":
			n, err = number(1<<16 - 1)
			p.ID = int(n)
		case "ttl":
			n, err = number(255)
			p.TTL = int(n)
		case "ts":
			n, err = number(1<<32 - 1)
			p.TSVal = int64(n)
		case "nots":
			p.NoTS = true
		case "sack":
			i++
			if i == len(fields) {
				return fmt.Errorf("sack needs L:R")
			}
			p.SACK, err = parseSACK(fields[i])
		case "nosack":
			p.NoSACK = true
		case "returned":
			i++
			if i == len(fields) {
				return fmt.Errorf("returned needs a reason")
			}
			p.Returned, err = parseWhy(fields[i])
		case "same":
			p.Same = true
		case "mini":
			p.ID = 0
		case "stack":
			p.ID, p.Window, p.NoTS = 0, 0, true
		case "mptcp":
			p.Marks |= decode.HasMPTCP
		case "datafin":
			p.Marks |= decode.HasMPTCP | decode.HasDataFIN
		case "tfo":
			p.Marks |= decode.HasFastOpen
		case "badsum":
			p.Marks |= decode.BadChecksum
		case "cut":
			p.Marks |= decode.OptionsCut
		default:
			err = fmt.Errorf("unknown option or state %q", name)
		}
		if err != nil {
			return err
		}
	}
	if acked != p.Flags.Has(decode.ACK) {
		return fmt.Errorf("the flag . and an ack number go together")
	}
	return nil
}

// parseWhy reads the reason for which a packet is returned.
func parseWhy(text string) (decode.Why, error) {
	why, ok := map[string]decode.Why{
		"net": decode.NetUnreachable, "host": decode.HostUnreachable, "port": decode.PortUnreachable, "prohibited": decode.Prohibited, "net-prohibited": decode.NetProhibited,
		"long": decode.TooBig, "hops": decode.HopsExceeded,
	}[text]
	if !ok {
		return 0, fmt.Errorf("nothing is returned for the reason %q: write net, host, port, prohibited, net-prohibited, long or hops", text)
	}
	return why, nil
}

// parseSACK reads L:R[,L:R].
func parseSACK(text string) ([]Range, error) {
	var out []Range
	for _, block := range strings.Split(text, ",") {
		l, r, ok := strings.Cut(block, ":")
		a, err1 := strconv.ParseUint(l, 10, 32)
		b, err2 := strconv.ParseUint(r, 10, 32)
		if !ok || err1 != nil || err2 != nil || a >= b {
			return nil, fmt.Errorf("write SACK blocks as L:R[,L:R], not %q", text)
		}
		out = append(out, Range{uint32(a), uint32(b)})
	}
	return out, nil
}
