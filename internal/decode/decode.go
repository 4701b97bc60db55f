package decode

// Outcome says what became of one captured packet.
type Outcome uint8

// LinkType is a LINKTYPE_ number as capture files carry it (https://www.tcpdump.org/linktypes.html).
type LinkType uint16
