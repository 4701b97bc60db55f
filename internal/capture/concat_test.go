package capture

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// TestConcatenated: what cat makes of two captures is read up to the second, in every pair of kinds, packed or not.
func TestConcatenated(t *testing.T) {
	packets := some(4)
	firsts := map[string][]byte{
		"little-endian": asPcap(binary.LittleEndian, magicMicro, packets),
		"big-endian":    asPcap(binary.BigEndian, magicNano, packets),
		"patched":       asPcap(binary.LittleEndian, magicPatched, packets),
		"pcapng":        asPcapng(binary.LittleEndian, packets),
	}
	sigfigs := asPcap(binary.LittleEndian, magicMicro, packets)
	sigfigs[12] = 6
	zone := asPcap(binary.LittleEndian, magicMicro, packets)
	binary.LittleEndian.PutUint32(zone[8:], 1<<32-3600)
	old := asPcap(binary.BigEndian, magicMicro, packets)
	old[7] = 2
	for kind, second := range map[string][]byte{
		"little-endian":       firsts["little-endian"],
		"big-endian":          firsts["big-endian"],
		"patched":             firsts["patched"],
		"without packets":     firsts["big-endian"][:pcapHeader],
		"with significance":   sigfigs,
		"with a time zone":    zone,
		"version 2.2":         old,
		"longer than 262 KiB": asPcap(binary.LittleEndian, magicMicro, some(3000)),
	} {
		for name, first := range firsts {
			both := slices.Concat(first, second)
			for way, data := range map[string][]byte{
				"plain": both,
				"gzip":  packed(t, "gzip", both),
				"gzips": slices.Concat(packed(t, "gzip", first), packed(t, "gzip", second)),
			} {
				t.Run(name+"/"+kind+"/"+way, func(t *testing.T) {
					got, err := collect(openBytes("x", data))
					if diff := packetDiff(packets, got); diff != "" {
						t.Error(diff)
					}
					d := damage(t, err)
					if d.Frame != 5 || d.Offset != int64(len(first)) || d.Err.Error() != concatenated(d.Offset).Error() {
						t.Errorf("%v; want frame 5 at %d", d, len(first))
					}
				})
			}
		}
	}
}

// TestNotConcatenated: neither the words of another header nor an empty packet alone make one.
func TestNotConcatenated(t *testing.T) {
	for name, p := range map[string]Packet{
		"a packet of 2055": {Time: magicMicro*1e9 + 0x40002*1000, Data: []byte("x"), WireLen: 1, Link: 1},
		"another fraction": {Time: magicMicro*1e9 + 0x40003*1000, Data: []byte{}, Link: 1},
		"an empty packet":  {Time: 1e9, Data: []byte{}, Link: 1},
	} {
		want := []Packet{some(1)[0], p, some(1)[0]}
		if diff := packetDiff(want, mustCollect(t, openBytes("x", asPcap(binary.LittleEndian, magicMicro, want)))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestConcatenatedMessage(t *testing.T) {
	msg := concatenated(1000).Error()
	for _, want := range []string{"another capture begins here", "concatenated", "one by one", "mergecap", "tail -c +1001"} {
		if !strings.Contains(msg, want) {
			t.Errorf("%q is not in %q", want, msg)
		}
	}
}
