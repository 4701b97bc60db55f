package report

// align says on which side of its column a cell stands.
type align uint8

const (
	left align = iota
	right
)

// table lays out rows of cells in columns as wide as their widest cell, two spaces apart. The text of the last column
// is wrapped if it is left-aligned.
type table struct {
	head   []string
	aligns []align
	rows   [][]cell
}

func (t *table) add(row ...cell) { t.rows = append(t.rows, row) }

// dropLast leaves out the last column, in which no row has anything.
func (t *table) dropLast() {
	last := len(t.head) - 1
	t.head, t.aligns = t.head[:last], t.aligns[:last]
	for i := range t.rows {
		t.rows[i] = t.rows[i][:last]
	}
}

func (t *table) write(p *page) {
	widths := make([]int, len(t.aligns))
	for i, h := range t.head {
		widths[i] = width(h)
	}
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], width(c.text))
		}
	}
	if t.head != nil {
		row := make([]cell, len(t.head))
		for i, h := range t.head {
			row[i] = styled(heading, h)
		}
		t.writeRow(p, widths, row)
	}
	for _, row := range t.rows {
		t.writeRow(p, widths, row)
	}
}

func (t *table) writeRow(p *page, widths []int, row []cell) {
	for len(row) > 0 && row[len(row)-1].text == "" { // no trailing blanks
		row = row[:len(row)-1]
	}
	from := 0
	for i, c := range row {
		switch {
		case t.aligns[i] == right:
			p.tab(from + widths[i] - width(c.text))
			p.put(c)
		case i == len(t.aligns)-1:
			p.tab(from)
			p.prose(c.text, c.style)
		default:
			p.tab(from)
			p.put(c)
		}
		from += widths[i] + 2
	}
	p.end()
}
