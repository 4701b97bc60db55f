package analyzer

import "encoding/binary"

// births are the first frames of a shard's connections and stray SYNs, in order of capture. From them come the stream
// numbers: each is the rank of a frame among those of all shards. A shard that is alone needs no frames, the rank is the
// index; others take one or two octets for each. A session that lasts for 2^31 of them begins to count anew.
type births struct {
	alone  bool
	n      int32
	last   uint64
	deltas []byte // uvarints
}

// add appends a frame and returns its index.
func (b *births) add(frame uint64) int32 {
	if !b.alone {
		b.deltas = binary.AppendUvarint(b.deltas, frame-b.last)
		b.last = frame
	}
	birth := b.n
	if b.n++; b.n < 0 {
		b.n = 0
	}
	return birth
}

// streams are the stream numbers of a shard's births; nil: the same.
type streams []int32

// of returns the stream number of a birth.
func (s streams) of(birth int32) int32 {
	if s == nil {
		return birth
	}
	return s[birth]
}

// rank returns the stream numbers of all shards.
func rank(shards []*shard) []streams {
	out := make([]streams, len(shards))
	if len(shards) == 1 {
		return out
	}
	type cursor struct {
		rest  []byte
		frame uint64
	}
	at := make([]cursor, len(shards))
	next := func(i int) bool {
		delta, n := binary.Uvarint(at[i].rest)
		at[i].rest = at[i].rest[max(n, 0):]
		at[i].frame += delta
		return n > 0
	}
	left := 0
	alive := make([]bool, len(shards))
	for i, s := range shards {
		out[i] = make(streams, 0, s.births.n)
		at[i].rest = s.births.deltas
		if alive[i] = next(i); alive[i] {
			left++
		}
	}
	for stream := int32(0); left > 0; stream++ {
		first := -1
		for i := range at {
			if alive[i] && (first < 0 || at[i].frame < at[first].frame) {
				first = i
			}
		}
		out[first] = append(out[first], stream)
		if alive[first] = next(first); !alive[first] {
			left--
		}
	}
	return out
}
