package analyzer

import "net/netip"

// hangingCloses counts the connections that hang in CLOSE_WAIT while packets are captured, by who owes their FINs, to tell
// when somebody begins to leak sockets. The rule is that of the finding close-wait-leak: at least leakFrom hang, and more than
// were closed as late before, which is what services that close late by habit do. A leak is over when none of its
// connections hangs.
type hangingCloses struct {
	hanging map[int]leakKey // by stream
	owners  map[leakKey]owing
	moved   map[leakKey]struct{} // of whom there is something to tell
	swept   int64                // when those with nothing to remember were last looked for
}

// owing is what is known of one who owes FINs.
type owing struct {
	hanging  int
	late     int   // moments, a second apart, at which one was sent after all
	lastLate int64 // the latest of them
	told     bool  // that there is a leak
}

// lateFor is how long a late close speaks against a leak.
const lateFor = 3600e9 // ns

func newHangingCloses() *hangingCloses {
	return &hangingCloses{hanging: map[int]leakKey{}, owners: map[leakKey]owing{}, moved: map[leakKey]struct{}{}}
}

// begin takes up a connection that has become stuck.
func (h *hangingCloses) begin(f *Flow) {
	for i := range f.Findings {
		fd := &f.Findings[i]
		if fd.Code != CloseWaitStuck || fd.Who == nil {
			continue
		}
		k := leakKey{service: netip.AddrPortFrom(f.Server.IP, f.Server.Port)}
		if *fd.Who == ClientSide {
			k.client = f.Client.IP
		}
		h.hanging[f.Stream] = k
		o := h.owners[k]
		o.hanging++
		h.enter(k, o)
	}
}

// end takes up that a connection is stuck no longer.
func (h *hangingCloses) end(f *Flow, now int64) {
	k, ok := h.hanging[f.Stream]
	if !ok {
		return
	}
	delete(h.hanging, f.Stream)
	o := h.owners[k]
	o.hanging--
	owner := &f.Server
	if k.client.IsValid() {
		owner = &f.Client
	}
	if owner.FIN != nil && (o.lastLate == 0 || now-o.lastLate >= oneAct) {
		o.late++
		o.lastLate = now
	}
	h.enter(k, o)
}

func (h *hangingCloses) enter(k leakKey, o owing) {
	h.owners[k] = o
	if o.leaks() != o.told {
		h.moved[k] = struct{}{}
	}
}

// leaks reports whether this is a leak, seen from what was told.
func (o owing) leaks() bool {
	if o.told {
		return o.hanging > 0
	}
	return isLeak(o.hanging, o.late)
}

// tell tells the leaks that have begun or ended since the last time.
func (h *hangingCloses) tell(now int64, tell func(EventKind, *Leak) error) error {
	if now-h.swept > lateFor/60 {
		h.forget(now)
	}
	if len(h.moved) == 0 {
		return nil
	}
	for _, k := range sortedKeys(h.moved, leakKey.compare) {
		o := h.owners[k]
		if leaks := o.leaks(); leaks != o.told {
			kind := EventLeak
			if !leaks {
				kind = EventLeakOver
			}
			if err := tell(kind, &Leak{Service: k.service, Client: k.client, Count: o.hanging}); err != nil {
				return err
			}
			o.told = leaks
			h.owners[k] = o
		}
		delete(h.moved, k)
	}
	return nil
}

// forget drops those of whom nothing hangs and whose late closes are long past.
func (h *hangingCloses) forget(now int64) {
	h.swept = now
	for k, o := range h.owners {
		if o.hanging == 0 && !o.told && now-o.lastLate > lateFor {
			delete(h.owners, k)
		}
	}
}
