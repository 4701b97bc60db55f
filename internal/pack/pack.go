// Package pack stores records of 64-bit words in few octets.
//
// Packed words are stored without leading zeros: for each sixteen words four bits for each that tell its length, then their
// octets. Times and frames rise slowly from one to the next, so where that is shorter a word is stored as the difference to the
// last one stored like that. Whatever fields a record has or gets, nothing is lost, as long as it has no pointers.
package pack

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Words returns the memory of a record, which has no pointers and whose size is a multiple of eight octets.
func Words[T any](r *T) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(r)), unsafe.Sizeof(*r)/8)
}

// The tag of a word is how many octets of it are stored; for a difference, those of the difference, at most 7, and 8.
const (
	tagBits    = 4
	tagged     = 64 / tagBits // so many words at a time
	difference = 8
)

// Append appends packed words to b, which has room for them and eight octets more. The first difference is that to last, a
// time near those in the words.
func Append(b []byte, all []uint64, last uint64) []byte {
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
					if d := zigzag(w - last); octets(d)+1 < size { // one octet less is chance
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

// Unpack unpacks words from b, behind which eight octets more can be read, and returns the length of the packed ones.
func Unpack(b []byte, all []uint64, last uint64) int {
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
