// Package decode turns the bytes of one captured packet into one TCP segment, by value: addresses, ports, flags,
// numbers and the options that tell how a connection ends. No packet bytes are kept.
package decode
