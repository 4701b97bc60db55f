package analyzer

import (
	"net/netip"
	"slices"
	"testing"

	"finscope/internal/decode"
)

// A page has the connections of its service alone, in the order in which they were entered, and each of their TIME_WAITs,
// whether a brief has it or not.
func TestPage(t *testing.T) {
	b := newBook(nil, 0, &assumptions{timeWait: 60})
	client4, client6 := decode.AddrFrom(netip.MustParseAddr("10.1.2.3")), decode.AddrFrom(netip.MustParseAddr("fd00::7"))
	var want [3][]int32
	var waits [3][]heldWait
	for birth := range int32(2000) {
		service := int(birth*birth) % 3
		acc := b.accounts[b.account(client4, uint16(80+service))]
		acc.flows++
		i := b.link(acc)
		r := b.briefs.At(i)
		r.birth = birth
		b.setClient(r, client4)
		if birth%4 == 0 {
			b.setClient(r, client6)
		}
		w := heldWait{since: int64(birth), until: int64(birth) + 60, server: birth%5 == 0}
		switch birth % 7 {
		case 1:
			w.until -= 3
		case 2:
			w.reused = true
		case 3:
			w.isn = true
		}
		h := w
		h.brief = i
		acc.hold(r, 60, h)
		waits[service] = append(waits[service], w)
		want[service] = append(want[service], birth)
	}
	if n := int(b.briefs.Len()); n > 2000+len(b.accounts)*briefsAtOnce {
		t.Errorf("%d briefs for 2000 connections", n)
	}
	for i, acc := range b.accounts {
		service := acc.at.Port() - 80
		p := page{b, int32(i)}
		var births []int32
		jumps := 0
		p.eachBrief(func(r *brief) {
			jumps += btoi(r.next > acc.first && r != b.briefs.At(r.next-1))
			births = append(births, r.birth)
			if got := p.clientOf(r); (got == client6) != (r.birth%4 == 0) || got != client4 && got != client6 {
				t.Errorf("connection %d is of %v", r.birth, got.Netip())
			}
		})
		if jumps > len(births)/32 {
			t.Errorf("service %d: of %d briefs %d are not followed by the next one", service, len(births), jumps)
		}
		if !slices.Equal(births, want[service]) {
			t.Errorf("service %d has %v, want %v", service, births, want[service])
		}
		var got []heldWait
		p.eachWait(func(w *heldWait, r *brief) {
			if int64(r.birth) != w.since {
				t.Errorf("the TIME_WAIT from %d is of connection %d", w.since, r.birth)
			}
			c := *w
			c.brief = 0
			got = append(got, c)
		})
		slices.SortFunc(got, func(a, b heldWait) int { return int(a.since - b.since) })
		if !slices.Equal(got, waits[service]) {
			t.Errorf("service %d held %v, want %v", service, got, waits[service])
		}
	}
}
