package analyzer

import (
	"cmp"
	"iter"
	"slices"

	"finscope/internal/decode"
	"finscope/internal/timeline"
)

// Report is what a capture showed. Records are made when they are asked for, in room that belongs to it: it is for one goroutine
// at a time.
type Report struct {
	Summary  Summary
	Services []Service // most flows first
	TimeWait []TimeWaitRecord
	Findings []GroupFinding // worst first

	run      *run
	flows    []flowRef // in stream order: those that are reported
	selected bool      // it is a selection: connections that were retired are not in it
	assumptions
}

// assumptions are the timers in ns and what else the records rest on.
type assumptions struct {
	timeWait, finTimeout, stuckAfter int64
	kernelDropped                    uint64
	controlOnly                      bool     // the capture is of SYN, FIN and RST only; known when a report is made
	platform                         platform // whose commands advice names
}

// flowRef finds a connection.
type flowRef struct {
	stream  int32
	shard   int16
	marked  bool // it is kept as an example of a finding
	entered bool // it is in its shard's book of those that are over: it is marked, or it would be gone
	flow    int32
}

// report makes the report of what was read.
func (r *run) report(names []string, dropped uint64, err error) *Report {
	rep := &Report{run: r, assumptions: r.assumptions(dropped)}
	rep.Summary = r.summary(names, dropped, err)
	rep.controlOnly = r.seeWhole()
	numbers := rank(r.shards)
	rep.flows = r.number(numbers)
	if r.opts.Only != nil {
		views, done := r.viewers()
		rep.flows = slices.DeleteFunc(rep.flows, func(ref flowRef) bool { return !r.opts.Only(rep.build(new(sheet), views[ref.shard], ref)) })
		done()
	}
	rep.count(numbers)
	return rep
}

// endBeyond is by how much the end of a capture may be later than its last packet: more is no disorder of a capture. A time in it is
// wrong, or a clock was set.
const endBeyond = 3600e9 // ns

// seeWhole lets all shards know what concerns the capture as a whole, whoever of them saw something else, and returns whether it is
// of SYN, FIN and RST only. Without a FIN that is not certain: a flood of forged SYNs leaves nothing else either. Nor is it certain
// that it has one direction only unless something acknowledges what was not captured: SYNs alone are what a host that answers nothing
// draws.
func (r *run) seeWhole() (controlOnly bool) {
	plain, fin, both := false, false, false
	for _, s := range r.shards {
		plain, fin, both = plain || s.sawPlain, fin || s.sawFIN, both || s.sawBothEnds
	}
	for _, s := range r.shards {
		s.controlOnly = !plain && fin
		s.oneWay = !both && (plain || fin)
		s.endInDoubt = r.end-r.latest > endBeyond
	}
	return !plain && fin
}

// assumptions returns what records rest on if the kernel has dropped so many packets.
func (r *run) assumptions(dropped uint64) assumptions {
	return assumptions{
		timeWait:      int64(r.assumed.TimeWait.Duration()),
		finTimeout:    int64(r.assumed.FINTimeout.Duration()),
		stuckAfter:    int64(r.assumed.StuckAfter.Duration()),
		kernelDropped: dropped,
		platform:      r.opts.platform(),
	}
}

// number gives all connections their stream numbers, in order of their first packets over all shards, and returns them
// in that order. SYNs that started nothing use up a number, as they do in Wireshark.
func (r *run) number(numbers []streams) []flowRef {
	n := 0
	for _, s := range r.shards {
		n += int(s.flows.Len())
	}
	refs := make([]flowRef, 0, n)
	for i, s := range r.shards {
		for j := int32(1); j <= s.flows.Len(); j++ {
			if f := s.flows.At(j); f.id != 0 {
				kept := f.flags&entered != 0
				refs = append(refs, flowRef{stream: numbers[i].of(f.birth), shard: int16(i), flow: j, marked: kept, entered: kept})
			}
		}
	}
	timeline.SortBy(refs, func(ref *flowRef) int64 { return int64(ref.stream) }, func(a, b flowRef) int { return 0 })
	return refs
}

// Flows yields the records of all reported connections in stream order; with Options.FindingsOnly, of those that were not over
// for long when the capture ended, and of [Examples] of each finding. A record is valid on its own: it may be kept.
func (r *Report) Flows() iter.Seq[*Flow] {
	return func(yield func(*Flow) bool) { r.records(true, yield) }
}

// Scan yields the records that Flows yields, each until the next one is asked for: they are written over one another. It is for
// who makes something of millions of records and keeps none, or a [Flow.Clone] of few.
func (r *Report) Scan() iter.Seq[*Flow] {
	return func(yield func(*Flow) bool) { r.records(false, yield) }
}

// Marked yields, like Flows, the records of examples of each finding of each severity among the reported connections: at
// least the [Examples] with the lowest stream numbers. Where there are many connections these are few, and the records of the
// others need not be made.
func (r *Report) Marked() iter.Seq[*Flow] {
	return func(yield func(*Flow) bool) {
		if r.run == nil {
			return
		}
		views, done := r.run.viewers()
		defer done()
		for _, ref := range r.flows {
			if ref.marked && !yield(r.build(new(sheet), views[ref.shard], ref)) {
				return
			}
		}
	}
}

// Flow returns the record of one stream.
func (r *Report) Flow(stream int) (*Flow, bool) {
	ref, ok := r.find(stream)
	if !ok {
		return nil, false
	}
	v := r.run.shards[ref.shard].viewer()
	defer v.close()
	return r.build(new(sheet), v, ref), true
}

func (r *Report) find(stream int) (flowRef, bool) {
	i, ok := slices.BinarySearchFunc(r.flows, stream, func(ref flowRef, n int) int { return cmp.Compare(int(ref.stream), n) })
	if !ok {
		return flowRef{}, false
	}
	return r.flows[i], true
}

// build makes the record of a connection that v looks at, on a sheet.
func (r *Report) build(room *sheet, v *viewer, ref flowRef) *Flow {
	f := v.at(ref.flow)
	v.s.concludeTo(&v.outcome, f, r.run.end)
	return v.s.recordOf(room, f, &v.outcome, int(ref.stream), r.run.end, &r.assumptions)
}

// viewers returns a viewer of each shard, and what closes them.
func (r *run) viewers() (all []*viewer, done func()) {
	for _, s := range r.shards {
		all = append(all, s.viewer())
	}
	return all, func() {
		for _, v := range all {
			v.close()
		}
	}
}

// Select returns the report reduced to the connections for which keep is true: services, findings and the verdict
// counts of the summary are those of the kept connections, its packet counts those of the capture. Of what
// Options.FindingsOnly does not keep nothing can be selected.
func (r *Report) Select(keep func(*Flow) bool) *Report {
	out := &Report{Summary: r.Summary, run: r.run, assumptions: r.assumptions, selected: true}
	if r.run == nil {
		return out
	}
	i := 0
	for f := range r.Flows() {
		if keep(f) {
			out.flows = append(out.flows, r.flows[i])
		}
		i++
	}
	out.count(rank(r.run.shards))
	return out
}

// Ladder returns the packets of a stream listed in Options.Trace, with both states after each.
func (r *Report) Ladder(stream int) ([]Rung, bool) {
	if r.run == nil || len(r.run.shards) != 1 {
		return nil, false
	}
	s := r.run.shards[0]
	steps, ok := s.traced[int32(stream)]
	ref, found := r.find(stream)
	if !ok || !found {
		return nil, false
	}
	v := s.viewer()
	defer v.close()
	return s.ladder(v.at(ref.flow), steps), true
}

// summary describes the capture as a whole.
func (r *run) summary(names []string, dropped uint64, err error) Summary {
	m := Summary{
		Files: names, Packets: r.frames, TCPPackets: r.tcp,
		LinkTypes: []string{}, NotDecoded: map[string]uint64{}, NotTCP: map[string]uint64{},
		KernelDropped: dropped, Codes: map[Code]int{}, Assumed: r.assumed, Damaged: damage(err), Version: version(),
	}
	if r.frames > 0 {
		start, end := at(r.first), at(r.end)
		m.Start, m.End = &start, &end
	}
	for _, l := range r.links {
		m.LinkTypes = append(m.LinkTypes, linkTypeName(l))
	}
	for o, n := range r.outcomes {
		if out := decode.Outcome(o); n > 0 && out.Failed() {
			m.NotDecoded[out.String()] = n
		} else if n > 0 {
			m.NotTCP[out.String()] = n
		}
	}
	if n := uint64(r.decoder.Incomplete()); n > 0 {
		m.NotDecoded[decode.FragmentIncomplete.String()] += n
		fragments := decode.Fragment.String()
		if m.NotTCP[fragments] -= min(n, m.NotTCP[fragments]); m.NotTCP[fragments] == 0 { // each packet is counted once
			delete(m.NotTCP, fragments)
		}
	}
	var bad uint64
	for _, s := range r.shards {
		m.CaptureDuplicates += s.duplicates
		m.FinishedEarly += s.bound.finished
		m.LatePackets += s.retired.late
		bad += s.badChecksums
	}
	if bad > 0 {
		m.NotDecoded["bad-tcp-checksum"] = bad
	}
	return m
}
