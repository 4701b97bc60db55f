package analyzer

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// A packed record is the memory of a record, word by word, without what is zero: for each 64 words one word that tells
// which are not, then four bits for each of these that tell its length, then their octets. Times and frames rise slowly
// from one to the next, so where it is shorter a word is stored as the difference to the last one stored like that.
// Whatever fields a record has or gets, nothing is lost, as long as it has no pointers (TestRecordsHaveNoPointers).

// maxPacked is more than the packed length of a record.
const maxPacked = 255 * packedUnit

// words returns the memory of a record.
func words[T any](r *T) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(r)), unsafe.Sizeof(*r)/8)
}

// packRecord appends a packed record to b, which has room for it and eight octets more. The first difference is that to
// epoch, a time near those of the record.
func packRecord[T flow | closing | resets | oddities](b []byte, r *T, epoch int64) []byte {
	last := epoch
	for all := words(r); len(all) > 0; all = all[min(64, len(all)):] {
		block := all[:min(64, len(all))]
		var present uint64
		for i, w := range block {
			if w != 0 {
				present |= 1 << i
			}
		}
		n := len(b)
		tags := n + 8
		at := tags + (bits.OnesCount64(present)+1)/2
		b = b[:at+8*len(block)+8]
		clear(b[tags:at])
		binary.LittleEndian.PutUint64(b[n:], present)
		for k := 0; present != 0; k++ {
			w := block[bits.TrailingZeros64(present)]
			present &= present - 1
			size := (bits.Len64(w) + 7) / 8
			tag := size
			d := int64(w) - last
			if zigzag := uint64(d)<<1 ^ uint64(d>>63); size > 4 && (bits.Len64(zigzag)+7)/8 < size {
				last = int64(w)
				w = zigzag
				size = max((bits.Len64(w)+7)/8, 1)
				tag = 8 + size
			}
			b[tags+k/2] |= byte(tag) << (k % 2 * 4)
			binary.LittleEndian.PutUint64(b[at:], w)
			at += size
		}
		b = b[:at]
	}
	return b
}

// unpackRecord fills a record from b, behind which eight octets more can be read, and returns the length of the packed one.
func unpackRecord[T flow | closing | resets | oddities](b []byte, r *T, epoch int64) int {
	last := epoch
	at := 0
	for all := words(r); len(all) > 0; all = all[min(64, len(all)):] {
		block := all[:min(64, len(all))]
		clear(block)
		present := binary.LittleEndian.Uint64(b[at:])
		tags := at + 8
		at = tags + (bits.OnesCount64(present)+1)/2
		for k := 0; present != 0; k++ {
			i := bits.TrailingZeros64(present)
			present &= present - 1
			tag := int(b[tags+k/2]>>(k%2*4)) & 15
			w := binary.LittleEndian.Uint64(b[at:])
			if tag <= 8 {
				block[i] = w & (1<<(8*tag) - 1)
				at += tag
				continue
			}
			w &= 1<<(8*(tag-8)) - 1
			at += tag - 8
			last += int64(w>>1) ^ -int64(w&1)
			block[i] = uint64(last)
		}
	}
	return at
}

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
	block := make([]byte, n*packedChunk+8) // what is read at once may end behind a record
	wantHugePages(block)
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
