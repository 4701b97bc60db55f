package analyzer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"finscope/internal/capture"
	"finscope/internal/decode"
	"finscope/internal/due"
)

// ReadFile analyses one capture file; see [ReadFiles].
func ReadFile(ctx context.Context, name string, opts Options) (*Report, error) {
	return ReadFiles(ctx, []string{name}, opts)
}

// ReadFiles analyses several files as one capture, merged by time; "-" is standard input. Where an input could not be
// opened or was damaged, or ctx ended, the report covers what was read until then and the error says what happened: of
// a damaged input it names file, frame and byte offset. The report is nil only if the options are wrong.
func ReadFiles(ctx context.Context, names []string, opts Options) (*Report, error) {
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	src := capture.Open(names, capture.Options{Done: ctx.Done()})
	defer src.Close()
	err = r.read(ctx, src)
	r.close()
	if r.matcher != nil && r.matched == 0 && r.matcher.Err() != nil {
		return nil, r.matcher.Err() // it means nothing on the link type of the capture
	}
	return r.report(names, src.Drops(), err), err
}

// close gives back what only further packets would need: the report takes as much.
func (r *run) close() {
	for _, s := range r.shards {
		s.table, s.wheel = table{}, due.Wheel[entry]{}
	}
	r.batch, r.raws = nil, nil
}

// run is one reading of a capture: what is common to all shards.
type run struct {
	opts    Options
	assumed Assumed
	seed    uint64
	matcher *capture.Matcher
	decoder *decode.Decoder
	shards  []*shard
	raws    []capture.Packet // room for those that are read at a time
	batch   *batch           // the one being filled; nil: each packet is entered at once, as a Session does
	came    []returnedAt     // segments that were returned among the packets at hand
	look    uint64           // after how many frames the context is looked at next

	frames   uint64 // packets read: also the number of the latest frame
	matched  uint64 // those that the filter let through
	first    int64  // time of the first packet
	end      int64  // highest time of any packet
	latest   int64  // time of the latest packet, or what a session was told later
	tcp      uint64
	outcomes [decode.Outcomes]uint64
	pieces   pieces // for Options.Packet
	links    []uint16
	link     int // the latest of them; -1 before the first packet
}

// maxJobs is how many shards there are at most: more than that no machine makes use of, and each has tables of its own.
const maxJobs = 256

func newRun(opts Options) (*run, error) {
	assumed, err := opts.assumed()
	if err != nil {
		return nil, err
	}
	r := &run{opts: opts, assumed: assumed, seed: rand.Uint64(), decoder: decode.NewDecoder(), link: -1}
	if opts.Filter != "" {
		if r.matcher, err = capture.NewMatcher(opts.Filter); err != nil {
			return nil, err
		}
	}
	jobs := min(max(1, opts.Jobs), maxJobs)
	if len(opts.Trace) > 0 || opts.Packet != nil || opts.MaxFlows > 0 {
		jobs = 1 // only one shard knows stream numbers while it reads
	}
	m := newMachine()
	for range jobs {
		s := newShard(m, r.seed)
		s.births.alone = jobs == 1
		s.rules = opts.rules(&assumed)
		s.bound.max = opts.MaxFlows
		if opts.MaxFlows == 0 {
			s.foldBeyond = foldBeyond / jobs
		}
		if opts.FindingsOnly && opts.Only == nil && opts.Packet == nil && len(opts.Trace) == 0 {
			a := r.assumptions(0)
			s.retires(&a)
		}
		r.shards = append(r.shards, s)
	}
	if len(opts.Trace) > 0 {
		r.shards[0].traced = map[int32][]step{}
		r.shards[0].plain = true
		for _, stream := range opts.Trace {
			r.shards[0].traced[int32(stream)] = []step{}
		}
	}
	return r, nil
}

// progressEvery is how many packets pass between two looks at the context and calls of Options.Progress.
const progressEvery = 1 << 14

// read follows the packets of a source to its end.
func (r *run) read(ctx context.Context, src *capture.Reader) (err error) {
	r.raws = make([]capture.Packet, readAtOnce)
	fill := func(b *batch) (more bool) {
		r.batch = b
		err = r.fill(ctx, src)
		return err == nil
	}
	if len(r.shards) > 1 {
		byTurns(r.shards, fill)
	} else { // the reference
		b := newBatch(1)
		for more := true; more; b.clear() {
			more = fill(b)
			b.enter(r.shards[0], 0)
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// readAtOnce is how many packets are asked for at a time.
const readAtOnce = 64

// fill puts the packets of a source into the batch until it is full, or returns why there are no more: io.EOF where all is well.
func (r *run) fill(ctx context.Context, src *capture.Reader) error {
	for !r.batch.full() {
		if r.frames >= r.look {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.progress(src)
			r.look = r.frames + progressEvery
		}
		room := r.raws[:min(readAtOnce, r.look-r.frames)]
		if r.opts.Count > 0 {
			room = room[:min(uint64(len(room)), r.opts.Count-r.matched)]
			if len(room) == 0 {
				return io.EOF
			}
		}
		n, err := src.Fill(room)
		if err != nil {
			if err == io.EOF {
				r.progress(src)
			} else if ctx.Err() != nil { // a pipe that stays silent
				return ctx.Err()
			}
			return err
		}
		early, all := r.inTime(room[:n])
		if r.matcher == nil && r.opts.Packet == nil && len(early) > 0 {
			r.addAll(early)
		} else {
			for i := range early {
				if err := r.add(&early[i], &r.batch.next()[0]); err != nil {
					return err
				}
			}
		}
		if !all {
			return io.EOF
		}
	}
	return nil
}

// inTime returns those packets that come before Options.Duration has passed, and whether that is all of them.
func (r *run) inTime(raws []capture.Packet) (early []capture.Packet, all bool) {
	if r.opts.Duration <= 0 {
		return raws, true
	}
	r.begin(&raws[0])
	for i := range raws {
		if raws[i].Time-r.first > int64(r.opts.Duration) {
			return raws[:i], false
		}
	}
	return raws, true
}

// begin takes up the time of the first packet.
func (r *run) begin(raw *capture.Packet) {
	if r.frames == 0 {
		r.first, r.end = raw.Time, raw.Time
	}
}

// addAll is add for packets that nobody but their shards wants to see, at least one. Nearly all packets come this way: what
// add asks about the run is not asked again for each of them.
func (r *run) addAll(raws []capture.Packet) {
	r.begin(&raws[0])
	frame, end := r.frames, r.end
	room, n := r.batch.next(), 0
	for i := range raws {
		raw := &raws[i]
		frame++
		end = max(end, raw.Time)
		if int(raw.Link) != r.link {
			r.meet(raw.Link)
		}
		p := &room[n]
		if link := decode.LinkType(raw.Link); !decode.Plain(link, raw.Data, &p.seg) {
			out := r.decoder.Decode(link, raw.Data, raw.WireLen, raw.Time, &p.seg)
			if out != decode.TCP {
				r.outcomes[out]++
				if out == decode.ICMP || out == decode.ICMPv6 {
					r.noteReturned(frame, raw.Time, n)
				}
				continue
			}
		}
		p.frame, p.time = frame, raw.Time
		n++
	}
	r.tcp += uint64(n)
	r.batch.put(room[r.putReturned(room):n], r.seed)
	r.matched += frame - r.frames
	r.frames, r.end, r.latest = frame, end, raws[len(raws)-1].Time
}

// add counts a packet, decodes it and hands it to its shard. p is room for the segment: that of the batch if there is one,
// so that they are not copied.
func (r *run) add(raw *capture.Packet, p *packet) error {
	r.begin(raw)
	r.frames++
	r.end = max(r.end, raw.Time)
	r.latest = raw.Time
	if int(raw.Link) != r.link {
		r.meet(raw.Link)
	}
	if r.matcher != nil && !r.matcher.Match(raw) {
		return nil
	}
	r.matched++
	out := r.decoder.Decode(decode.LinkType(raw.Link), raw.Data, raw.WireLen, raw.Time, &p.seg)
	if out != decode.TCP {
		r.outcomes[out]++
		if out == decode.Fragment && r.opts.Packet != nil {
			r.pieces.keep(r.decoder.Datagram(), raw)
		}
		return r.addReturned(raw)
	}
	r.tcp++
	p.frame, p.time = r.frames, raw.Time
	if r.opts.Packet == nil && r.batch != nil {
		r.batch.put(r.batch.next()[:1], r.seed)
		return nil
	}
	s := r.shards[0]
	s.add(p, hashOf(&p.seg, r.seed))
	if r.opts.Packet == nil {
		return nil
	}
	return r.shown(r.show(int(s.current), p, raw))
}

// shown is what Options.Packet returned for the latest packet.
func (r *run) shown(err error) error {
	if err != nil {
		return fmt.Errorf("frame %d: %w", r.frames, err)
	}
	return nil
}

// meet takes up a link type that is not that of the packet before.
func (r *run) meet(link uint16) {
	r.link = int(link)
	if !slices.Contains(r.links, link) {
		r.links = append(r.links, link)
	}
}

func (r *run) progress(src *capture.Reader) {
	if r.opts.Progress == nil {
		return
	}
	var read, total int64
	known := true
	for _, p := range src.Progress() {
		read += p.Read
		total += p.Size
		known = known && p.Size >= 0
	}
	if !known {
		total = 0
	}
	r.opts.Progress(read, total, r.frames)
}

// damage describes the input that could not be read to its end, for the summary.
func damage(err error) *Damaged {
	var d *capture.Damage
	if !errors.As(err, &d) {
		return nil
	}
	return &Damaged{File: d.File, Frame: d.Frame, Error: d.Error()}
}
