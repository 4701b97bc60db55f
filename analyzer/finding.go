package analyzer

import (
	"fmt"
	"slices"

	"finscope/internal/units"
)

// casefile is one connection with all that is known of it when its findings are written. Endpoints are named by index;
// texts name them by role.
type casefile struct {
	s   *shard
	f   *flow
	o   *outcome
	end int64 // time of the last packet of the capture
	a   *assumptions

	codesOnly bool // nobody will read the texts: they are not written
	kinds     []kind
	out       []Finding
}

// findings writes down what went wrong in a connection, in the order in which a reader asks: why it ended, what hangs,
// what was lost, what else is odd.
func (s *shard) findings(f *flow, o *outcome, end int64, a *assumptions) []Finding {
	c := casefile{s: s, f: f, o: o, end: end, a: a, out: []Finding{}}
	if !s.uneventful(f, o, end, a) {
		c.write()
	}
	return c.out
}

// kinds returns the codes and severities of what findings would write down, each pair once, in the memory of buffer.
func (s *shard) kinds(buffer []kind, f *flow, o *outcome, end int64, a *assumptions) []kind {
	if s.uneventful(f, o, end, a) {
		return buffer[:0]
	}
	c := casefile{s: s, f: f, o: o, end: end, a: a, codesOnly: true, kinds: buffer[:0]}
	c.write()
	return c.kinds
}

// uneventful reports whether it is plain at a glance that there is nothing to be written: both sides closed one after the
// other, within a time that is not long, and nothing happened that is kept beside the facts of the FINs. Most connections
// of most captures are such.
func (s *shard) uneventful(f *flow, o *outcome, end int64, a *assumptions) bool {
	if o.verdict != Graceful || f.odd|o.c.resets != 0 || f.flags&(self|reused) != 0 || o.roles == RolesBoth || o.doubts&mptcpDoubt != 0 {
		return false
	}
	for x := range f.e {
		n := &o.c.fin[x]
		if n.repeats != 0 || n.early || o.gaveUp[x] || o.c.timeWait[x].more != 0 || !o.state[x].done() {
			return false
		}
	}
	gap := o.c.fin[0].time - o.c.fin[1].time
	return max(gap, -gap) < a.stuckAfter && s.halfClose(f, o, end) == nil
}

func (c *casefile) write() {
	c.resets()
	c.stuck()
	c.lost()
	c.oddEvents()
	c.returned()
	c.timeWaits()
}

// nobody is who a finding concerns if it concerns both sides or neither.
const nobody = -1

// add appends a finding. who is an endpoint or nobody. Frames of 0 are left out, the others sorted.
func (c *casefile) add(code Code, sev Severity, who int, frames []uint64, format string, args ...any) {
	if k := (kind{code, sev}); !slices.Contains(c.kinds, k) {
		c.kinds = append(c.kinds, k)
	}
	if c.codesOnly {
		return
	}
	list := []uint64{}
	for _, n := range frames {
		if n != 0 && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	fd := Finding{Code: code, Severity: sev, Frames: list, Text: fmt.Sprintf(format, args...)}
	if who != nobody {
		side := c.o.side(who)
		fd.Who = &side
	}
	c.out = append(c.out, fd)
}

// What follows puts the texts of findings together. Nothing is written where nobody will read it: most connections are
// only asked for codes.

// name names endpoint x in a text: by role, and by address and port.
func (c *casefile) name(x int) string {
	if c.codesOnly {
		return ""
	}
	return fmt.Sprintf("the %s %s", c.o.side(x), addrPort(c.s.addr(c.f, x), c.f.port(x)))
}

// role names endpoint x by its role alone.
func (c *casefile) role(x int) string {
	if c.o.side(x) == ClientSide {
		return "the client"
	}
	return "the server"
}

func (c *casefile) text(format string, args ...any) string {
	if c.codesOnly {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

func (c *casefile) human(ns int64) string { return said(c, human, ns) }
func (c *casefile) times(n int32) string  { return said(c, times, n) }
func (c *casefile) bytes(n int64) string  { return said(c, bytesText, n) }
func (c *casefile) count(n int64) string  { return said(c, units.Count[int64], n) }

func (c *casefile) moment(ns int64) string {
	if c.codesOnly {
		return ""
	}
	return moment(ns, c.end)
}

// said is what say makes of v.
func said[T any](c *casefile, say func(T) string, v T) string {
	if c.codesOnly {
		return ""
	}
	return say(v)
}

// owner returns the command that names the process of endpoint x's socket, which is in a state.
func (c *casefile) owner(s State, x int) string {
	if c.codesOnly {
		return ""
	}
	y := c.f.peer(x)
	return c.a.platform.owner(s, c.f.port(x), "dst "+addrPort(c.s.addr(c.f, y), c.f.port(y)))
}
