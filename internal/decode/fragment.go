package decode

type fragmentKey struct {
	src, dst Addr
	id       uint32
	proto    uint8
}

type fragments struct{}

func (d *Decoder) fragment(key fragmentKey, proto uint8, offset int, last bool, b []byte, wire int, seg *Segment) Outcome {
	return FragmentIncomplete
}
