package analyzer

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// A packed record is the memory of a record, word by word without leading zeros: for each sixteen words four bits for each
// that tell its length, then their octets. Times and frames rise slowly from one to the next, so where it is shorter a word is
// stored as the difference to the last one stored like that. Whatever fields a record has or gets, nothing is lost, as long as
// it has no pointers (TestRecordsHaveNoPointers).

// maxPacked is more than the packed length of a record.
const maxPacked = 255 * packedUnit

// words returns the memory of a record.
func words[T any](r *T) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(r)), unsafe.Sizeof(*r)/8)
}

// packRecord appends a packed record to b, which has room for it and eight octets more. The first difference is that to
// epoch, a time near those of the record.
func packRecord[T flow | closing | resets | oddities](b []byte, r *T, epoch int64) []byte {
	return packWords(b, words(r), uint64(epoch))
}

// unpackRecord fills a record from b, behind which eight octets more can be read, and returns the length of the packed one.
func unpackRecord[T flow | closing | resets | oddities](b []byte, r *T, epoch int64) int {
	return unpackWords(b, words(r), uint64(epoch))
}

// The tag of a word is how many octets of it are stored; for a difference, those of the difference, at most 7, and 8.
const (
	tagBits    = 4
	tagged     = 64 / tagBits // so many words at a time
	difference = 8
)

func packWords(b []byte, all []uint64, last uint64) []byte {
	at := len(b)
	b = b[:cap(b)]
	for len(all) > 0 {
		block := all[:min(tagged, len(all))]
		all = all[len(block):]
		start, room := at, uint(len(block)+1)/2
		at += int(room)
		var tags uint64
		for _, w := range block {
			var tag uint
			if w != 0 {
				size := octets(w)
				tag = size
				if size > 4 {
					if d := zigzag(w - last); octets(d) < size {
						last, w = w, d
						size = max(octets(d), 1)
						tag = difference + size
					}
				}
				binary.LittleEndian.PutUint64(b[at:at+8], w)
				at += int(size)
			}
			tags = tags>>tagBits | uint64(tag)<<(64-tagBits)
		}
		tags >>= tagBits * uint(tagged-len(block))
		behind := binary.LittleEndian.Uint64(b[start:]) &^ (1<<(8*room) - 1)
		binary.LittleEndian.PutUint64(b[start:], tags|behind)
	}
	return b[:at]
}

func unpackWords(b []byte, all []uint64, last uint64) int {
	at := 0
	for len(all) > 0 {
		block := all[:min(tagged, len(all))]
		all = all[len(block):]
		tags := binary.LittleEndian.Uint64(b[at:])
		at += (len(block) + 1) / 2
		for i := range block {
			tag := uint(tags) % (1 << tagBits)
			tags >>= tagBits
			if tag == 0 {
				block[i] = 0
				continue
			}
			size := (tag-1)%difference + 1
			unused := (64 - 8*size) % 64
			w := binary.LittleEndian.Uint64(b[at:at+8]) << unused >> unused
			at += int(size)
			if tag > difference {
				last += unzigzag(w)
				w = last
			}
			block[i] = w
		}
	}
	return at
}

// octets returns how many octets the number w takes.
func octets(w uint64) uint { return (uint(bits.Len64(w)) + 7) / 8 }

// zigzag makes a small number of a small difference, also of one below 0.
func zigzag(d uint64) uint64 { return d<<1 ^ uint64(int64(d)>>63) }

func unzigzag(z uint64) uint64 { return z>>1 ^ -(z & 1) }

const (
	packedUnit  = 8        // packed records begin at multiples of this
	packedChunk = 64 << 10 // records do not reach over multiples of this
)

// packedStore is room for packed records.
type packedStore struct {
	chunks [][]byte
	next   int32                           // the first unit that was never used
	free   [maxPacked/packedUnit + 1]int32 // first of the places given back, by their number of units; each has the next one
	buffer [maxPacked + 8]byte
}

const unitsPerChunk = packedChunk / packedUnit

// head is how many octets of a place come before what is stored there: the number of its units.
const head = 1

// room is where a record is packed that is then put into the store.
func (ps *packedStore) room() []byte { return ps.buffer[:head] }

// put stores b, of which the first octets are head, and returns its place, above 0.
func (ps *packedStore) put(b []byte) int32 {
	units := (len(b) + packedUnit - 1) / packedUnit
	b[0] = byte(units)
	i := ps.free[units]
	if i != 0 {
		ps.free[units] = int32(binary.LittleEndian.Uint32(ps.at(i)))
	} else {
		if left := unitsPerChunk - ps.next%unitsPerChunk; left < int32(units) {
			ps.next += left
		}
		if int(ps.next) == len(ps.chunks)*unitsPerChunk {
			ps.grow()
		}
		i = ps.next + 1
		ps.next += int32(units)
	}
	copy(ps.place(i), b)
	return i
}

// grow adds an eighth of the chunks there are, out of one block of memory, at most maxBlock.
func (ps *packedStore) grow() {
	n := min(max(len(ps.chunks)/8, 1), maxBlock/packedChunk)
	block := newBlock[byte](n*packedChunk + 8) // what is read at once may end behind a record
	for i := range n {
		ps.chunks = append(ps.chunks, block[i*packedChunk:(i+1)*packedChunk+8])
	}
}

// place returns the octets from a place on.
func (ps *packedStore) place(i int32) []byte {
	i--
	return ps.chunks[i/unitsPerChunk][i%unitsPerChunk*packedUnit:]
}

// at returns what is stored at a place, and more.
func (ps *packedStore) at(i int32) []byte { return ps.place(i)[head:] }

// release gives a place back.
func (ps *packedStore) release(i int32) {
	units := ps.place(i)[0]
	binary.LittleEndian.PutUint32(ps.at(i), uint32(ps.free[units]))
	ps.free[units] = i
}
