package pkttest

// maxBurst bounds the packets of a burst that are permuted: 6 packets have at most 20 interleavings.
const maxBurst = 6

// Orders returns the capture orders in which the facts of a script should not take an interest: for each burst (the last
// packets of it, if it is long), every interleaving of the two directions that keeps the order within each. The order as
// sent is not among them. Elements are indices of captured packets, for [Variant.Order].
func (s *Script) Orders() [][]int {
	if s.Ordered != "" {
		return nil
	}
	var sides []Side // of the captured packets
	var bursts []int // index of the first captured packet of each burst
	for i := range s.Packets {
		p := &s.Packets[i]
		if p.Pause || i == 0 {
			bursts = append(bursts, len(sides))
		}
		if !p.Lost {
			sides = append(sides, p.Side)
		}
	}
	opening, _ := s.opening()
	var out [][]int
	for i, from := range bursts {
		to := len(sides)
		if i+1 < len(bursts) {
			to = bursts[i+1]
		}
		from = max(from, to-maxBurst, opening)
		if to-from < 2 {
			continue
		}
		for _, middle := range interleavings(sides[from:to]) {
			order := make([]int, 0, len(sides))
			for j := range from {
				order = append(order, j)
			}
			for _, j := range middle {
				order = append(order, from+j)
			}
			for j := to; j < len(sides); j++ {
				order = append(order, j)
			}
			out = append(out, order)
		}
	}
	return out
}

// interleavings returns the orders of a burst that keep the order within each direction, without the one it has.
func interleavings(sides []Side) [][]int {
	var of [2][]int
	for i, s := range sides {
		of[s] = append(of[s], i)
	}
	var out [][]int
	var grow func(order []int, l, r int)
	grow = func(order []int, l, r int) {
		if l == len(of[Left]) && r == len(of[Right]) {
			for i, j := range order {
				if i != j {
					out = append(out, append([]int(nil), order...))
					return
				}
			}
			return
		}
		if l < len(of[Left]) {
			grow(append(order, of[Left][l]), l+1, r)
		}
		if r < len(of[Right]) {
			grow(append(order, of[Right][r]), l, r+1)
		}
	}
	grow(nil, 0, 0)
	return out
}
