package analyzer

import (
	"cmp"
	"container/heap"
	"iter"
	"net/netip"

	"finscope/internal/decode"
)

// runningWaits counts the TIME_WAITs that run while packets are captured: by service and holder, and by the pool that their
// ports come from, as [pool] does at the end of a capture. It is told of connections that have closed, and of those to whose
// TIME_WAIT something happened; packets cost it nothing. It takes some 150 octets for each TIME_WAIT that runs, and forgets the others.
type runningWaits struct {
	ports   PortRange
	running map[waitID]runningWait
	ends    waitHeap

	services map[socket]heldNow
	pools    map[poolKey]poolUse
	pressed  map[poolKey]struct{} // pools of which a tenth is taken
	moved    map[poolKey]struct{} // pools that are at another level than was told
}

// socket is an address and a port. Unlike those of netip it has no pointer, which the garbage collector would follow for every
// TIME_WAIT.
type socket struct {
	addr decode.Addr
	port uint16
}

func socketOf(e *Endpoint) socket { return socket{decode.AddrFrom(e.IP), e.Port} }

func (s socket) addrPort() netip.AddrPort { return netip.AddrPortFrom(s.addr.Netip(), s.port) }

// waitID names a TIME_WAIT: twice the stream number, and 1 more for that of the server.
type waitID int64

// runningWait is a TIME_WAIT that has not ended.
type runningWait struct {
	until           int64
	client, service socket
}

// poolKey names a pool of ports. The service is empty for reserved ports.
type poolKey struct {
	holder  decode.Addr
	service socket
}

// poolUse is how full a pool is.
type poolUse struct {
	n    int32
	told int32 // how many of pressureLevels
}

// heldNow counts TIME_WAITs of a service by who holds them.
type heldNow struct{ client, server int32 }

// pressureLevels are the shares of a pool, in per cent, whose passing is told. One that was passed counts as left when
// levelSlack less is taken: a number that swings about a level is no news each time.
func pressureLevels() [3]int { return [...]int{50, 80, 95} }

const levelSlack = 5

func newRunningWaits(ports PortRange) *runningWaits {
	return &runningWaits{
		ports: ports, running: map[waitID]runningWait{}, services: map[socket]heldNow{},
		pools: map[poolKey]poolUse{}, pressed: map[poolKey]struct{}{}, moved: map[poolKey]struct{}{},
	}
}

// waitEnd is when to look whether a TIME_WAIT has ended.
type waitEnd struct {
	until int64
	id    waitID
}

// waitHeap has the TIME_WAIT that ends first at its top.
type waitHeap []waitEnd

func (h waitHeap) Len() int           { return len(h) }
func (h waitHeap) Less(i, j int) bool { return h[i].until < h[j].until }
func (h waitHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *waitHeap) Push(x any)        { *h = append(*h, x.(waitEnd)) }
func (h *waitHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// set takes up what the record of a connection says of its TIME_WAITs at the time now.
func (w *runningWaits) set(f *Flow, now int64) {
	var until [2]int64
	for i := range f.TimeWait {
		if span := &f.TimeWait[i]; span.Ended == WaitRunning {
			side := 0
			if span.Holder == ServerSide {
				side = 1
			}
			until[side] = span.Until.UnixNano()
		}
	}
	for side, t := range until {
		id := waitID(f.Stream)<<1 | waitID(side)
		old, counted := w.running[id]
		switch {
		case t <= now:
			if counted {
				w.remove(id, &old)
			}
			continue
		case counted && old.until == t:
			continue
		case !counted:
			old = runningWait{client: socketOf(&f.Client), service: socketOf(&f.Server)}
			w.count(id, &old, 1)
		}
		old.until = t
		w.running[id] = old
		heap.Push(&w.ends, waitEnd{t, id})
	}
}

// has reports whether a TIME_WAIT of a stream is counted.
func (w *runningWaits) has(stream int) bool {
	_, client := w.running[waitID(stream)<<1]
	_, server := w.running[waitID(stream)<<1|1]
	return client || server
}

// expire forgets what has run out at the time now.
func (w *runningWaits) expire(now int64) {
	for len(w.ends) > 0 && w.ends[0].until <= now {
		end := heap.Pop(&w.ends).(waitEnd)
		if r, ok := w.running[end.id]; ok && r.until == end.until { // it was neither started anew nor ended early
			w.remove(end.id, &r)
		}
	}
}

func (w *runningWaits) remove(id waitID, r *runningWait) {
	delete(w.running, id)
	w.count(id, r, -1)
}

// count adds n to the numbers that a TIME_WAIT belongs to.
func (w *runningWaits) count(id waitID, r *runningWait, n int32) {
	held := w.services[r.service]
	if id&1 == 0 {
		held.client += n
		w.countPool(r, n)
	} else {
		held.server += n
	}
	if held == (heldNow{}) {
		delete(w.services, r.service)
	} else {
		w.services[r.service] = held
	}
}

func (w *runningWaits) countPool(r *runningWait, n int32) {
	k := poolKey{r.client.addr, r.service}
	switch {
	case w.ports.holds(r.client.port):
	case reservedPorts().holds(r.client.port):
		k.service = socket{}
	default:
		return
	}
	u := w.pools[k]
	u.n += n
	if u.n == 0 && u.told == 0 {
		delete(w.pools, k)
	} else {
		w.pools[k] = u
	}
	if w.portsOf(k).pressed(int(u.n)) {
		w.pressed[k] = struct{}{}
	} else if len(w.pressed) > 0 {
		delete(w.pressed, k)
	}
	if w.level(k, u) != u.told {
		w.moved[k] = struct{}{}
	}
}

// portsOf returns the range of ports that a pool has.
func (w *runningWaits) portsOf(k poolKey) PortRange {
	if k.service == (socket{}) {
		return reservedPorts()
	}
	return w.ports
}

// level returns how many levels a pool is at, seen from the one that was told.
func (w *runningWaits) level(k poolKey, u poolUse) int32 {
	levels, size, at := pressureLevels(), w.portsOf(k).Size(), u.told
	for int(at) < len(levels) && 100*int(u.n) >= levels[at]*size {
		at++
	}
	for at > 0 && 100*int(u.n) < (levels[at-1]-levelSlack)*size {
		at--
	}
	return at
}

// tell tells each level that a pool has reached or left since the last time.
func (w *runningWaits) tell(tell func(EventKind, *PortUse) error) error {
	if len(w.moved) == 0 {
		return nil
	}
	for _, k := range sortedKeys(w.moved, poolKey.compare) {
		u := w.pools[k]
		for target := w.level(k, u); u.told != target; {
			kind, next, level := EventPorts, u.told+1, u.told
			if target < u.told {
				kind, next, level = EventPortsOver, u.told-1, u.told-1
			}
			use := w.use(k, u)
			use.Level = pressureLevels()[level]
			if err := tell(kind, &use); err != nil {
				return err
			}
			u.told = next
			w.pools[k] = u
		}
		if u == (poolUse{}) {
			delete(w.pools, k)
		}
		delete(w.moved, k)
	}
	return nil
}

func (w *runningWaits) use(k poolKey, u poolUse) PortUse {
	out := PortUse{Holder: k.holder.Netip(), Count: int(u.n), Capacity: w.portsOf(k).Size()}
	if k.service != (socket{}) {
		out.Peer = k.service.addrPort()
	}
	return out
}

// pressure yields the pools of which a tenth or more is taken, in no order.
func (w *runningWaits) pressure() iter.Seq[PortUse] {
	return func(yield func(PortUse) bool) {
		for k := range w.pressed {
			if !yield(w.use(k, w.pools[k])) {
				return
			}
		}
	}
}

func (k poolKey) compare(o poolKey) int {
	return cmp.Or(k.holder.Netip().Compare(o.holder.Netip()), k.service.addrPort().Compare(o.service.addrPort()))
}
