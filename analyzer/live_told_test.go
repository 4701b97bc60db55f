package analyzer

import (
	"fmt"
	"testing"
	"time"

	"finscope/internal/decode"
	"finscope/reassembly"
)

// The end of a connection is told before its records are given back, also where it is presumed at the moment at which they may be:
// the last copies of two FINs without an answer come 102 s after those before.
func TestToldBeforeForgotten(t *testing.T) {
	l := newLiveFeed(t)
	events := map[int][]string{}
	advance := func(at int64) {
		if err := l.s.Advance(time.Unix(0, at), func(e Event) error {
			if e.Flow != nil {
				events[int(e.Flow.Client.Port)] = append(events[int(e.Flow.Client.Port)], fmt.Sprintf("%d %s at %d", e.Kind, e.Flow.Verdict, (at-liveStart)/1e9))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	const many = 20
	for k := range uint16(many) {
		l.open(liveStart, 40000+k)
	}
	copies := []int64{1e9, 1.2e9, 1.6e9, 2.4e9, 4e9, 7.2e9, 13.6e9, 26.4e9, 52e9, 103.2e9, 205.6e9}
	i := 0
	seq := uint32(0)
	for at := int64(2e7); at < 500e9; at += 1e8 {
		for i < len(copies) && copies[i] <= at {
			for k := range uint16(many) {
				l.send(liveStart+copies[i], true, 40000+k, decode.FIN|decode.ACK, 1001, 5001, 0)
				l.send(liveStart+copies[i]+1e5, false, 40000+k, decode.FIN|decode.ACK, 5001, 1001, 0)
			}
			i++
		}
		if at < 2e8 {
			l.open(liveStart+at, 41000)
			seq = 1001
		}
		l.send(liveStart+at, true, 41000, decode.ACK, reassembly.Seq(seq), 5001, 10)
		seq += 10
		advance(liveStart + at)
	}
	for k := range many {
		if all := events[40000+k]; len(all) != 3 || all[2][:1] != "0" {
			t.Errorf("connection %d: told %v", k, all)
		}
	}
	if l.s.stuck != 0 || len(l.s.watched) != 0 {
		t.Errorf("%d are stuck, %d are watched", l.s.stuck, len(l.s.watched))
	}
}
