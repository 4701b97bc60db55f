package report

import (
	"io"
	"strings"
	"unicode/utf8"
)

// pageWidth is where prose is wrapped. Tables are as wide as their content: cutting an address would cost more than a
// long line does.
const pageWidth = 120

// page writes styled lines and remembers the first error, after which it writes nothing more.
type page struct {
	w       io.Writer
	palette Palette
	buf     []byte
	column  int // of the line under construction
	err     error
}

// cell is a piece of a line.
type cell struct {
	text  string
	style style
}

func text(s string) cell             { return cell{text: s} }
func styled(st style, s string) cell { return cell{s, st} }

func (p *page) put(c cell) {
	p.buf = p.palette.paint(p.buf, c.style, c.text)
	p.column += width(c.text)
}

// tab moves to a column, or by nothing if the line is past it already.
func (p *page) tab(column int) {
	for ; p.column < column; p.column++ {
		p.buf = append(p.buf, ' ')
	}
}

// end finishes the line and hands it to the writer.
func (p *page) end() {
	p.buf = append(p.buf, '\n')
	if p.err == nil {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf, p.column = p.buf[:0], 0
}

func (p *page) line(cells ...cell) {
	for _, c := range cells {
		p.put(c)
	}
	p.end()
}

// prose writes s from the current column on, with the lines after the first indented to the same column.
func (p *page) prose(s string, st style) {
	from := p.column
	for i, l := range wrap(s, max(pageWidth-from, 40)) {
		if i > 0 {
			p.end()
			p.tab(from)
		}
		p.put(cell{l, st})
	}
}

func width(s string) int { return utf8.RuneCountInString(s) }

// wrap breaks s at spaces into lines of at most n runes; a longer word stands alone on its line.
func wrap(s string, n int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		switch w := width(word); {
		case used == 0:
			line, used = word, w
		case used+1+w <= n:
			line, used = line+" "+word, used+1+w
		default:
			lines = append(lines, line)
			line, used = word, w
		}
	}
	return append(lines, line)
}
