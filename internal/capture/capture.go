package capture

// Packet is one captured packet.
type Packet struct {
	Time    int64  // nanoseconds since the Unix epoch
	Data    []byte // what the capture kept; valid until the next call of Next
	WireLen int    // length on the wire in octets; at least len(Data) in a sane file
	Link    uint16 // LINKTYPE_ number of the interface
}

// A Source yields packets in the order of the capture.
type Source interface {
	// Next stores the next packet in p. At the end it returns io.EOF; a *Damage (errors.As) after everything that
	// could be read before the damage has been returned.
	Next(p *Packet) error
	// Close releases what the source holds. Packets returned before are invalid afterwards.
	Close() error
}

// Damage is an input that could not be opened or that broke off; its text names the file, the frame and the byte offset
// and says what to do.
type Damage struct {
	File   string // as the user named it; "-" is standard input
	Frame  uint64 // the frame that could not be read, counted in this file from 1; 0 if the file header is at fault
	Offset int64  // byte offset of that record in the (decompressed) input
	Err    error  // what is wrong with it
}

func (d *Damage) Error() string { return d.File + ": " + d.Err.Error() }

// Unwrap returns what is wrong with the input.
func (d *Damage) Unwrap() error { return d.Err }
