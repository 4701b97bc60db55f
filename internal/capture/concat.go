package capture

import (
	"encoding/binary"
	"fmt"
)

// another reports whether b, which begins where a record or block should, begins with the file header of a classic capture:
// its magic number and its version. As a record that would be a packet of the year 2055 (or of 1998, 2011 or 2083) at one
// fraction of a second, so it is not asked about every record, see pcapFile.walk.
func another(b []byte) bool {
	_, big, ok := pcapMagic(b)
	if !ok || len(b) < 8 {
		return false
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if big {
		order = binary.BigEndian
	}
	return order.Uint16(b[4:]) == 2 && order.Uint16(b[6:]) <= 4
}

// concatenated describes the start of another capture at offset at. It is not read on: what comes next need not be later, and
// connections that both hold would be taken apart wrongly. Inputs are merged by time when each is named.
func concatenated(at int64) error {
	return &breakOff{error: fmt.Errorf("another capture begins here, two were concatenated: name the files one by one or merge them with mergecap; "+
		"if this is all there is, split it before this byte (tail -c +%d is the second)", at+1)}
}
