package analyzer

import (
	"context"
	"math"
	"slices"
	"sync"

	"finscope/internal/capture"
	"finscope/internal/decode"
)

// Plain files are walked through by each shard for itself: a look at the ends of a packet that belongs to another one costs less
// than it would to hand its own over, decoded, from one processor to the next. Each reading counts all packets, and decodes and
// enters those of its shard. What carries its ends elsewhere than most (tunnels, fragments) is decoded by every reading, so that
// each has the fragments that it needs.

// abreast reads a capture that each shard has a reader for, all at once.
func (r *run) abreast(ctx context.Context, readers []*capture.Reader) (dropped uint64, err error) {
	p := newPace(len(readers))
	readings := make([]*run, len(readers))
	errs := make([]error, len(readers))
	var wg sync.WaitGroup
	for i, src := range readers {
		own := &run{opts: r.opts, seed: r.seed, decoder: decode.NewDecoder(), shards: r.shards[i : i+1], link: -1, pace: p, share: i}
		if i > 0 {
			own.opts.Progress = nil
		}
		readings[i] = own
		wg.Go(func() {
			defer src.Close() // the others do not wait for it any more
			defer p.leave(i)
			errs[i] = own.read(ctx, src)
		})
	}
	wg.Wait()
	r.join(readings)
	return readers[0].Drops(), errs[0] // all came to the same end
}

// join takes up what the readings of all shards counted.
func (r *run) join(readings []*run) {
	one := readings[0] // in this all agree
	r.frames, r.first, r.end, r.links, r.link, r.decoder = one.frames, one.first, one.end, one.links, one.link, one.decoder
	for _, own := range readings {
		r.tcp += own.tcp
		for out, n := range own.outcomes {
			r.outcomes[out] += n
		}
	}
}

// addShare is addAll for a reading among several, and at most readAtOnce packets.
func (r *run) addShare(raws []capture.Packet) {
	r.begin(&raws[0])
	var own [readAtOnce]candidate
	for _, c := range own[:r.pick(raws, &own)] {
		raw := &raws[c.index]
		link := decode.LinkType(raw.Link)
		p := r.feed.next()
		if !decode.Plain(link, raw.Data, &p.seg) {
			if out := r.decoder.Decode(link, raw.Data, raw.WireLen, raw.Time, &p.seg); out != decode.TCP {
				if c.known || r.share == 0 {
					r.outcomes[out]++
				}
				continue
			}
		}
		if !c.known {
			if c.hash = hashOf(&p.seg, r.seed); shardOf(c.hash, len(r.pace.looks)) != r.share {
				continue
			}
		}
		r.tcp++
		p.frame, p.time = r.frames+uint64(c.index)+1, raw.Time
		r.feed.put(c.hash)
	}
	r.frames += uint64(len(raws))
}

// candidate is a packet that may belong to a share: for certain, if its ends are known.
type candidate struct {
	hash  uint64 // of its ends, if known
	index int32  // among those that were read together
	known bool
}

// pick finds the packets that may belong to the share, and returns how many. It does not branch on whose a packet is, which
// cannot be predicted: that would take as long as all the rest.
func (r *run) pick(raws []capture.Packet, own *[readAtOnce]candidate) (n int) {
	shards, end := len(r.pace.looks), r.end
	for i := range raws {
		raw := &raws[i]
		end = max(end, raw.Time)
		if int(raw.Link) != r.link {
			r.meet(raw.Link)
		}
		src, dst, srcPort, dstPort, known := decode.Ends(decode.LinkType(raw.Link), raw.Data)
		h := hashEnds(src.Hi, src.Lo, srcPort, dst.Hi, dst.Lo, dstPort, r.seed)
		own[n%readAtOnce] = candidate{h, int32(i), known}
		n += btoi(shardOf(h, shards) == r.share) | btoi(!known)
	}
	r.end = end
	return n
}

// pace sees to it that all readings of a capture stop at the same packet, if they are to stop before its end.
type pace struct {
	mu    sync.Mutex
	looks []uint64 // how often each reading has come by: every progressEvery packets
	stop  uint64   // the look with which all stop; 0: they do not
	err   error    // why
}

// left stands for the looks of a reading that has ended.
const left = math.MaxUint64

func newPace(readings int) *pace { return &pace{looks: make([]uint64, readings)} }

// look is where reading i comes by. It returns why the reading is to stop, if it is.
func (p *pace) look(ctx context.Context, i int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks[i]++
	// No reading has come past the look after the latest one. Where one has read all, the others soon have.
	if last := slices.Max(p.looks); ctx.Err() != nil && p.stop == 0 && last != left {
		p.stop, p.err = last+1, ctx.Err()
	}
	if p.stop != 0 && p.looks[i] >= p.stop {
		return p.err
	}
	return nil
}

// leave is where reading i ends.
func (p *pace) leave(i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks[i] = left
}
