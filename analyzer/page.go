package analyzer

// page is a service in a book.
type page struct {
	*book
	service int32
}

func (p page) account() *account { return p.accounts[p.service] }

// eachBrief calls do for each connection of the service, in the order in which they were entered.
func (p page) eachBrief(do func(r *brief)) {
	for i := p.account().first; i != 0; {
		r := p.briefs.At(i)
		do(r)
		i = r.next
	}
}

// wait returns the TIME_WAIT of a connection that lasts as long as it ought to, if there is one.
func (p page) wait(r *brief) (w heldWait, ok bool) {
	if !r.marks.has(waited) {
		return heldWait{}, false
	}
	server := r.marks.has(waitedServer)
	since := r.heard[btoi(server)]
	return heldWait{since: since, until: since + p.trouble.a.timeWait, server: server}, true
}

// eachWait calls do for each TIME_WAIT of the service.
func (p page) eachWait(do func(w *heldWait, r *brief)) {
	p.eachBrief(func(r *brief) {
		if w, ok := p.wait(r); ok {
			do(&w, r)
		}
	})
	acc := p.account()
	for i := range acc.waits {
		do(&acc.waits[i], p.briefs.At(acc.waits[i].brief))
	}
}

// holdOf returns a TIME_WAIT that a client holds.
func (p page) holdOf(w *heldWait, r *brief) hold {
	return hold{
		start: r.start, since: w.since, until: w.until, holder: p.clientOf(r), port: r.port,
		stream: p.streams.of(r.birth), reused: w.reused, isn: w.isn,
	}
}
