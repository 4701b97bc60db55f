package report

// style is what a piece of text means; a Palette says how that looks.
type style uint8

const (
	plain   style = iota
	heading       // section titles and column heads
	bad           // severity error
	rst           // verdicts that a RST brought about
	warn          // severity warning, connections that are stuck
	faint         // what one may skip

	numStyles
)

// Palette holds the SGR sequence of each style. The zero value draws without colour.
type Palette [numStyles]string

// ANSI is the palette for terminals: the eight basic colours, which every terminal theme makes readable on its own
// background. RST is red, as Wireshark users expect it.
func ANSI() Palette {
	return Palette{heading: "\x1b[1m", bad: "\x1b[1;31m", rst: "\x1b[31m", warn: "\x1b[33m", faint: "\x1b[2m"}
}

const sgrReset = "\x1b[0m"

// paint appends s in the given style. The text itself never depends on the palette.
func (p *Palette) paint(b []byte, st style, s string) []byte {
	if p[st] == "" || s == "" {
		return append(b, s...)
	}
	b = append(b, p[st]...)
	b = append(b, s...)
	return append(b, sgrReset...)
}
