package analyzer

import (
	"unsafe"

	"finscope/internal/pack"
)

// foldAfter is how long a connection that is closing has to be silent before it may be folded. One that has ended is not likely
// to be heard of again: it may be at once.
const foldAfter = 60e9 // ns

// foldBeyond is how many connections that are closing or over a run keeps as they are. Folding and unfolding one costs as much
// as ten of its ordinary packets, so that captures of up to some thousand connections a second do without.
const foldBeyond = 1 << 17

// neverFold stands for shard.foldBeyond where connections are not folded: in sessions, which look at them again and again.
const neverFold = 1<<31 - 1

// Folding puts the side record of a close into the record of its connection, which is packed for that, and halves what a
// connection takes that is over. It loses nothing, so it shows nowhere: whoever looks at a connection unfolds it before.
// The first words of its record stay as they are, so that it is found, and found out when its turn comes.

// unfolded is how many octets of the record of a connection are not packed: up to birth.
const unfolded = unsafe.Offsetof(flow{}.lastFrame)

// foldRoom is what is left of the record.
type foldRoom [unsafe.Sizeof(flow{}) - unfolded]byte

// maxPacked is more than the packed length of a record and its side record.
const maxPacked = 1024

// folder is room for packing.
type folder struct {
	buffer [maxPacked + 8]byte
	ended  []entry // connections that have ended while the packets at hand were entered
}

// crowded reports whether so many connections are closing or over that some are to be folded.
func (s *shard) crowded() bool { return s.closings.InUse() > s.foldBeyond }

// mayFold reports whether f, which is not folded, can be: it has a side record and has ended or been silent for long, and no other
// connection refers to it.
func (s *shard) mayFold(f *flow, now int64) bool {
	return f.closing != 0 && (f.flags&ended != 0 || now-f.last > foldAfter) && f.flags&(folded|met|meeting|waiting) == 0
}

// foldSoon sees to it that f, which has ended, is folded once the packets at hand are entered.
func (s *shard) foldSoon(f *flow) {
	if s.crowded() {
		s.folder.ended = append(s.folder.ended, entry{f.id, f.birth})
	}
}

// foldEnded folds the connections that have ended while the packets at hand were entered: now the processor has them in its cache.
func (s *shard) foldEnded() {
	for _, e := range s.folder.ended {
		if f := s.still(e); f != nil && s.mayFold(f, f.last) {
			s.fold(f)
		}
	}
	s.folder.ended = s.folder.ended[:0]
}

// fold folds f, if that is possible, and gives its side record back.
func (s *shard) fold(f *flow) {
	c := s.closings.At(f.closing)
	f.toDistances(c)
	b := pack.Append(s.folder.buffer[:0], packedWords(f), uint64(f.last))
	b = pack.Append(b, pack.Words(c), uint64(f.last))
	room := f.room()
	if len(b) > len(room) {
		f.toPositions(c)
		return
	}
	s.closings.Release(f.closing)
	copy(room[:], b)
	f.flags |= folded
}

// unfold undoes it.
func (s *shard) unfold(f *flow) {
	i := s.closings.Add()
	s.unfoldTo(f, s.closings.At(i))
	f.closing = i
}

// unfoldTo unfolds f, and its side record in the place of c.
func (s *shard) unfoldTo(f *flow, c *closing) {
	b := s.folder.buffer[:len(foldRoom{})+8]
	copy(b, f.room()[:])
	n := pack.Unpack(b, packedWords(f), uint64(f.last))
	pack.Unpack(b[n:], pack.Words(c), uint64(f.last))
	f.toPositions(c)
	f.flags &^= folded
}

// toDistances replaces positions in sequence space by how far they lie from where the streams begin and stand: few octets each
// instead of four.
func (f *flow) toDistances(c *closing) {
	for x := range f.e {
		e, n := &f.e[x], &c.fin[x]
		next, peer := e.out.Next(), f.e[f.peer(x)].out.Next()
		e.isn -= e.out.Start()
		e.edge -= e.lastAck
		e.prevAck -= e.lastAck
		e.lastAck -= peer
		e.prevEnd -= next
		n.end -= next
		n.ack -= peer
		n.ackedAt -= peer
	}
}

// toPositions undoes it.
func (f *flow) toPositions(c *closing) {
	for x := range f.e {
		e, n := &f.e[x], &c.fin[x]
		next, peer := e.out.Next(), f.e[f.peer(x)].out.Next()
		e.isn += e.out.Start()
		e.lastAck += peer
		e.prevAck += e.lastAck
		e.edge += e.lastAck
		e.prevEnd += next
		n.end += next
		n.ack += peer
		n.ackedAt += peer
	}
}

// packedWords are those words of f that are packed.
func packedWords(f *flow) []uint64 { return pack.Words(f)[unfolded/8:] }

// room is where they are packed, and the side record behind them.
func (f *flow) room() *foldRoom { return (*foldRoom)(unsafe.Add(unsafe.Pointer(f), unfolded)) }

// viewer looks at the connections of a shard while no packets come, without unfolding them for good. Several may do so at a time.
type viewer struct {
	owner *shard
	s     *shard // a copy of owner: its lists stay as they are when another viewer comes
	flow  flow
	room  int32 // index in shard.closings

	outcome outcome // of the connection whose record is being made
}

// viewer returns a viewer, which has to be closed.
func (s *shard) viewer() *viewer {
	v := &viewer{owner: s, room: s.closings.Add()}
	c := *s
	v.s = &c
	return v
}

// at returns a connection. A folded one is there until the next one is asked for.
func (v *viewer) at(id int32) *flow {
	f := v.s.flows.At(id)
	if f.flags&folded == 0 {
		return f
	}
	v.flow = *f
	v.s.unfoldTo(&v.flow, v.s.closings.At(v.room))
	v.flow.closing = v.room
	return &v.flow
}

// close gives the room of a viewer back.
func (v *viewer) close() { v.owner.closings.Release(v.room) }
