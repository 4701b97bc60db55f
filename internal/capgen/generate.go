package capgen

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"finscope/internal/decode"
)

// The range of client ports: Linux's default (ip_local_port_range).
const (
	firstPort = 32768
	numPorts  = 60999 - firstPort + 1
)

// maxPackets is what a connection's script can count, with room for its ending.
const maxPackets = 65_000

// Options says what to generate. The same options give the same bytes.
type Options struct {
	Seed        uint64
	Connections int
	Open        int           // connections between their first and last packet at a time
	Packets     int           // of a connection that closes with four segments; other closes take more or fewer
	Snaplen     int           // octets kept of each packet; 0 keeps everything
	Payload     int           // octets in each data segment
	Lifetime    time.Duration // about how long a connection lasts, retransmissions aside
	Rate        int           // connections started a second; 0 starts one whenever another is over
	Clients     int           // client hosts; each uses its ports in order
	Services    []Service
	Mix         []Share
	MidStream   int // connections per mille whose opening was not captured
	Resent      int // connections per mille with a data segment sent twice

	// Each, if set, is called when a connection starts.
	Each func(Connection)
}

// Service is a server that connections go to.
type Service struct {
	Addr   string
	Port   uint16
	Weight int
}

// Share is how often connections end in a certain way: Weight in the sum of all weights.
type Share struct {
	Close  Close
	Closer Party
	Weight int
}

func (o *Options) check() error {
	switch {
	case o.Connections < 0 || o.Packets < 0 || o.Rate < 0 || o.MidStream < 0 || o.Resent < 0 || o.Snaplen < 0:
		return fmt.Errorf("negative option")
	case o.Packets > maxPackets:
		return fmt.Errorf("%d packets in a connection; at most %d", o.Packets, maxPackets)
	case o.Open < 1 || o.Open > 1<<30:
		return fmt.Errorf("%d connections open at a time; at least 1", o.Open)
	case o.Clients < 1 || o.Clients > 1<<22:
		return fmt.Errorf("%d clients; 1 to %d", o.Clients, 1<<22)
	case o.Open > o.Clients*numPorts:
		return fmt.Errorf("%d connections open at a time need more than %d clients", o.Open, o.Clients)
	case o.Payload < 1 || o.Payload > 65000:
		return fmt.Errorf("payload of %d octets; 1 to 65000", o.Payload)
	case o.Lifetime < time.Microsecond:
		return fmt.Errorf("lifetime of %v; at least 1µs", o.Lifetime)
	}
	services, closes := 0, 0
	for _, s := range o.Services {
		services += s.Weight
	}
	for _, s := range o.Mix {
		closes += s.Weight
	}
	if services < 1 || closes < 1 {
		return fmt.Errorf("no services or no mix of closes")
	}
	return nil
}

// Generate writes a capture as a pcap file to w and returns what is in it. Once more connections than Clients has ports
// have been made, 4-tuples are used again, each with higher sequence numbers and timestamps than before.
func Generate(w io.Writer, o Options) (Truth, error) {
	g, err := newGenerator(o)
	if err != nil {
		return Truth{}, fmt.Errorf("generating a capture: %w", err)
	}
	out := NewWriter(w, o.Snaplen)
	err = g.run(out)
	g.truth.Bytes = out.Written()
	return g.truth, err
}

// generator is one run. Each slot carries one connection at a time.
type generator struct {
	o        Options
	rng      *rand.PCG
	wheel    *wheel
	slots    []conn
	services []service
	scripts  [numCloses]script
	truth    Truth
	tickets  int   // starts that have been scheduled
	open     int   // connections that have started and not ended
	think    int64 // mean time between what applications do
	rtt      int64 // mean round trip time
	seg      decode.Segment
}

type script struct{ opening, ending []move }

type service struct {
	addr decode.Addr
	port uint16
}

func newGenerator(o Options) (*generator, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	open := min(o.Open, max(o.Connections, 1))
	life := int64(o.Lifetime)
	g := &generator{
		o:     o,
		rng:   rand.NewPCG(o.Seed, 0),
		wheel: newWheel(open, life/int64(max(o.Packets, 9))),
		slots: make([]conn, open),
		think: 2 * life / int64(2*(exchanged(o.Packets)/2)+3),
		rtt:   min(life/50, int64(20*time.Millisecond)),
	}
	for _, s := range o.Services {
		addr, err := netip.ParseAddr(s.Addr)
		if err != nil {
			return nil, err
		}
		g.services = append(g.services, service{decode.AddrFrom(addr), s.Port})
	}
	for c := range g.scripts {
		g.scripts[c] = script{Close(c).opening(), Close(c).ending()}
	}
	return g, nil
}

// exchanged returns how many packets lie between opening and close.
func exchanged(packets int) int { return max(packets-7, 0) }

// epoch is where the time of every capture begins.
func epoch() int64 { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano() }

func (g *generator) run(out *Writer) error {
	base := epoch()
	for slot := range g.slots {
		g.start(int32(slot), 0)
	}
	for {
		slot, now, ok := g.wheel.next()
		if !ok {
			return out.Flush()
		}
		if out.err != nil {
			return out.err
		}
		c := &g.slots[slot]
		if !c.running {
			g.begin(c, now)
		}
		g.play(c, now)
		out.Write(base+now, &g.seg)
		g.note(base + now)
		if c.next++; c.next < c.moves {
			g.wheel.add(slot, now+g.delay(c))
			continue
		}
		c.running = false
		g.open--
		g.start(slot, now)
	}
}

// start schedules the next connection for a slot that has become free. The first ones spread over half a lifetime: a
// million connections do not start at once.
func (g *generator) start(slot int32, now int64) {
	if g.tickets == g.o.Connections {
		return
	}
	at := now
	switch {
	case g.o.Rate > 0:
		at = max(now, int64(g.tickets)*int64(time.Second)/int64(g.o.Rate))
	case g.tickets < len(g.slots):
		at = int64(g.o.Lifetime) / 2 * int64(g.tickets) / int64(len(g.slots))
	}
	g.tickets++
	g.wheel.add(slot, at)
}

// note accounts for the packet just written.
func (g *generator) note(time int64) {
	if g.truth.Packets == 0 {
		g.truth.Start = time
	}
	g.truth.Packets++
	g.truth.End = time
}

// below returns a number in [0, n). It is biased by less than 2^-31 for the small n it is used with.
func (g *generator) below(n int64) int64 {
	return int64(g.rng.Uint64() >> 1 % uint64(max(n, 1)))
}

// pick returns an index with the probability of its weight.
func pick[T any](g *generator, from []T, weight func(*T) int) int {
	total := 0
	for i := range from {
		total += weight(&from[i])
	}
	n := int(g.below(int64(total)))
	for i := range from {
		if n -= weight(&from[i]); n < 0 {
			return i
		}
	}
	return 0
}
