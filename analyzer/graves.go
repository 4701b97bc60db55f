package analyzer

// graves are slots of the table whose connections are gone, in the order in which they went.
type graves struct {
	all  []grave
	next int // index of the first
}

// grave is the hash of a slot, and slot.last when its connection went.
type grave struct {
	hash uint64
	last uint32
}

func (g *graves) add(e grave) { g.all = append(g.all, e) }

func (g *graves) first() (grave, bool) {
	if g.next == len(g.all) {
		return grave{}, false
	}
	return g.all[g.next], true
}

// drop takes the first one out. The room before it is given back once it is half of all.
func (g *graves) drop() {
	if g.next++; g.next > 1024 && 2*g.next > len(g.all) {
		g.all = g.all[:copy(g.all, g.all[g.next:])]
		g.next = 0
	}
}

// coarseUnit is about a second.
const coarseUnit = 1 << 30 // ns

// coarse returns a time in units of coarseUnit after the first packet, cut off.
func (s *shard) coarse(t int64) uint32 {
	return uint32(min(max(t-s.epoch, 0)/coarseUnit, 1<<32-1))
}

// forgetNext forgets the slot of the connection that went first, once that is long ago, and reports whether it was.
func (s *shard) forgetNext(now int64) bool {
	t := &s.retired
	first, ok := t.graves.first()
	if !ok || now-(s.epoch+int64(first.last)*coarseUnit) <= t.after+bookSpan {
		return false
	}
	t.graves.drop()
	if sl := s.table.find(first.hash, func(int32) bool { return false }); sl.flow < 0 && sl.last == first.last {
		s.table.remove(sl)
	}
	return true
}
